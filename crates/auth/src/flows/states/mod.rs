//! One screen, one file.

pub(crate) mod credential_onboarding_chooser;
pub(crate) mod device_trust;
pub(crate) mod login_init;
pub(crate) mod login_method_chooser;
pub(crate) mod login_otp;
pub(crate) mod login_passkey;
pub(crate) mod login_password;
pub(crate) mod login_password_recovery;
pub(crate) mod login_security_key;
pub(crate) mod mfa_method_chooser;
pub(crate) mod mfa_otp_secret_creation;
pub(crate) mod mfa_security_key_creation;
pub(crate) mod onboarding_create_passkey;
pub(crate) mod onboarding_email;
pub(crate) mod onboarding_username;
pub(crate) mod onboarding_verify_passkey_attestation;
pub(crate) mod passcode_confirmation;
pub(crate) mod password_creation;
pub(crate) mod preflight;
pub(crate) mod registration_init;
mod remember_me;
