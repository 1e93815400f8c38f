//! `onboarding_email`: an address for an account without one (spec 02, section 5.15).

use inkan_flow::{Input, InputError, Inputs, Rejection};
use inkan_mail::MailKind;

use crate::{
    accounts::email,
    flows::{Action, Failure, Outcome, Screen, State, Step, always, no_inputs, run_fn},
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::OnboardingEmail,
    enter: None,
    show: None,
    actions: &[
        Action {
            name: "email_address_set",
            description: "Add an email address.",
            offered: always,
            inputs: |view| {
                let email = &view.config.email;
                vec![Input::email("email").max(email.max_length).required(!email.optional).preserved()]
            },
            prepare: None,
            run: run_fn!(email_address_set),
            leads_to: &[
                State::PasscodeConfirmation,
                State::CredentialOnboardingChooser,
                State::OnboardingCreatePasskey,
                State::PasswordCreation,
                State::DeviceTrust,
                State::Success,
            ],
        },
        Action {
            name: "skip",
            description: "Go on without an email address.",
            offered: |view| view.config.email.optional,
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(skip),
            leads_to: &[State::Success],
        },
    ],
};

async fn email_address_set(step: &mut Step<'_, '_>, inputs: &Inputs) -> Result<Outcome, Failure> {
    let address = inputs.text("email").to_owned();
    if address.is_empty() {
        // Optional means that the step can be skipped, not that nothing can be set (L28).
        return Ok(Outcome::Reject(Rejection::input("email", InputError::missing())));
    }
    if let Err(error) = email::check(&address) {
        return Ok(Outcome::Reject(Rejection::input("email", error)));
    }
    step.ask_account().await?;
    let taken = step.tx.emails().ask_by_address(&address).await?;
    let account = match step.proven_account().await? {
        Ok(account) => account,
        Err(outcome) => return Ok(outcome),
    };
    if !account.emails.is_empty() {
        // Got one meanwhile, in another flow (spec 02, L4).
        return Ok(Outcome::go_for_good([]));
    }
    let taken = step.tx.answer(taken).await?.is_some();
    if step.config().email.require_verification {
        let data = step.data();
        data.passcode_kind =
            Some(if taken { MailKind::EmailRegistrationAttempted } else { MailKind::EmailVerification });
        data.new_address = Some(address);
        return Ok(Outcome::go([State::PasscodeConfirmation]));
    }
    if taken {
        return Ok(Outcome::Reject(Rejection::input("email", InputError::email_exists())));
    }
    email::add(step, &account, &address, email::Proof::None).await?;
    Ok(Outcome::go_for_good([]))
}

async fn skip(_: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(Outcome::go([]))
}
