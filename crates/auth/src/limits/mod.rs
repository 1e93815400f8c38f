//! How often something may be tried (spec 01, section 19; spec 11, section 3).
//!
//! Three kinds of budgets: the configured ones per client and target, which can be switched off; fixed ones per account and
//! per recipient, whatever the client, against guessing and mail bombing from many addresses (spec 01, W19); and a detector
//! of credential stuffing.

mod stuffing;
mod window;

use std::time::Duration;

use inkan_base::UserId;
use inkan_config::{Config, RateLimiter};

use crate::Context;
use stuffing::Stuffing;
use window::Windows;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Identifiers that one client may submit in a minute.
pub const IDENTIFIERS_PER_CLIENT: u32 = 60;
/// Codes that are sent to one address in an hour, whoever asks.
pub const MAILS_PER_RECIPIENT: u32 = 20;
/// Codes that one client may have sent in an hour, to whatever address.
pub const MAILS_PER_CLIENT: u32 = 200;
/// Wrong codes for one address in a day: a chance of less than 1 in 10,000 to guess one of six digits (spec 14, s013).
pub const WRONG_CODES_PER_ADDRESS: u32 = 90;
/// Wrong passwords for one identifier in an hour, from clients that never signed in to the account.
pub const WRONG_PASSWORDS_PER_IDENTIFIER: u32 = 100;

/// Refused: the budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whole seconds until there is a new budget, rounded down.
    pub retry_after: u64,
}

/// What is limited per client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Submitting an identifier.
    Identify,
    /// Trying a password for an identifier.
    Password,
    /// Having a code sent to an address.
    SendPasscode,
}

/// All budgets of this process.
pub struct Limits {
    config: RateLimiter,
    windows: Windows,
    stuffing: Stuffing,
}

impl Limits {
    /// Full budgets.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            config: config.rate_limiter.clone(),
            windows: Windows::default(),
            stuffing: Stuffing::default(),
        }
    }

    /// Takes from the budgets of the client for an operation on `target`.
    ///
    /// # Errors
    /// [`Refused`] when one of them is used up.
    pub fn take(&self, cx: &Context, operation: Operation, target: &str) -> Result<(), Refused> {
        if !self.config.enabled {
            return Ok(());
        }
        let client = cx.client_key();
        match operation {
            Operation::Identify => self.take_one(cx, &["identify", &client], IDENTIFIERS_PER_CLIENT, MINUTE),
            Operation::Password => {
                let limit = &self.config.password_limits;
                self.take_one(cx, &["password", &client, target], limit.tokens, limit.interval)
            }
            Operation::SendPasscode => {
                let limit = &self.config.passcode_limits;
                self.take_one(cx, &["passcode", &client, target], limit.tokens, limit.interval)?;
                self.take_one(cx, &["mails_of_client", &client], MAILS_PER_CLIENT, HOUR)?;
                self.take_one(cx, &["mails_to", target], MAILS_PER_RECIPIENT, HOUR)
            }
        }
    }

    fn take_one(&self, cx: &Context, key: &[&str], tokens: u32, interval: Duration) -> Result<(), Refused> {
        self.windows.take(cx.tenant, key, tokens, interval, cx.now)
    }

    /// Whether another code may be tried for this address.
    ///
    /// # Errors
    /// [`Refused`] after too many wrong ones.
    pub fn admit_code(&self, cx: &Context, address: &str) -> Result<(), Refused> {
        self.windows.look(cx.tenant, &["wrong_codes", address], WRONG_CODES_PER_ADDRESS, DAY, cx.now)
    }

    /// A wrong code was entered for this address.
    pub fn code_failed(&self, cx: &Context, address: &str) {
        // The answer was looked at before; here it only counts.
        let _ = self.take_one(cx, &["wrong_codes", address], WRONG_CODES_PER_ADDRESS, DAY);
    }

    /// Whether a password may be tried for this identifier. A client that signed in to the account before (`known`) is let
    /// through, so that an attacker cannot lock the owner out (spec 14, s034).
    ///
    /// # Errors
    /// [`Refused`] after too many wrong ones, or while a credential-stuffing attack goes on.
    pub fn admit_guess(&self, cx: &Context, identifier: &str, known: bool) -> Result<(), Refused> {
        if known {
            return Ok(());
        }
        let key = ["wrong_passwords", identifier];
        self.windows.look(cx.tenant, &key, WRONG_PASSWORDS_PER_IDENTIFIER, HOUR, cx.now)?;
        if self.config.enabled { self.stuffing.admit(cx.now) } else { Ok(()) }
    }

    /// A wrong password was entered for this identifier.
    pub fn guess_failed(&self, cx: &Context, identifier: &str) {
        let _ = self.take_one(cx, &["wrong_passwords", identifier], WRONG_PASSWORDS_PER_IDENTIFIER, HOUR);
        self.stuffing.failed(identifier, cx.now);
    }

    /// The right password was entered: this client is known for this account from now on.
    pub fn guess_succeeded(&self, cx: &Context, user: UserId) {
        self.stuffing.succeeded(cx.now);
        self.windows.remember(cx.tenant, &["known", &user.to_string(), &cx.client_key()], cx.now);
    }

    /// Whether this client signed in to this account before.
    #[must_use]
    pub fn is_known(&self, cx: &Context, user: UserId) -> bool {
        self.windows.remembers(cx.tenant, &["known", &user.to_string(), &cx.client_key()], cx.now)
    }
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
