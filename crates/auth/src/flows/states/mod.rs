//! One screen, one file.

pub(crate) mod login_init;
pub(crate) mod login_method_chooser;
pub(crate) mod login_password;
pub(crate) mod login_password_recovery;
pub(crate) mod onboarding_email;
pub(crate) mod onboarding_username;
pub(crate) mod passcode_confirmation;
pub(crate) mod password_creation;
pub(crate) mod preflight;
pub(crate) mod registration_init;
mod remember_me;
