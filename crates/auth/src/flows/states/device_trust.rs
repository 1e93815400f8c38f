//! `device_trust`: whether to ask for a second factor on this device again (spec 02, section 5.20).

use inkan_flow::Inputs;

use crate::flows::{Action, BACK, Failure, Outcome, Screen, State, Step, always, no_inputs, run_fn};

pub(crate) const SCREEN: Screen = Screen {
    state: State::DeviceTrust,
    enter: None,
    show: None,
    actions: &[
        Action {
            name: "trust_device",
            description: "Do not ask for a second factor on this device again.",
            offered: always,
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(trust_device),
            leads_to: &[State::OnboardingCreatePasskey, State::Success],
        },
        Action {
            name: "skip",
            description: "Ask again next time.",
            offered: always,
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(skip),
            leads_to: &[State::OnboardingCreatePasskey, State::Success],
        },
        BACK,
    ],
};

async fn trust_device(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    step.data().trust_device = true;
    Ok(Outcome::go_for_good([]))
}

async fn skip(_: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(Outcome::go([]))
}
