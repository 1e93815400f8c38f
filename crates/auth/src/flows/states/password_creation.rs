//! `password_creation`: a first password (spec 02, section 5.19; spec 03, section 6.4).

use inkan_flow::{FlowError, Input, Inputs};

use crate::{
    accounts::password,
    events::Event,
    flows::{
        Action, BACK, Failure, FlowKind, Outcome, Screen, State, Step, View, login::onward, no_inputs,
        run_fn, schedule,
    },
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::PasswordCreation,
    enter: None,
    show: None,
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
            leads_to: AFTER_PASSWORD,
        },
        Action {
            name: "skip",
            description: "Go on without a password.",
            offered: may_skip,
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(skip),
            leads_to: AFTER,
        },
        BACK,
    ],
};

/// What comes after a password, for which a second factor may be demanded that this device cannot have.
const AFTER_PASSWORD: &[State] = &[
    State::MfaMethodChooser,
    State::OnboardingCreatePasskey,
    State::DeviceTrust,
    State::Success,
    State::Error,
];

/// What comes instead of a password.
const AFTER: &[State] =
    &[State::MfaMethodChooser, State::OnboardingCreatePasskey, State::DeviceTrust, State::Success];

/// A password can be done without if it is optional, was not chosen, and there is or will be another way in: derived from facts,
/// so that a rejected input changes nothing about it (spec 03, section 6.6).
fn may_skip(view: &View<'_>) -> bool {
    let data = view.data();
    let later = view.progress.queue.contains(&State::OnboardingCreatePasskey)
        || schedule::passkey_instead(view.config, view.flow, data);
    view.config.password.optional
        && !data.credential_chosen
        && !schedule::password_demanded_instead(view.config, view.flow, data)
        && (view.has_way_in() || later)
}

async fn register_password(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    let Some(hash) = step.facts.new_password_hash.clone() else { return Err(Failure::Bug("no hash".into())) };
    match step.flow {
        FlowKind::Registration => {
            step.data().new.password_hash = Some(hash);
            step.data().owned.password = true;
        }
        FlowKind::Login => {
            let account = match step.proven_account().await? {
                Ok(account) => account,
                Err(outcome) => return Ok(outcome),
            };
            if account.password.is_some() {
                return Ok(Outcome::Fail(FlowError::OperationNotPermitted));
            }
            password::set(step, account.user.id, &hash).await?;
            step.record(Event::PasswordChanged { user: account.user.id, context: "login" }).await?;
        }
    }
    Ok(onward(step, [], false))
}

/// Leads to the passkey that is asked for in place of a password, if one is.
async fn skip(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(match schedule::passkey_instead(step.config(), step.flow, &step.progress.data) {
        true => Outcome::go([State::OnboardingCreatePasskey]),
        false => onward(step, [], true),
    })
}
