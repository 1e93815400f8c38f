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
    let wanted = asks_for_password(config, config.password.acquire_on_registration);
    if wanted || (config.password.enabled && !signs_in_by_mail(config, data)) {
        steps.push(State::PasswordCreation);
    } else if !signs_in_by_mail(config, data) {
        return None;
    }
    steps.push(State::Success);
    Some(steps)
}

/// The account can be entered with a code sent to its address.
pub(crate) fn signs_in_by_mail(config: &Config, data: &Data) -> bool {
    let email = &config.email;
    data.address.is_some() && email.enabled && email.use_for_authentication && email.use_as_login_identifier
}
