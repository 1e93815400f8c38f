//! `registration_init`: who wants to register (spec 03, sections 4.2 to 4.5).

use inkan_base::UserId;
use inkan_flow::{Input, InputError, Inputs, Rejection};
use inkan_mail::MailKind;

use super::remember_me::REMEMBER_ME;
use crate::{
    accounts::{email, taken, username},
    flows::{
        Action, Failure, Outcome, Screen, State, Step, View, limited, login::onward,
        registration::steps_after_identifiers, run_fn,
    },
    limits::Operation,
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::RegistrationInit,
    enter: None,
    show: None,
    actions: &[
        Action {
            name: "register_login_identifier",
            description: "Enter an identifier to register.",
            offered: |view| {
                view.config.account.allow_signup && (asks_for_email(view) || asks_for_username(view))
            },
            inputs,
            prepare: limited!(Operation::Identify),
            run: run_fn!(register_login_identifier),
            leads_to: &[
                State::PasscodeConfirmation,
                State::CredentialOnboardingChooser,
                State::OnboardingCreatePasskey,
                State::PasswordCreation,
                State::MfaMethodChooser,
                State::Success,
                State::Error,
            ],
        },
        REMEMBER_ME,
    ],
};

const fn asks_for_email(view: &View<'_>) -> bool {
    view.config.email.enabled && view.config.email.acquire_on_registration
}

const fn asks_for_username(view: &View<'_>) -> bool {
    view.config.username.enabled && view.config.username.acquire_on_registration
}

fn inputs(view: &View<'_>) -> Vec<Input> {
    let mut inputs = Vec::new();
    if asks_for_email(view) {
        let email = &view.config.email;
        inputs.push(Input::email("email").max(email.max_length).required(!email.optional));
    }
    if asks_for_username(view) {
        let username = &view.config.username;
        let input = Input::text("username").normalised().min(username.min_length).max(username.max_length);
        inputs.push(input.required(!username.optional));
    }
    inputs
}

async fn register_login_identifier(step: &mut Step<'_, '_>, inputs: &Inputs) -> Result<Outcome, Failure> {
    let given = |name: &str| Some(inputs.text(name).to_owned()).filter(|text| !text.is_empty());
    let (address, name) = (given("email"), given("username"));
    if let Some(rejection) = check(step, address.as_deref(), name.as_deref()) {
        return Ok(Outcome::Reject(rejection));
    }
    let (address_taken, name_taken) = taken(step.tx, address.as_deref(), name.as_deref()).await?;
    if name_taken {
        return Ok(Outcome::Reject(Rejection::input("username", InputError::username_exists())));
    }
    if let Some(error) = address.as_deref().and_then(|address| email::check(address).err()) {
        return Ok(Outcome::Reject(Rejection::input("email", error)));
    }
    step.data().username = name;
    step.data().address.clone_from(&address);
    // Before it matters what was looked up, so that the answer tells nothing about accounts.
    let next = match steps_after_identifiers(step.config(), &step.progress.data) {
        Ok(next) => next,
        Err(error) => return Ok(Outcome::Fail(error)),
    };
    if address.is_some() {
        let taken = address_taken;
        let privacy =
            step.config().email.require_verification && !step.config().privacy.show_account_existence_hints;
        if taken && !privacy {
            return Ok(Outcome::Reject(Rejection::input("email", InputError::email_exists())));
        }
        if taken {
            // Looks like a free address; the mail says that there is an account already (section 4.4).
            step.data().passcode_kind = Some(MailKind::EmailRegistrationAttempted);
            return Ok(Outcome::go([State::PasscodeConfirmation]));
        }
        step.data().passcode_kind = Some(MailKind::EmailVerification);
    }
    step.data().user = Some(UserId::random(step.app.rng.as_ref()));
    // Adding a second factor is judged after the first of these steps; here only if there is none (section 4.5, step 3).
    Ok(match next.as_slice() {
        [State::Success] => onward(step, next, true),
        _ => Outcome::go(next),
    })
}

/// At least one identifier, a well-formed user name.
fn check(step: &Step<'_, '_>, address: Option<&str>, name: Option<&str>) -> Option<Rejection> {
    if address.is_none() && name.is_none() {
        let view = View { config: &step.app.config, flow: step.flow, progress: &step.progress };
        let error = || InputError::invalid().because("At least one of the identifiers is required.");
        let asked = [("email", asks_for_email(&view)), ("username", asks_for_username(&view))];
        let errors = asked.into_iter().filter(|(_, asked)| *asked).map(|(name, _)| (name, error())).collect();
        return Some(Rejection::inputs(errors));
    }
    let refused = name.is_some_and(|name| !username::is_valid(name));
    refused.then(|| Rejection::input("username", InputError::invalid_username()))
}
