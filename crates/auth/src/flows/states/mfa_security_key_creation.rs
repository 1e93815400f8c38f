//! `mfa_security_key_creation`: setting up a security key (spec 03, section 8.3).

use super::onboarding_create_passkey::creation_options;
use crate::flows::{
    Action, BACK, Failure, Outcome, Purpose, Screen, State, Step, no_inputs, run_fn, schedule,
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::MfaSecurityKeyCreation,
    enter: None,
    show: None,
    actions: &[
        Action {
            name: "webauthn_generate_creation_options",
            description: "Set up a security key.",
            offered: |view| schedule::security_keys_here(view.config, view.data()),
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(generate),
            leads_to: &[State::OnboardingVerifyPasskeyAttestation],
        },
        BACK,
    ],
};

async fn generate(step: &mut Step<'_, '_>, _: &inkan_flow::Inputs) -> Result<Outcome, Failure> {
    match creation_options(step, Purpose::NewSecurityKey).await? {
        None => Ok(Outcome::go([State::OnboardingVerifyPasskeyAttestation])),
        Some(instead) => Ok(instead),
    }
}
