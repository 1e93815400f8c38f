//! `mfa_method_chooser`: which second factor to add (spec 03, section 8.1).

use inkan_flow::Inputs;

use crate::flows::{Action, BACK, Failure, Outcome, Screen, State, Step, enter, no_inputs, run_fn, schedule};

pub(crate) const SCREEN: Screen = Screen {
    state: State::MfaMethodChooser,
    enter: Some(enter!(offered)),
    show: None,
    actions: &[
        Action {
            name: "continue_to_otp_secret_creation",
            description: "Set up an authenticator app.",
            offered: |view| schedule::totp(view.config),
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(to_otp),
            leads_to: &[State::MfaOtpSecretCreation],
        },
        Action {
            name: "continue_to_security_key_creation",
            description: "Set up a security key.",
            offered: |view| schedule::security_keys_here(view.config, view.data()),
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(to_security_key),
            leads_to: &[State::MfaSecurityKeyCreation],
        },
        Action {
            name: "skip",
            description: "Go on without a second factor.",
            offered: |view| view.config.mfa.optional,
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(skip),
            leads_to: &[
                State::OnboardingUsername,
                State::OnboardingEmail,
                State::CredentialOnboardingChooser,
                State::OnboardingCreatePasskey,
                State::PasswordCreation,
                State::Success,
            ],
        },
        BACK,
    ],
};

async fn offered(step: &mut Step<'_, '_>) -> Result<(), Failure> {
    step.data().mfa_offered = true;
    Ok(())
}

async fn to_otp(_: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(Outcome::go([State::MfaOtpSecretCreation]))
}

async fn to_security_key(_: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(Outcome::go([State::MfaSecurityKeyCreation]))
}

async fn skip(_: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(Outcome::go([]))
}
