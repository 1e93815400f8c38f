//! The registration flow (spec 03): its states, and what the new account has to bring.

use inkan_config::Config;

use super::{Data, Screen, State, login::asks_for_password, states};

/// The states, in the order in which they usually come.
pub(crate) const SCREENS: &[&Screen] = &[
    &states::preflight::SCREEN,
    &states::registration_init::SCREEN,
    &states::passcode_confirmation::SCREEN,
    &states::password_creation::SCREEN,
];

/// What follows the identifiers (spec 03, section 4.5). `None`: with this configuration the account would have no way to
/// sign in, so it cannot be created.
pub(crate) fn steps_after_identifiers(config: &Config, data: &Data) -> Option<Vec<State>> {
    let mut steps = Vec::new();
    if data.address.is_some() && config.email.require_verification {
        steps.push(State::PasscodeConfirmation);
    }
    // A password is asked for if it is wanted, or if there would be no other way in.
    let wanted = asks_for_password(config, config.password.acquire_on_registration);
    let asked = wanted || (config.password.enabled && !can_return(config, data, false));
    if asked {
        steps.push(State::PasswordCreation);
    }
    steps.push(State::Success);
    can_return(config, data, asked).then_some(steps)
}

/// Whether the account can be entered again, with a code sent to its address or with a password.
pub(crate) fn can_return(config: &Config, data: &Data, has_password: bool) -> bool {
    let (email, username) = (&config.email, &config.username);
    let by_email = data.address.is_some() && email.enabled && email.use_as_login_identifier;
    let by_name = data.username.is_some() && username.enabled && username.use_as_login_identifier;
    (by_email && email.use_for_authentication)
        || (has_password && config.password.enabled && (by_email || by_name))
}
