//! What is due when: adding credentials, adding and using second factors. Pure functions of the configuration and of what the
//! flow knows; spec 02, sections 6.1 to 6.8, and spec 03, sections 4.5, 6 and 11, as tables.

use inkan_config::{AcquireOn, Attachment, Config, DeviceTrustPolicy};

use super::{Data, FlowKind, LoginMethod, Owned, Progress, SecondProof, State};

/// Passkeys are on, and the client can handle them.
pub(crate) const fn passkeys(config: &Config, data: &Data) -> bool {
    config.passkey.enabled && data.capabilities.webauthn
}

/// One-time passwords are on.
pub(crate) const fn totp(config: &Config) -> bool {
    config.mfa.enabled && config.mfa.totp.enabled
}

/// Security keys are on.
pub(crate) const fn security_keys(config: &Config) -> bool {
    config.mfa.enabled && config.mfa.security_keys.enabled
}

/// Security keys are on, and the client can handle those that are asked for (spec 02, L13).
pub(crate) fn security_keys_here(config: &Config, data: &Data) -> bool {
    let attachment = config.mfa.security_keys.authenticator_attachment;
    let supported = data.capabilities.platform_authenticator || attachment != Attachment::Platform;
    security_keys(config) && data.capabilities.webauthn && supported
}

/// A second factor that is switched on.
pub(crate) const fn has_second_factor(config: &Config, owned: Owned) -> bool {
    (totp(config) && owned.totp) || (security_keys(config) && owned.security_key)
}

/// When passkeys and passwords are asked for in this flow. While a password is being recovered, none is asked for besides
/// (spec 02, L15).
fn acquisition(config: &Config, flow: FlowKind, data: &Data) -> (AcquireOn, AcquireOn) {
    let (passkey, password) = (&config.passkey, &config.password);
    match flow {
        FlowKind::Login if data.recovery_pending => (passkey.acquire_on_login, AcquireOn::Never),
        FlowKind::Login => (passkey.acquire_on_login, password.acquire_on_login),
        FlowKind::Registration => (passkey.acquire_on_registration, password.acquire_on_registration),
    }
}

/// The credentials that are asked for (spec 02, section 6.6; spec 03, sections 4.5 and 11.2).
pub(crate) fn credential_steps(config: &Config, flow: FlowKind, data: &Data) -> Vec<State> {
    use AcquireOn::{Always, Conditional, Never};
    use State::{CredentialOnboardingChooser, OnboardingCreatePasskey, PasswordCreation};
    let Owned { password: has_password, passkey: has_passkey, .. } = data.owned;
    let (passkey, password) = acquisition(config, flow, data);
    let steps: &[State] = match (passkeys(config, data), config.password.enabled) {
        (true, true) => match (passkey, password, has_passkey, has_password) {
            (Always, Always, false, false) if !config.password.optional && config.passkey.optional => {
                &[PasswordCreation, OnboardingCreatePasskey]
            }
            (Always, Always, false, false) => &[OnboardingCreatePasskey, PasswordCreation],
            (Conditional, Conditional, false, false) => &[CredentialOnboardingChooser],
            (Always, _, false, _) | (Conditional, Never, false, false) => &[OnboardingCreatePasskey],
            (_, Always, _, false) | (Never, Conditional, false, false) => &[PasswordCreation],
            _ => &[],
        },
        (true, false) if passkey != Never && !has_passkey => &[OnboardingCreatePasskey],
        (false, true) if password != Never && !has_password => &[PasswordCreation],
        _ => &[],
    };
    steps.to_vec()
}

/// Going on without a passkey leads to a password that is asked for in its place (spec 03, section 6.3).
pub(crate) fn password_instead(config: &Config, flow: FlowKind, data: &Data) -> bool {
    let (_, password) = acquisition(config, flow, data);
    config.password.enabled && password == AcquireOn::Conditional && !data.owned.password
}

/// Going on without a password leads to a passkey that is asked for in its place (spec 03, section 6.4).
pub(crate) fn passkey_instead(config: &Config, flow: FlowKind, data: &Data) -> bool {
    let (passkey, _) = acquisition(config, flow, data);
    passkeys(config, data)
        && passkey == AcquireOn::Conditional
        && !data.owned.passkey
        && !data.owned.security_key
}

/// A credential that has to be there in the end and is not (spec 03, section 20, items 1, 3 and 4).
pub(crate) fn missing_credential(config: &Config, flow: FlowKind, data: &Data) -> Option<State> {
    use AcquireOn::{Always, Conditional};
    let (passkey, password) = acquisition(config, flow, data);
    let (passkeys, passwords) = (passkeys(config, data), config.password.enabled);
    let has_password = passwords && data.owned.password;
    let has_passkey = config.passkey.enabled && data.owned.passkey;
    // Where either will do and one of them is optional, neither is required.
    let either = passkeys && passwords && passkey == Conditional && password == Conditional;
    let either_optional = either && (config.passkey.optional || config.password.optional);
    let demanded =
        |acquire, other: bool| acquire == Always || (acquire == Conditional && !other && !either_optional);
    if passkeys && !config.passkey.optional && !has_passkey && demanded(passkey, has_password) {
        return Some(State::OnboardingCreatePasskey);
    }
    let required = !config.password.optional && demanded(password, has_passkey);
    if passwords && !has_password && (required || password_demanded_instead(config, flow, data)) {
        return Some(State::PasswordCreation);
    }
    None
}

/// A new account without a password has to have a passkey, and this client cannot make one: the password is not optional (spec 03,
/// section 20, item 4).
pub(crate) fn password_demanded_instead(config: &Config, flow: FlowKind, data: &Data) -> bool {
    let (passkey, password) = acquisition(config, flow, data);
    flow == FlowKind::Registration
        && (config.passkey.enabled && !config.passkey.optional && passkey == AcquireOn::Conditional)
        && (config.password.enabled && password == AcquireOn::Always)
        && !data.capabilities.webauthn
}

/// A passkey is required of a new account, and this client cannot make one (spec 03, section 20, item 4).
pub(crate) fn passkey_impossible(config: &Config, data: &Data) -> bool {
    let (passkey, password) = (&config.passkey, &config.password);
    let by_password = password.enabled && password.acquire_on_registration != AcquireOn::Never;
    passkey.enabled
        && !passkey.optional
        && !data.capabilities.webauthn
        && match passkey.acquire_on_registration {
            AcquireOn::Always => true,
            AcquireOn::Conditional => !by_password,
            AcquireOn::Never => false,
        }
}

/// Whether adding a second factor is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enrolment {
    /// It is not.
    NotDue,
    /// It is offered, or demanded.
    Due,
    /// It is demanded, and this device can do none.
    Impossible,
}

/// The rule of spec 02, section 6.2, and spec 03, section 11.1. Somebody whose only second factor was switched off is asked for
/// another one (spec 03, section 20, item 10).
pub(crate) fn mfa_enrolment(config: &Config, flow: FlowKind, progress: &Progress) -> Enrolment {
    let data = &progress.data;
    let later = progress.queue.contains(&State::PasswordCreation) || data.recovery_pending;
    if later || data.mfa_offered {
        return Enrolment::NotDue;
    }
    enrolment(config, flow, data)
}

/// As [`mfa_enrolment`], however often it was offered.
pub(crate) fn enrolment(config: &Config, flow: FlowKind, data: &Data) -> Enrolment {
    let email = &config.email;
    let by_password = config.password.enabled && data.owned.password;
    let by_code = email.enabled && email.use_for_authentication && data.address.is_some();
    let acquire = match flow {
        FlowKind::Login => config.mfa.acquire_on_login || data.owned.totp || data.owned.security_key,
        FlowKind::Registration => config.mfa.acquire_on_registration,
    };
    let wanted = acquire && (totp(config) || security_keys(config)) && (by_password || by_code);
    if !wanted || has_second_factor(config, data.owned) {
        return Enrolment::NotDue;
    }
    match totp(config) || security_keys_here(config, data) {
        true => Enrolment::Due,
        false if config.mfa.optional => Enrolment::NotDue,
        false => Enrolment::Impossible,
    }
}

/// How the second factor is asked for at sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Not at all.
    None,
    /// In this state first.
    Ask(State),
    /// It is demanded, and this device cannot do what the account has.
    Impossible,
}

/// The table of spec 02, section 6.3, for a device that is not trusted, with what the client can do taken into account (L13).
pub(crate) fn mfa_usage(config: &Config, data: &Data) -> Usage {
    if data.login_method == Some(LoginMethod::Passkey) {
        return Usage::None;
    }
    let key = security_keys(config) && data.owned.security_key;
    let otp = totp(config) && data.owned.totp;
    match (key, otp, security_keys_here(config, data)) {
        (true, _, true) => Usage::Ask(State::LoginSecurityKey),
        (_, true, _) => Usage::Ask(State::LoginOtp),
        (true, false, false) => Usage::Impossible,
        (false, false, _) => Usage::None,
    }
}

/// A second factor was really used, so that a device may be trusted (spec 02, L24).
pub(crate) fn used_second_factor(data: &Data) -> bool {
    data.second_factor.as_ref().is_some_and(|proof| proof.method().is_some())
}

/// Whether somebody who used a second factor is asked about this device; not where the answer would change nothing.
pub(crate) fn asks_for_trust(config: &Config) -> bool {
    let mfa = &config.mfa;
    mfa.device_trust_policy == DeviceTrustPolicy::Prompt && !mfa.device_trust_duration.is_zero()
}

/// Whether a successful sign-in makes the device a trusted one (spec 02, section 12).
pub(crate) fn grants_trust(config: &Config, data: &Data) -> bool {
    if !config.mfa.enabled || config.mfa.device_trust_duration.is_zero() {
        return false;
    }
    match config.mfa.device_trust_policy {
        DeviceTrustPolicy::Never => false,
        DeviceTrustPolicy::Prompt => data.trust_device && used_second_factor(data),
        DeviceTrustPolicy::Always => {
            used_second_factor(data) || matches!(data.second_factor, Some(SecondProof::TrustedDevice(_)))
        }
    }
}

#[cfg(test)]
mod tests;
