//! `preflight`: the client tells what it can do (spec 03, section 3).

use inkan_flow::{Input, Inputs};

use crate::{
    flows::{Action, Capabilities, Failure, Outcome, Screen, State, Step, always, limited, run_fn},
    limits::Operation,
};

const WEBAUTHN: &str = "webauthn_available";
const CONDITIONAL: &str = "webauthn_conditional_mediation_available";
const PLATFORM: &str = "webauthn_platform_authenticator_available";

pub(crate) const SCREEN: Screen = Screen {
    state: State::Preflight,
    enter: None,
    show: None,
    actions: &[Action {
        name: "register_client_capabilities",
        description: "Tell what the client can do.",
        offered: always,
        inputs: |_| {
            vec![
                Input::boolean(WEBAUTHN).required(true).hidden(),
                Input::boolean(CONDITIONAL).hidden(),
                Input::boolean(PLATFORM).hidden(),
            ]
        },
        prepare: limited!(Operation::Begin),
        run: run_fn!(register_client_capabilities),
        leads_to: &[State::LoginInit, State::RegistrationInit],
    }],
};

/// What the client told.
pub(crate) fn capabilities(inputs: &Inputs) -> Capabilities {
    Capabilities {
        webauthn: inputs.flag(WEBAUTHN),
        conditional_mediation: inputs.flag(CONDITIONAL),
        platform_authenticator: inputs.flag(PLATFORM),
    }
}

/// In a flow that an earlier version stored here; else it is only announced (`announced`).
async fn register_client_capabilities(step: &mut Step<'_, '_>, inputs: &Inputs) -> Result<Outcome, Failure> {
    step.data().capabilities = capabilities(inputs);
    Ok(Outcome::go([]))
}
