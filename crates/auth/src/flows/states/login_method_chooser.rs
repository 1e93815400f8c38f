//! `login_method_chooser`: how to sign in (spec 02, section 5.5).

use inkan_flow::Inputs;

use super::{login_init::to_passcode, login_passkey::GENERATE};
use crate::flows::{
    Action, BACK, Failure, Outcome, Screen, State, Step, View, login::passcodes_allowed, no_inputs, run_fn,
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::LoginMethodChooser,
    enter: None,
    show: None,
    actions: &[
        Action {
            name: "continue_to_password_login",
            description: "Sign in with a password.",
            offered: |view| shows_all(view) || (view.data().owned.password && view.config.password.enabled),
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(continue_to_password_login),
            leads_to: &[State::LoginPassword],
        },
        Action {
            name: "continue_to_passcode_confirmation",
            description: "Sign in with a code sent by mail.",
            offered: |view| {
                let possible = view.data().address.is_some();
                possible && (shows_all(view) || (view.config.email.enabled && passcodes_allowed(view)))
            },
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(continue_to_passcode_confirmation),
            leads_to: &[State::PasscodeConfirmation],
        },
        GENERATE,
        BACK,
    ],
};

/// All methods of the tenant are shown, also for an account that does not exist: the screen tells nothing about it.
const fn shows_all(view: &View<'_>) -> bool {
    !view.config.privacy.only_show_actual_login_methods || view.data().user.is_none()
}

async fn continue_to_password_login(_: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(Outcome::go([State::LoginPassword]))
}

async fn continue_to_passcode_confirmation(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(to_passcode(step))
}
