//! `security_notifications`: mails after sensitive changes. Spec 10 §6.6.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Mails after sensitive changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct SecurityNotifications {
    /// The occasions.
    pub notifications: Notifications,
}

/// The occasions of security mails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Notifications {
    /// The password was changed.
    #[schemars(extend("x-env" = "PASSWORDUPDATE"))]
    pub password_update: Notification,
    /// The primary address was changed.
    #[schemars(extend("x-env" = "PRIMARYEMAILUPDATE"))]
    pub primary_email_update: Notification,
    /// An address was added.
    #[schemars(extend("x-env" = "EMAILCREATE"))]
    pub email_create: Notification,
    /// An address was removed.
    #[schemars(extend("x-env" = "EMAILDELETE"))]
    pub email_delete: Notification,
    /// A passkey was added.
    #[schemars(extend("x-env" = "PASSKEYCREATE"))]
    pub passkey_create: Notification,
    /// A second factor was added.
    #[schemars(extend("x-env" = "MFACREATE"))]
    pub mfa_create: Notification,
    /// A second factor was removed.
    #[schemars(extend("x-env" = "MFADELETE"))]
    pub mfa_delete: Notification,
}

/// Whether a mail is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Notification {
    /// Send a mail on this occasion.
    pub enabled: bool,
}

impl Default for Notification {
    fn default() -> Self {
        Self { enabled: true }
    }
}
