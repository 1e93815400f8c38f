//! The login flow (spec 02): its states, and what follows the first factor.

use inkan_store::Account;

use super::{Outcome, Proof, Screen, State, Step, View, states};

/// The states, in the order in which they usually come.
pub(crate) const SCREENS: &[&Screen] = &[
    &states::preflight::SCREEN,
    &states::login_init::SCREEN,
    &states::login_method_chooser::SCREEN,
    &states::login_password::SCREEN,
    &states::passcode_confirmation::SCREEN,
    &states::login_password_recovery::SCREEN,
    &states::onboarding_username::SCREEN,
    &states::onboarding_email::SCREEN,
    &states::password_creation::SCREEN,
];

/// The first factor was proven for `account` (by the mailbox `address`, if it was a code): schedules what is still due, in the
/// order of spec 02, section 6.1, judged by the account as it is now (L4).
pub(crate) fn first_factor_proven(
    step: &mut Step<'_, '_>,
    account: &Account,
    address: Option<String>,
) -> Outcome {
    let has_password = account.password.is_some();
    let password_set_at = account.password.as_ref().map(|password| password.updated_at);
    step.data().proof = Some(Proof { password_set_at, address });
    step.data().has_password = has_password;
    let config = step.config();
    let recovery = step.progress.data.recovery_pending;
    let mut next = Vec::new();
    if recovery {
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
    // A recovery sets a password anyway (spec 02, L15).
    if asks_for_password(config, config.password.acquire_on_login) && !has_password && !recovery {
        next.push(State::PasswordCreation);
    }
    next.push(State::Success);
    Outcome::go_for_good(next)
}

/// Whether a password is asked for where none is set (spec 02, section 6.6; `conditional` means "unless there is a passkey").
pub(crate) fn asks_for_password(config: &inkan_config::Config, acquire: inkan_config::AcquireOn) -> bool {
    config.password.enabled && acquire != inkan_config::AcquireOn::Never
}

/// Passcode login is possible for an address that the flow knows.
pub(crate) const fn passcodes_allowed(view: &View<'_>) -> bool {
    view.config.email.use_for_authentication
}
