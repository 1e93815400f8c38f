//! The catalogue of mails (spec 11 §6.3).

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// The code for signing in.
    Login,
    /// The code for recovering an account.
    Recovery,
    /// The code that proves an address.
    EmailVerification,
    /// Somebody tried to sign in with an address that has no account. Carries no code.
    EmailLoginAttempted,
    /// Somebody tried to register an address that has an account. Carries no code.
    EmailRegistrationAttempted,
    /// The password was changed.
    PasswordUpdate,
    /// The primary address was changed; goes to the old one.
    PrimaryEmailUpdate,
    /// An address was added.
    EmailCreate,
    /// An address was removed.
    EmailDelete,
    /// A passkey was added.
    PasskeyCreate,
    /// A second factor was added.
    MfaCreate,
    /// A second factor was removed.
    MfaDelete,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Login,
        Self::Recovery,
        Self::EmailVerification,
        Self::EmailLoginAttempted,
        Self::EmailRegistrationAttempted,
        Self::PasswordUpdate,
        Self::PrimaryEmailUpdate,
        Self::EmailCreate,
        Self::EmailDelete,
        Self::PasskeyCreate,
        Self::MfaCreate,
        Self::MfaDelete,
    ];

    /// Its name on the wire and in configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Recovery => "recovery",
            Self::EmailVerification => "email_verification",
            Self::EmailLoginAttempted => "email_login_attempted",
            Self::EmailRegistrationAttempted => "email_registration_attempted",
            Self::PasswordUpdate => "password_update",
            Self::PrimaryEmailUpdate => "primary_email_update",
            Self::EmailCreate => "email_create",
            Self::EmailDelete => "email_delete",
            Self::PasskeyCreate => "passkey_create",
            Self::MfaCreate => "mfa_create",
            Self::MfaDelete => "mfa_delete",
        }
    }

    /// Whether the mail carries a one-time code.
    #[must_use]
    pub const fn has_code(self) -> bool {
        matches!(self, Self::Login | Self::Recovery | Self::EmailVerification)
    }

    /// Whether this is a security notification about a change that was made.
    #[must_use]
    pub const fn is_notification(self) -> bool {
        !self.has_code() && !matches!(self, Self::EmailLoginAttempted | Self::EmailRegistrationAttempted)
    }

    /// The member `type` of the webhook `email.send`; notifications share one and put their name into `data.template`.
    #[must_use]
    pub const fn webhook_type(self) -> &'static str {
        if self.is_notification() { "security_notification" } else { self.as_str() }
    }
}

impl fmt::Display for MailKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
