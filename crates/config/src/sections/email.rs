//! `email`: addresses as identifiers and as a way to sign in. Spec 10 §6.3.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{PasscodeCharset, SecondsNumber, as_seconds};

/// Addresses as identifiers and as a way to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the file")]
pub struct Email {
    /// Accounts have e-mail addresses.
    pub enabled: bool,
    /// An address may be skipped when it is asked for, and the primary one may be deleted.
    pub optional: bool,
    /// Ask for an address at registration.
    pub acquire_on_registration: bool,
    /// Ask people without an address when they sign in.
    pub acquire_on_login: bool,
    /// A new address must be proven with a passcode.
    pub require_verification: bool,
    /// Most addresses per account.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: u32,
    /// An address identifies an account at sign-in.
    #[schemars(extend("x-env" = "USEASLOGINIDENTIFIER"))]
    pub use_as_login_identifier: bool,
    /// Longest accepted address, in characters.
    #[schemars(range(min = 3, max = 255), extend("x-env" = "MAXLENGTH"))]
    pub max_length: usize,
    /// People may sign in with a passcode sent by mail.
    #[schemars(extend("x-env" = "USEFORAUTHENTICATION"))]
    pub use_for_authentication: bool,
    /// Lifetime of a passcode, in seconds.
    #[serde(with = "as_seconds")]
    #[schemars(with = "SecondsNumber", range(max = 86_400), extend("x-env" = "PASSCODETTL"))]
    pub passcode_ttl: Duration,
    /// Alphabet of passcodes; they always have six characters.
    #[schemars(extend("x-env" = "PASSCODECHARSET", "x-empty" = "default"))]
    pub passcode_charset: PasscodeCharset,
}

impl Default for Email {
    fn default() -> Self {
        Self {
            enabled: true,
            optional: false,
            acquire_on_registration: true,
            acquire_on_login: true,
            require_verification: true,
            limit: 5,
            use_as_login_identifier: true,
            max_length: 120,
            use_for_authentication: true,
            passcode_ttl: Duration::from_mins(5),
            passcode_charset: PasscodeCharset::Numeric,
        }
    }
}
