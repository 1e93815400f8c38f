//! The `remember_me` action of the first screens (spec 02, section 5.2.1).

use inkan_config::Retention;
use inkan_flow::{Input, Inputs};

use crate::flows::{Action, Failure, Outcome, Step, run_fn};

pub(crate) const REMEMBER_ME: Action = Action {
    name: "remember_me",
    description: "Choose whether to stay signed in.",
    offered: |view| view.config.session.cookie.retention == Retention::Prompt,
    inputs: |_| vec![Input::boolean("remember_me").required(true)],
    prepare: None,
    run: run_fn!(remember_me),
    leads_to: &[],
};

async fn remember_me(step: &mut Step<'_, '_>, inputs: &Inputs) -> Result<Outcome, Failure> {
    step.data().remember_me = inputs.flag("remember_me");
    Ok(Outcome::Stay)
}
