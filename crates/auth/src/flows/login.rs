//! The login flow (spec 02): its states, and what follows the first factor.

use inkan_flow::FlowError;
use inkan_store::Account;

use super::{
    Failure, FlowKind, Outcome, Owned, Proof, Screen, SecondProof, State, Step, View,
    schedule::{self, Enrolment, Usage},
    states,
};
use crate::accounts::device;

/// The states, in the order in which they usually come.
pub(crate) const SCREENS: &[&Screen] = &[
    &states::preflight::SCREEN,
    &states::login_init::SCREEN,
    &states::login_method_chooser::SCREEN,
    &states::login_password::SCREEN,
    &states::passcode_confirmation::SCREEN,
    &states::login_passkey::SCREEN,
    &states::mfa_method_chooser::SCREEN,
    &states::mfa_otp_secret_creation::SCREEN,
    &states::mfa_security_key_creation::SCREEN,
    &states::login_security_key::SCREEN,
    &states::login_otp::SCREEN,
    &states::login_password_recovery::SCREEN,
    &states::onboarding_username::SCREEN,
    &states::onboarding_email::SCREEN,
    &states::credential_onboarding_chooser::SCREEN,
    &states::onboarding_create_passkey::SCREEN,
    &states::onboarding_verify_passkey_attestation::SCREEN,
    &states::password_creation::SCREEN,
    &states::device_trust::SCREEN,
];

/// What may follow a code that was sent by mail.
pub(crate) const AFTER_CODE: &[State] = &[
    State::MfaMethodChooser,
    State::LoginSecurityKey,
    State::LoginOtp,
    State::LoginPasswordRecovery,
    State::OnboardingUsername,
    State::OnboardingEmail,
    State::CredentialOnboardingChooser,
    State::OnboardingCreatePasskey,
    State::PasswordCreation,
    State::DeviceTrust,
    State::Success,
    State::Error,
];

/// What an account has.
pub(crate) const fn owned(account: &Account) -> Owned {
    Owned {
        password: account.password.is_some(),
        passkey: account.factors.passkeys > 0,
        security_key: account.factors.security_keys > 0,
        totp: account.factors.otp,
        recovery_codes: account.factors.recovery_codes > 0,
    }
}

/// The first factor was proven for `account`: schedules what is still due, in the order of spec 02, section 6.1, judged by the
/// account as it is now (L4).
pub(crate) async fn first_factor_proven(
    step: &mut Step<'_, '_>,
    account: &Account,
    proof: Proof,
) -> Result<Outcome, Failure> {
    let password_set_at = account.password.as_ref().map(|password| password.updated_at);
    step.data().proof = Some(Proof { password_set_at, ..proof });
    step.data().owned = owned(account);
    step.data().second_factor = None;
    let mut next = Vec::new();
    let usage = schedule::mfa_usage(step.config(), &step.progress.data);
    if usage != Usage::None {
        match (device::trusted(step, account.user.id).await?, usage) {
            (Some(device), _) => step.data().second_factor = Some(SecondProof::TrustedDevice(device)),
            (None, Usage::Ask(state)) => next.push(state),
            (None, _) => return Ok(Outcome::Fail(FlowError::PlatformAuthenticatorRequired)),
        }
    }
    let asked = !next.is_empty();
    let config = step.config();
    let data = &step.progress.data;
    if data.recovery_pending {
        next.push(State::LoginPasswordRecovery);
    }
    let username = &config.username;
    if username.enabled && username.acquire_on_login && account.username.is_none() {
        next.push(State::OnboardingUsername);
    }
    let email = &config.email;
    if email.enabled && email.acquire_on_login && account.emails.is_empty() {
        next.push(State::OnboardingEmail);
    }
    next.extend(schedule::credential_steps(config, FlowKind::Login, data));
    if asked && schedule::asks_for_trust(config) {
        next.push(State::DeviceTrust);
    }
    next.push(State::Success);
    Ok(onward(step, next, false))
}

/// On to `next` and then to what is queued; before that to adding a second factor, if that is due now (spec 02, section 6.2).
pub(crate) fn onward(step: &Step<'_, '_>, next: impl Into<Vec<State>>, revertible: bool) -> Outcome {
    let mut next = next.into();
    match schedule::mfa_enrolment(step.config(), step.flow, &step.progress) {
        Enrolment::NotDue => {}
        Enrolment::Due => next.insert(0, State::MfaMethodChooser),
        Enrolment::Impossible => return Outcome::Fail(FlowError::PlatformAuthenticatorRequired),
    }
    Outcome::Go { next, revertible }
}

/// Passcode login is possible for an address that the flow knows.
pub(crate) const fn passcodes_allowed(view: &View<'_>) -> bool {
    view.config.email.use_for_authentication
}
