//! `passkey`: passkeys as a way to sign in. Spec 10 §6.3.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{AcquireOn, Attestation, UserVerification};

/// Passkeys as a way to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Passkey {
    /// Accounts may have passkeys.
    pub enabled: bool,
    /// A passkey may be skipped, and the last one may be deleted.
    pub optional: bool,
    /// When a passkey is asked for at registration; `conditional`: only if no password is set.
    pub acquire_on_registration: AcquireOn,
    /// When people without a passkey are asked for one as they sign in.
    pub acquire_on_login: AcquireOn,
    /// User verification asked of passkeys.
    pub user_verification: UserVerification,
    /// Attestation asked for when a passkey is registered.
    pub attestation_preference: Attestation,
    /// Most passkeys per account.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: u32,
}

impl Default for Passkey {
    fn default() -> Self {
        Self {
            enabled: true,
            optional: true,
            acquire_on_registration: AcquireOn::Always,
            acquire_on_login: AcquireOn::Always,
            user_verification: UserVerification::Preferred,
            attestation_preference: Attestation::Direct,
            limit: 10,
        }
    }
}
