//! `password`: passwords as a way to sign in. Spec 10 §6.3 and §13, decisions 14 and 30.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Report;
use crate::types::AcquireOn;

/// Passwords as a way to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the file")]
pub struct Password {
    /// Accounts may have a password.
    pub enabled: bool,
    /// A password may be skipped and deleted. The credential that is not optional is asked for first.
    pub optional: bool,
    /// When a password is asked for at registration; `conditional`: only if no passkey is created.
    pub acquire_on_registration: AcquireOn,
    /// When people without a password are asked for one as they sign in.
    pub acquire_on_login: AcquireOn,
    /// A forgotten password may be replaced after a passcode.
    pub recovery: bool,
    /// Shortest accepted password, in characters.
    #[schemars(range(min = 1, max = 1024))]
    pub min_length: usize,
    /// Longest accepted password, in bytes; a longer one is refused, never cut.
    #[schemars(range(min = 64, max = 1024))]
    pub max_length: usize,
    /// Refuse the 10,000 commonest passwords.
    pub refuse_common: bool,
}

impl Default for Password {
    fn default() -> Self {
        Self {
            enabled: true,
            optional: false,
            acquire_on_registration: AcquireOn::Always,
            acquire_on_login: AcquireOn::Never,
            recovery: true,
            min_length: 8,
            max_length: 72,
            refuse_common: true,
        }
    }
}

impl Password {
    pub(crate) fn check(&self, report: &mut Report) {
        if self.min_length > self.max_length {
            report.conflict(
                "password.min_length",
                format!("is greater than password.max_length {}", self.max_length),
            );
        }
    }
}
