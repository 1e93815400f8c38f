//! Passkeys, security keys, authenticator apps, recovery codes and trusted devices.

use super::{LOGIN, REGISTER, TO_CODE, TO_PASSWORD, Way};

const GENERATE: &str = "webauthn_generate_request_options";
const ASSERTION: &str = "webauthn_verify_assertion_response";
const GENERATE_CREATION: &str = "webauthn_generate_creation_options";
const ATTESTATION: &str = "webauthn_verify_attestation_response";

const NO_PASSKEYS: &str = "passkey: { acquire_on_login: never, acquire_on_registration: never }";
const ACQUIRE: &str =
    "{ passkey: { acquire_on_login: never }, mfa: { acquire_on_login: true, optional: false } }";
const NEW_PASSKEYS: &str = "{ password: { enabled: false }, \
    passkey: { acquire_on_login: always, acquire_on_registration: always } }";

pub(super) const WAYS: &[Way] = &[
    Way {
        config: "{}",
        flow: "login",
        browser: true,
        steps: &[
            (GENERATE, "", "login_passkey", 1),
            ("back", "", "login_init", 1),
            (GENERATE, "", "login_passkey", 1),
            (ASSERTION, "PASSKEY", "success", 3),
        ],
    },
    Way { config: "{}", flow: "login", browser: true, steps: &[(ASSERTION, "PASSKEY", "success", 3)] },
    Way {
        config: NO_PASSKEYS,
        flow: "login",
        browser: true,
        steps: &[
            (LOGIN, "totpN@example.com", "login_method_chooser", 2),
            (TO_PASSWORD, "", "login_password", 1),
            ("password_login", "correct horse", "login_otp", 2),
            ("otp_code_validate", "000000", "login_otp", 2),
            ("otp_code_validate", "TOTP", "device_trust", 2),
            ("trust_device", "", "success", 3),
        ],
    },
    Way {
        config: NO_PASSKEYS,
        flow: "login",
        browser: true,
        steps: &[
            (LOGIN, "totpN@example.com", "login_method_chooser", 2),
            (TO_CODE, "", "passcode_confirmation", 2),
            ("verify_passcode", "CODE", "login_otp", 2),
            ("recovery_code", "RECOVERY", "device_trust", 4),
            ("skip", "", "success", 2),
        ],
    },
    Way {
        config: NO_PASSKEYS,
        flow: "login",
        browser: true,
        steps: &[
            (LOGIN, "keyN@example.com", "login_method_chooser", 2),
            (TO_PASSWORD, "", "login_password", 1),
            ("password_login", "correct horse", "login_security_key", 2),
            (GENERATE, "", "login_passkey", 2),
            (ASSERTION, "KEY", "device_trust", 3),
            ("skip", "", "success", 3),
        ],
    },
    Way {
        config: ACQUIRE,
        flow: "login",
        browser: true,
        steps: &[
            (LOGIN, "mailN@example.com", "login_method_chooser", 2),
            (TO_CODE, "", "passcode_confirmation", 2),
            ("verify_passcode", "CODE", "mfa_method_chooser", 2),
            ("continue_to_otp_secret_creation", "", "mfa_otp_secret_creation", 1),
            ("otp_code_verify", "000000", "mfa_otp_secret_creation", 1),
            ("otp_code_verify", "SHOWN", "success", 4),
        ],
    },
    Way {
        config: ACQUIRE,
        flow: "login",
        browser: true,
        steps: &[
            (LOGIN, "mailN@example.com", "login_method_chooser", 2),
            (TO_CODE, "", "passcode_confirmation", 2),
            ("verify_passcode", "CODE", "mfa_method_chooser", 2),
            ("continue_to_security_key_creation", "", "mfa_security_key_creation", 1),
            (GENERATE_CREATION, "", "onboarding_verify_passkey_attestation", 2),
            (ATTESTATION, "NEW", "success", 4),
        ],
    },
    Way {
        config: NEW_PASSKEYS,
        flow: "login",
        browser: true,
        steps: &[
            (LOGIN, "mailN@example.com", "passcode_confirmation", 2),
            ("verify_passcode", "CODE", "onboarding_create_passkey", 2),
            (GENERATE_CREATION, "", "onboarding_verify_passkey_attestation", 2),
            (ATTESTATION, "NEW", "success", 3),
        ],
    },
    Way {
        config: NEW_PASSKEYS,
        flow: "registration",
        browser: true,
        steps: &[
            (REGISTER, "new-N@example.com", "passcode_confirmation", 2),
            ("verify_passcode", "CODE", "onboarding_create_passkey", 2),
            (GENERATE_CREATION, "", "onboarding_verify_passkey_attestation", 1),
            (ATTESTATION, "NEW", "success", 3),
        ],
    },
];
