//! `mfa`: second factors. Spec 10 §6.3 and §13.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Report;
use crate::types::{Attachment, Attestation, DeviceTrustPolicy, DurationText, UserVerification, as_duration};

/// Second factors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the file")]
pub struct Mfa {
    /// Accounts may have second factors.
    pub enabled: bool,
    /// A second factor may be skipped, and the last one may be deleted.
    pub optional: bool,
    /// Ask for a second factor at registration.
    #[schemars(extend("x-env" = "ACQUIREONREGISTRATION"))]
    pub acquire_on_registration: bool,
    /// Ask people without a second factor when they sign in.
    #[schemars(extend("x-env" = "ACQUIREONLOGIN"))]
    pub acquire_on_login: bool,
    /// Whether a device is remembered after a second factor.
    pub device_trust_policy: DeviceTrustPolicy,
    /// How long a device is remembered; `0s` remembers none.
    #[serde(with = "as_duration")]
    #[schemars(with = "DurationText", extend("x-env" = "DEVICETRUSTDURATION"))]
    pub device_trust_duration: Duration,
    /// Name of the cookie that marks a remembered device.
    #[schemars(extend("x-env" = "DEVICETRUSTCOOKIENAME"))]
    pub device_trust_cookie_name: String,
    /// Accounts remembered per device, newest first; 0 means 20.
    #[schemars(range(max = 100), extend("x-env" = "DEVICETRUSTMAXUSERSPERDEVICE"))]
    pub device_trust_max_users_per_device: u32,
    /// Security keys as second factor.
    #[schemars(extend("x-env" = "SECURITYKEYS"))]
    pub security_keys: SecurityKeys,
    /// One-time passwords of an authenticator app as second factor.
    pub totp: Totp,
    /// Single-use codes for people who lost their second factor.
    pub recovery_codes: RecoveryCodes,
}

/// Security keys as second factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct SecurityKeys {
    /// Offer security keys.
    pub enabled: bool,
    /// Most security keys per account.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: u32,
    /// Attestation asked for when a security key is registered.
    pub attestation_preference: Attestation,
    /// Which authenticators are offered; `platform` hides the option on devices without one.
    pub authenticator_attachment: Attachment,
    /// User verification asked of security keys.
    pub user_verification: UserVerification,
}

/// One-time passwords of an authenticator app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Totp {
    /// Offer one-time passwords.
    pub enabled: bool,
}

/// Single-use codes for people who lost their second factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct RecoveryCodes {
    /// Offer ten single-use codes.
    pub enabled: bool,
}

impl Default for Mfa {
    fn default() -> Self {
        Self {
            enabled: true,
            optional: true,
            acquire_on_registration: true,
            acquire_on_login: false,
            device_trust_policy: DeviceTrustPolicy::Prompt,
            device_trust_duration: Duration::from_hours(720),
            device_trust_cookie_name: "hanko-device-token".to_owned(),
            device_trust_max_users_per_device: 20,
            security_keys: SecurityKeys::default(),
            totp: Totp { enabled: true },
            recovery_codes: RecoveryCodes { enabled: true },
        }
    }
}

impl Default for SecurityKeys {
    fn default() -> Self {
        Self {
            enabled: true,
            limit: 10,
            attestation_preference: Attestation::Direct,
            authenticator_attachment: Attachment::CrossPlatform,
            user_verification: UserVerification::Discouraged,
        }
    }
}

impl Default for Totp {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Default for RecoveryCodes {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Mfa {
    pub(crate) fn check(&self, report: &mut Report) {
        if !crate::check::is_cookie_name(&self.device_trust_cookie_name) {
            report.value("mfa.device_trust_cookie_name", "is not a name that a cookie can have");
        }
        if self.enabled && !self.totp.enabled && !self.security_keys.enabled {
            let message = "no second factor is left: enable mfa.totp or mfa.security_keys, or disable mfa";
            if self.optional {
                report.warn("mfa.enabled", message);
            } else {
                report.conflict("mfa.enabled", message);
            }
        }
    }
}
