//! `onboarding_username`: a user name for an account without one (spec 02, section 5.14). The action has two names: clients
//! of the seed know `username_set`, published ones `username_create` (spec 00, decision 3).

use inkan_flow::{Input, InputError, Inputs, Rejection};

use crate::{
    accounts::username,
    flows::{Action, Failure, Outcome, Screen, State, Step, View, always, no_inputs, run_fn},
};

/// What comes after a user name.
const AFTER: &[State] = &[
    State::OnboardingEmail,
    State::CredentialOnboardingChooser,
    State::OnboardingCreatePasskey,
    State::PasswordCreation,
    State::DeviceTrust,
    State::Success,
];

const fn set(name: &'static str) -> Action {
    Action {
        name,
        description: "Choose a username.",
        offered: always,
        inputs,
        prepare: None,
        run: run_fn!(username_set),
        leads_to: AFTER,
    }
}

pub(crate) const SCREEN: Screen = Screen {
    state: State::OnboardingUsername,
    enter: None,
    show: None,
    actions: &[
        set("username_create"),
        set("username_set"),
        Action {
            name: "skip",
            description: "Go on without a username.",
            offered: |view| view.config.username.optional,
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(skip),
            leads_to: AFTER,
        },
    ],
};

fn inputs(view: &View<'_>) -> Vec<Input> {
    let username = &view.config.username;
    vec![
        Input::text("username")
            .normalised()
            .min(username.min_length)
            .max(username.max_length)
            .required(!username.optional),
    ]
}

async fn username_set(step: &mut Step<'_, '_>, inputs: &Inputs) -> Result<Outcome, Failure> {
    let name = inputs.text("username").to_owned();
    if !username::is_valid(&name) {
        return Ok(Outcome::Reject(Rejection::input("username", InputError::invalid_username())));
    }
    step.ask_account().await?;
    let taken = step.tx.usernames().ask(&name).await?;
    let account = match step.proven_account().await? {
        Ok(account) => account,
        Err(outcome) => return Ok(outcome),
    };
    if account.username.is_some() {
        // Got one meanwhile, in another flow (spec 02, L4).
        return Ok(Outcome::go_for_good([]));
    }
    if step.tx.answer(taken).await?.is_some() {
        return Ok(Outcome::Reject(Rejection::input("username", InputError::username_exists())));
    }
    username::add(step, account.user.id, &name).await?;
    Ok(Outcome::go_for_good([]))
}

async fn skip(_: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(Outcome::go([]))
}
