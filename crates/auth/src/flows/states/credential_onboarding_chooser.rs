//! `credential_onboarding_chooser`: a passkey or a password (spec 02, section 5.16; spec 03, section 6.1).

use inkan_flow::Inputs;

use crate::flows::{
    Action, BACK, Failure, Outcome, Screen, State, Step, View, always, login::onward, no_inputs, run_fn,
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::CredentialOnboardingChooser,
    enter: None,
    show: None,
    actions: &[
        Action {
            name: "continue_to_passkey_registration",
            description: "Create a passkey.",
            offered: always,
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(to_passkey),
            leads_to: &[State::OnboardingCreatePasskey],
        },
        Action {
            name: "continue_to_password_registration",
            description: "Set a password.",
            offered: always,
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(to_password),
            leads_to: &[State::PasswordCreation],
        },
        Action {
            name: "skip",
            description: "Go on without either.",
            offered: may_skip,
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(skip),
            leads_to: &[State::MfaMethodChooser, State::DeviceTrust, State::Success],
        },
        BACK,
    ],
};

/// One of the two is optional, and there is another way in.
fn may_skip(view: &View<'_>) -> bool {
    (view.config.password.optional || view.config.passkey.optional) && view.has_way_in()
}

async fn to_passkey(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    step.data().credential_chosen = true;
    Ok(Outcome::go([State::OnboardingCreatePasskey]))
}

async fn to_password(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    step.data().credential_chosen = true;
    Ok(Outcome::go([State::PasswordCreation]))
}

async fn skip(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(onward(step, [], false))
}
