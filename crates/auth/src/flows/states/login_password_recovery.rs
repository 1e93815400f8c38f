//! `login_password_recovery`: a new password in place of the forgotten one (spec 02, section 5.8).

use inkan_flow::{Input, Inputs};

use crate::{
    accounts::password,
    events::Event,
    flows::{Action, Failure, Outcome, Screen, State, Step, login::onward, run_fn},
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::LoginPasswordRecovery,
    enter: None,
    show: None,
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
        leads_to: &[
            State::MfaMethodChooser,
            State::OnboardingUsername,
            State::OnboardingCreatePasskey,
            State::DeviceTrust,
            State::Success,
            State::Error,
        ],
    }],
};

async fn password_recovery(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    let Some(hash) = step.facts.new_password_hash.clone() else { return Err(Failure::Bug("no hash".into())) };
    let account = match step.proven_account().await? {
        Ok(account) => account,
        Err(outcome) => return Ok(outcome),
    };
    password::replace(step, &account, &hash).await?;
    step.record(Event::PasswordChanged { user: account.user.id, context: "recovery" }).await?;
    step.data().recovery_pending = false;
    Ok(onward(step, [], false))
}
