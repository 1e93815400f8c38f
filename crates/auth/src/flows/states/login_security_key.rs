//! `login_security_key`: the second factor is a security key (spec 02, section 5.9).

use inkan_flow::Inputs;

use super::{login_otp::RECOVERY_CODE, login_passkey::begin};
use crate::flows::{Action, Failure, Outcome, Purpose, Screen, State, Step, no_inputs, run_fn, schedule};

pub(crate) const SCREEN: Screen = Screen {
    state: State::LoginSecurityKey,
    enter: None,
    show: None,
    actions: &[
        Action {
            name: "webauthn_generate_request_options",
            description: "Use a security key.",
            offered: |view| schedule::security_keys_here(view.config, view.data()),
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(generate),
            leads_to: &[State::LoginPasskey],
        },
        Action {
            name: "continue_to_login_otp",
            description: "Use an authenticator app instead.",
            offered: |view| schedule::totp(view.config) && view.data().owned.totp,
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(to_otp),
            leads_to: &[State::LoginOtp],
        },
        RECOVERY_CODE,
    ],
};

async fn generate(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    begin(step, Purpose::SecondFactor).await?;
    Ok(Outcome::go([State::LoginPasskey]))
}

async fn to_otp(_: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(Outcome::go([State::LoginOtp]))
}
