//! The registration flow (spec 03): its states, and what the new account has to bring.

use inkan_config::Config;
use inkan_flow::FlowError;

use super::{Data, FlowKind, Owned, Screen, State, schedule, states};

/// The states, in the order in which they usually come.
pub(crate) const SCREENS: &[&Screen] = &[
    &states::preflight::SCREEN,
    &states::registration_init::SCREEN,
    &states::passcode_confirmation::SCREEN,
    &states::credential_onboarding_chooser::SCREEN,
    &states::password_creation::SCREEN,
    &states::mfa_method_chooser::SCREEN,
    &states::mfa_otp_secret_creation::SCREEN,
    &states::mfa_security_key_creation::SCREEN,
    &states::onboarding_create_passkey::SCREEN,
    &states::onboarding_verify_passkey_attestation::SCREEN,
];

/// What follows the identifiers (spec 03, section 4.5).
///
/// # Errors
/// When the account would have no way to sign in with this configuration, or a passkey is demanded of a client that can make
/// none: it cannot be created.
pub(crate) fn steps_after_identifiers(config: &Config, data: &Data) -> Result<Vec<State>, FlowError> {
    if schedule::passkey_impossible(config, data) {
        return Err(FlowError::PlatformAuthenticatorRequired);
    }
    let mut steps = Vec::new();
    if data.address.is_some() && config.email.require_verification {
        steps.push(State::PasscodeConfirmation);
    }
    let mut credentials = schedule::credential_steps(config, FlowKind::Registration, data);
    credentials.extend(last_resort(config, data, &credentials)?);
    steps.extend(credentials);
    steps.push(State::Success);
    Ok(steps)
}

/// The credential that is asked for although the settings do not say so, because there would be no other way in.
fn last_resort(config: &Config, data: &Data, asked: &[State]) -> Result<Option<State>, FlowError> {
    let with = |password| can_return(config, data, Owned { password, ..Owned::default() });
    let by_passkey = [State::OnboardingCreatePasskey, State::CredentialOnboardingChooser]
        .iter()
        .any(|state| asked.contains(state));
    let by_password = with(true) && asked.contains(&State::PasswordCreation);
    if with(false) || by_passkey || by_password {
        return Ok(None);
    }
    if with(true) {
        return Ok(Some(State::PasswordCreation));
    }
    match schedule::passkeys(config, data) {
        true => Ok(Some(State::OnboardingCreatePasskey)),
        false => Err(FlowError::FlowDiscontinuity),
    }
}

/// Whether the account can be entered again: with a code sent to its address, a password or a passkey.
pub(crate) fn can_return(config: &Config, data: &Data, owned: Owned) -> bool {
    let (email, username) = (&config.email, &config.username);
    let by_email = data.address.is_some() && email.enabled && email.use_as_login_identifier;
    let by_name = data.username.is_some() && username.enabled && username.use_as_login_identifier;
    (by_email && email.use_for_authentication)
        || (owned.password && config.password.enabled && (by_email || by_name))
        || (owned.passkey && config.passkey.enabled)
}
