//! `login_otp`: the second factor is a one-time password of an authenticator app (spec 02, section 5.10).

use inkan_base::UserId;
use inkan_crypto::TotpVerdict;
use inkan_flow::{FlowError, Input, InputError, Inputs, Rejection};

use crate::{
    accounts::{otp, recovery_code, second_factor},
    events::Event,
    flows::{
        Action, Failure, MfaMethod, Outcome, Preparation, Prepared, Screen, SecondProof, State, Step, always,
        login::onward, no_inputs, run_fn, schedule,
    },
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::LoginOtp,
    enter: None,
    show: None,
    actions: &[
        Action {
            name: "otp_code_validate",
            description: "Enter the code of the authenticator app.",
            offered: always,
            inputs: |_| vec![Input::text("otp_code").required(true).min(6).max(6).lengths_as_hints()],
            prepare: Some(run_fn!(take_from_client)),
            run: run_fn!(validate),
            leads_to: AFTER,
        },
        Action {
            name: "continue_to_login_security_key",
            description: "Use a security key instead.",
            offered: |view| {
                schedule::security_keys_here(view.config, view.data()) && view.data().owned.security_key
            },
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(to_security_key),
            leads_to: &[State::LoginSecurityKey],
        },
        RECOVERY_CODE,
    ],
};

/// What comes after the second factor.
const AFTER: &[State] = &[
    State::LoginPasswordRecovery,
    State::OnboardingUsername,
    State::OnboardingEmail,
    State::CredentialOnboardingChooser,
    State::OnboardingCreatePasskey,
    State::PasswordCreation,
    State::DeviceTrust,
    State::Success,
];

/// For somebody who lost the second factor: a code that was handed out when it was set up.
pub(crate) const RECOVERY_CODE: Action = Action {
    name: "recovery_code",
    description: "Use a recovery code instead.",
    offered: |view| view.config.mfa.recovery_codes.enabled && view.data().owned.recovery_codes,
    inputs: |_| vec![Input::text("recovery_code").required(true).max(64)],
    prepare: Some(run_fn!(take_from_client)),
    run: run_fn!(recover),
    leads_to: AFTER,
};

/// The budget of the client, before anything else.
async fn take_from_client(prepare: &mut Preparation<'_>, _: &Inputs) -> Result<Prepared, Failure> {
    let user = prepare.progress.data.user.map(|user| user.to_string()).unwrap_or_default();
    Ok(match prepare.app.limits.take(prepare.cx, crate::limits::Operation::Otp, &user) {
        Ok(()) => Prepared::Ready,
        Err(refused) => Prepared::Refused(refused.into()),
    })
}

async fn validate(step: &mut Step<'_, '_>, inputs: &Inputs) -> Result<Outcome, Failure> {
    let Some(user) = step.progress.data.user else { return Ok(not_permitted()) };
    let method = MfaMethod::Totp;
    // All of it is asked at once.
    step.ask_account().await?;
    let guess = second_factor::ask_guess(step, user, method).await?;
    let secret = step.tx.otp_secrets().ask(user).await?;
    let account = step.first_proven_account().await?;
    let (Some(_), Some(secret)) = (account, step.tx.answer(secret).await?) else {
        return Ok(not_permitted());
    };
    if let Err(refused) = second_factor::take_guess(step, guess).await? {
        return Ok(Outcome::Reject(refused.into()));
    }
    match otp::check(step, &secret, inputs.text("otp_code")).await? {
        TotpVerdict::Accepted { .. } => {
            second_factor::give_back(step, user, method).await?;
            Ok(proven(step, SecondProof::Totp(secret.id)))
        }
        TotpVerdict::Wrong => {
            refuse(step, user, "otp_code", InputError::passcode_invalid(), "wrong code").await
        }
        TotpVerdict::Replayed => {
            refuse(step, user, "otp_code", InputError::code_used(), "code used before").await
        }
    }
}

async fn recover(step: &mut Step<'_, '_>, inputs: &Inputs) -> Result<Outcome, Failure> {
    let Some(user) = step.progress.data.user else { return Ok(not_permitted()) };
    let method = MfaMethod::RecoveryCode;
    step.ask_account().await?;
    let guess = second_factor::ask_guess(step, user, method).await?;
    if step.first_proven_account().await?.is_none() {
        return Ok(not_permitted());
    }
    if let Err(refused) = second_factor::take_guess(step, guess).await? {
        return Ok(Outcome::Reject(refused.into()));
    }
    if !recovery_code::redeem(step, user, inputs.text("recovery_code")).await? {
        let error = InputError::passcode_invalid();
        step.record(Event::SecondFactorFailed { user, method, reason: "wrong recovery code" }).await?;
        return Ok(Outcome::Reject(Rejection::input("recovery_code", error)));
    }
    second_factor::give_back(step, user, method).await?;
    step.account_changed();
    let left = step.tx.recovery_codes().count_left(user).await?;
    step.record(Event::RecoveryCodeUsed { user, left }).await?;
    step.tell("recovery_codes_left", left);
    Ok(proven(step, SecondProof::RecoveryCode))
}

fn proven(step: &mut Step<'_, '_>, proof: SecondProof) -> Outcome {
    step.data().second_factor = Some(proof);
    onward(step, [], false)
}

async fn refuse(
    step: &mut Step<'_, '_>,
    user: UserId,
    input: &'static str,
    error: InputError,
    reason: &'static str,
) -> Result<Outcome, Failure> {
    step.record(Event::SecondFactorFailed { user, method: MfaMethod::Totp, reason }).await?;
    Ok(Outcome::Reject(Rejection::input(input, error)))
}

const fn not_permitted() -> Outcome {
    Outcome::Fail(FlowError::OperationNotPermitted)
}

async fn to_security_key(_: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(Outcome::go([State::LoginSecurityKey]))
}
