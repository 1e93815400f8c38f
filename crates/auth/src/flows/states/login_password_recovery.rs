//! `login_password_recovery`: a new password in place of the forgotten one (spec 02, section 5.8).

use inkan_flow::{FlowError, Input, Inputs};

use crate::{
    accounts::password,
    events::Event,
    flows::{Action, Failure, Outcome, Screen, State, Step, run_fn},
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::LoginPasswordRecovery,
    enter: None,
    actions: &[Action {
        name: "password_recovery",
        description: "Set a new password.",
        offered: |view| view.config.password.enabled,
        inputs: |view| {
            let password = &view.config.password;
            vec![
                Input::password("new_password")
                    .required(true)
                    .min(password.min_length)
                    .max(password.max_length),
            ]
        },
        prepare: Some(run_fn!(password::hash_new)),
        run: run_fn!(password_recovery),
        leads_to: &[State::OnboardingUsername, State::Success],
    }],
};

async fn password_recovery(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    let Some(hash) = step.facts.new_password_hash.clone() else { return Err(Failure::Bug("no hash".into())) };
    let Some(account) = step.proven_account().await? else {
        return Ok(Outcome::Fail(FlowError::OperationNotPermitted));
    };
    password::replace(step, &account, &hash).await?;
    step.record(Event::PasswordChanged { user: account.user.id, context: "recovery" }).await?;
    step.data().recovery_pending = false;
    Ok(Outcome::go_for_good([]))
}
