//! `passcode_confirmation`: the code from the mail (spec 02, sections 5.6 and 8; spec 03, section 5).

use inkan_flow::{FlowError, Input, InputError, Inputs, Rejection};
use inkan_mail::MailKind;
use inkan_store::{Account, Email, Question};

use crate::{
    accounts::{
        email,
        passcode::{self, Guess},
    },
    events::Event,
    flows::{
        Action, BACK, Failure, FlowKind, LoginMethod, Outcome, Proof, Screen, State, Step, always, enter,
        login::{AFTER_CODE, first_factor_proven, onward},
        no_inputs, run_fn,
    },
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::PasscodeConfirmation,
    enter: Some(enter!(send_on_entry)),
    show: None,
    actions: &[
        Action {
            name: "verify_passcode",
            description: "Enter the code from the mail.",
            offered: always,
            inputs: |_| vec![Input::text("code").required(true).min(6).max(6).lengths_as_hints()],
            prepare: Some(run_fn!(passcode::take_from_budgets)),
            run: run_fn!(verify_passcode),
            leads_to: AFTER_CODE,
        },
        Action {
            name: "resend_passcode",
            description: "Send a new code.",
            offered: always,
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(resend_passcode),
            leads_to: &[],
        },
        BACK,
    ],
};

/// Entering sends a code, unless a valid one is under way to the same address. Costs a token either way.
async fn send_on_entry(step: &mut Step<'_, '_>) -> Result<(), Failure> {
    if let Err(refused) = passcode::take_mail(step)? {
        let rejection = Rejection::from(refused);
        step.out.error = Some(rejection.error);
        step.out.payload.extend(rejection.payload);
        return Ok(());
    }
    if !passcode::is_under_way(step).await? {
        passcode::send(step).await?;
    }
    Ok(())
}

/// Always a new code; the old one is dead. Costs one token (spec 02, L10).
async fn resend_passcode(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    if let Err(refused) = passcode::take_mail(step)? {
        return Ok(Outcome::Reject(refused.into()));
    }
    passcode::send(step).await?;
    Ok(Outcome::Stay)
}

async fn verify_passcode(step: &mut Step<'_, '_>, inputs: &Inputs) -> Result<Outcome, Failure> {
    let invalid = || Rejection::input("code", InputError::passcode_invalid());
    let taken = ask_ahead(step).await?;
    let (reason, rejection) = match passcode::guess(step, inputs.text("code")).await? {
        Guess::Right => return confirmed(step, taken).await,
        Guess::Gone => ("passcode expired or unknown", invalid()),
        Guess::Wrong => ("wrong passcode", invalid()),
        Guess::Exhausted => {
            let rejection = Rejection::flow(FlowError::PasscodeMaxAttemptsReached);
            ("passcode entered wrong too many times", rejection)
        }
    };
    // A code for an address that is being added is no attempt to sign in (spec 02, L31).
    if step.flow == FlowKind::Login && step.progress.data.new_address.is_none() {
        let user = step.progress.data.user;
        step.record(Event::LoginFailed { user, method: LoginMethod::Passcode, reason }).await?;
    }
    Ok(Outcome::Reject(rejection))
}

/// An address that is being added, if an account has it.
type Taken = Option<Question<Option<Email>>>;

/// Asks for what a right code leads to, so that it comes along with the code; the same for every code, right or wrong.
async fn ask_ahead(step: &mut Step<'_, '_>) -> Result<Taken, Failure> {
    if step.flow == FlowKind::Registration {
        return Ok(None);
    }
    step.ask_account().await?;
    Ok(match &step.progress.data.new_address {
        Some(address) => Some(step.tx.emails().ask_by_address(address).await?),
        None => None,
    })
}

/// The code was right: what it proves depends on what it was sent for.
async fn confirmed(step: &mut Step<'_, '_>, taken: Taken) -> Result<Outcome, Failure> {
    let kind = step.progress.data.passcode_kind;
    if step.progress.data.user.is_none() || kind == Some(MailKind::EmailRegistrationAttempted) {
        return Ok(not_permitted());
    }
    if step.flow == FlowKind::Registration {
        step.data().email_verified = true;
        return Ok(onward(step, [], false));
    }
    let Some(account) = step.locked_account().await? else { return Ok(not_permitted()) };
    match (step.progress.data.new_address.clone(), taken) {
        (Some(address), Some(taken)) => {
            let taken = step.tx.answer(taken).await?.is_some();
            confirm_new_address(step, address, taken).await
        }
        _ => confirm_login(step, &account).await,
    }
}

async fn confirm_new_address(
    step: &mut Step<'_, '_>,
    address: String,
    taken: bool,
) -> Result<Outcome, Failure> {
    // A second factor that was set up meanwhile is asked for first; then comes a new code, this one is used up.
    let account = match step.proven_account().await? {
        Ok(account) => account,
        Err(outcome) => return Ok(outcome),
    };
    if taken {
        return Ok(not_permitted());
    }
    email::add(step, &account, &address, email::Proof::Passcode).await?;
    step.data().new_address = None;
    Ok(onward(step, [], false))
}

async fn confirm_login(step: &mut Step<'_, '_>, account: &Account) -> Result<Outcome, Failure> {
    let address = step.progress.data.address.clone().unwrap_or_default();
    // The address may have left the account since the mail was sent; then the code proves nothing about it (L2).
    let Some(owned) = account.emails.iter().find(|email| email.address == address) else {
        return Ok(not_permitted());
    };
    if !owned.verified {
        step.tx.emails().set_verified(owned.id, step.cx.now).await?;
        step.account_changed();
    }
    if step.progress.data.login_method != Some(LoginMethod::Passcode) {
        step.record(Event::EmailVerified { user: account.user.id, address: &address }).await?;
    }
    step.data().email_verified = true;
    first_factor_proven(step, account, Proof { address: Some(address), ..Proof::default() }).await
}

fn not_permitted() -> Outcome {
    Outcome::Reject(Rejection::flow(FlowError::OperationNotPermitted))
}
