//! `password_creation`: a first password (spec 02, section 5.19; spec 03, section 6.4).

use inkan_flow::{FlowError, Input, Inputs};

use crate::{
    accounts::password,
    events::Event,
    flows::{Action, BACK, Failure, FlowKind, Outcome, Screen, State, Step, View, no_inputs, run_fn},
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::PasswordCreation,
    enter: None,
    actions: &[
        Action {
            name: "register_password",
            description: "Set a password.",
            offered: |view| view.config.password.enabled,
            inputs: |view| {
                let password = &view.config.password;
                let input = Input::password("new_password").required(!password.optional);
                vec![input.min(password.min_length).max(password.max_length)]
            },
            prepare: Some(run_fn!(password::hash_new)),
            run: run_fn!(register_password),
            leads_to: &[State::Success],
        },
        Action {
            name: "skip",
            description: "Go on without a password.",
            offered: may_skip,
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(skip),
            leads_to: &[State::Success],
        },
        BACK,
    ],
};

/// A password can be done without if it is optional and there is another way to sign in: derived from facts, so that a
/// rejected input changes nothing about it (spec 03, section 6.6).
fn may_skip(view: &View<'_>) -> bool {
    view.config.password.optional && (view.data().has_password || view.can_login_with_email())
}

async fn register_password(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    let Some(hash) = step.facts.new_password_hash.clone() else { return Err(Failure::Bug("no hash".into())) };
    match step.flow {
        FlowKind::Registration => {
            step.data().password_hash = Some(hash);
            step.data().has_password = true;
        }
        FlowKind::Login => {
            let Some(account) = step.proven_account().await?.filter(|account| account.password.is_none())
            else {
                return Ok(Outcome::Fail(FlowError::OperationNotPermitted));
            };
            password::set(step, account.user.id, &hash).await?;
            step.record(Event::PasswordChanged { user: account.user.id, context: "login" }).await?;
        }
    }
    Ok(Outcome::go_for_good([]))
}

async fn skip(_: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(Outcome::go([]))
}
