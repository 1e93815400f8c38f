//! `username`: user names as identifiers. Spec 10 §6.3.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Report;

/// User names (`A-Z a-z 0-9 _`) as identifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the file")]
pub struct Username {
    /// Accounts have user names.
    pub enabled: bool,
    /// A user name may be skipped when it is asked for, and deleted.
    pub optional: bool,
    /// Ask for a user name at registration.
    pub acquire_on_registration: bool,
    /// Ask people without a user name when they sign in.
    pub acquire_on_login: bool,
    /// A user name identifies an account at sign-in.
    #[schemars(extend("x-env" = "USEASLOGINIDENTIFIER"))]
    pub use_as_login_identifier: bool,
    /// Shortest accepted user name, in characters.
    #[schemars(range(min = 1, max = 255))]
    pub min_length: usize,
    /// Longest accepted user name, in characters.
    #[schemars(range(min = 1, max = 255), extend("x-env" = "MAXLENGTH"))]
    pub max_length: usize,
}

impl Default for Username {
    fn default() -> Self {
        Self {
            enabled: false,
            optional: true,
            acquire_on_registration: true,
            acquire_on_login: true,
            use_as_login_identifier: true,
            min_length: 3,
            max_length: 32,
        }
    }
}

impl Username {
    pub(crate) fn check(&self, report: &mut Report) {
        if self.min_length > self.max_length {
            report.conflict(
                "username.min_length",
                format!("is greater than username.max_length {}", self.max_length),
            );
        }
    }
}
