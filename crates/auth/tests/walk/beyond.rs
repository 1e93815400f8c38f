//! Steps of the drawings that the walk does not go: they need more settings at once than any of its configurations has. Whoever
//! adds a configuration that goes one of them takes it off the list.

use std::collections::BTreeSet;

use crate::walker::Edge;

/// Flow, state, action and the states that it leads to.
const BEYOND: &[(&str, &str, &str, &[&str])] = &[
    ("login", "credential_onboarding_chooser", "skip", &["device_trust", "mfa_method_chooser"]),
    ("login", "login_init", "continue_with_login_identifier", &["error", "login_passkey"]),
    ("login", "login_otp", "otp_code_validate", &["credential_onboarding_chooser", "password_creation"]),
    (
        "login",
        "login_otp",
        "recovery_code",
        &["credential_onboarding_chooser", "onboarding_email", "password_creation"],
    ),
    ("login", "login_passkey", "webauthn_verify_assertion_response", &["credential_onboarding_chooser"]),
    (
        "login",
        "login_security_key",
        "recovery_code",
        &[
            "credential_onboarding_chooser",
            "onboarding_create_passkey",
            "onboarding_email",
            "onboarding_username",
            "password_creation",
        ],
    ),
    (
        "login",
        "mfa_method_chooser",
        "skip",
        &["credential_onboarding_chooser", "onboarding_email", "onboarding_username", "password_creation"],
    ),
    (
        "login",
        "mfa_otp_secret_creation",
        "otp_code_verify",
        &["credential_onboarding_chooser", "password_creation"],
    ),
    ("login", "onboarding_create_passkey", "skip", &["mfa_method_chooser", "password_creation"]),
    (
        "login",
        "onboarding_email",
        "email_address_set",
        &["credential_onboarding_chooser", "device_trust", "onboarding_create_passkey", "password_creation"],
    ),
    ("login", "onboarding_username", "skip", &["credential_onboarding_chooser", "onboarding_email"]),
    (
        "login",
        "onboarding_username",
        "username_create",
        &["credential_onboarding_chooser", "onboarding_email"],
    ),
    ("login", "onboarding_username", "username_set", &["credential_onboarding_chooser", "onboarding_email"]),
    (
        "login",
        "onboarding_verify_passkey_attestation",
        "webauthn_verify_attestation_response",
        &["credential_onboarding_chooser", "mfa_method_chooser", "password_creation"],
    ),
    (
        "login",
        "passcode_confirmation",
        "verify_passcode",
        &["credential_onboarding_chooser", "onboarding_email"],
    ),
    ("login", "password_creation", "register_password", &["device_trust", "error"]),
    ("login", "password_creation", "skip", &["device_trust", "mfa_method_chooser"]),
    ("registration", "credential_onboarding_chooser", "skip", &["mfa_method_chooser"]),
    ("registration", "mfa_method_chooser", "skip", &["password_creation"]),
    ("registration", "mfa_otp_secret_creation", "otp_code_verify", &["password_creation"]),
    ("registration", "onboarding_create_passkey", "skip", &["mfa_method_chooser", "password_creation"]),
    (
        "registration",
        "onboarding_verify_passkey_attestation",
        "webauthn_verify_attestation_response",
        &["password_creation"],
    ),
    ("registration", "passcode_confirmation", "verify_passcode", &["credential_onboarding_chooser", "error"]),
    (
        "registration",
        "registration_init",
        "register_login_identifier",
        &["credential_onboarding_chooser", "mfa_method_chooser"],
    ),
];

/// The steps that nobody is expected to go.
pub(crate) fn beyond() -> BTreeSet<Edge> {
    let edges = BEYOND.iter().flat_map(|(flow, from, action, states)| {
        states.iter().map(move |to| (*flow, (*from).to_owned(), (*action).to_owned(), (*to).to_owned()))
    });
    edges.collect()
}
