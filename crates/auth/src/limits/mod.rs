//! How often something may be tried (spec 01, section 19; spec 11, section 3).
//!
//! - Budgets per client and target, configured, which can be switched off.
//! - Fixed budgets per account and per recipient, whatever the client, against guessing and mail bombing from many addresses
//!   (spec 01, W19). A client that signed in to the account before has its own, so that nobody can lock the owner out.
//! - A detector of credential stuffing.
//!
//! Each kind has its own bounded memory: a flood of one cannot wash out another.

mod known;
mod stuffing;
mod window;

use std::time::Duration;

use inkan_base::UserId;
use inkan_config::{Config, RateLimiter};
use metrics::Counter;

use crate::{
    Context,
    metrics::{Metrics, catalogue::LIMITER_REFUSALS},
};
use known::KnownClients;
use stuffing::Stuffing;
use window::Windows;

const MINUTE: Duration = Duration::from_mins(1);
const TEN_MINUTES: Duration = Duration::from_mins(10);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Flows that one client may begin to work on in a minute.
pub const FLOWS_PER_CLIENT: u32 = 600;
/// Identifiers that one client may submit in a minute.
pub const IDENTIFIERS_PER_CLIENT: u32 = 120;
/// Codes that one client may enter for one address in a minute, right ones included.
pub const CODES_PER_CLIENT: u32 = 30;
/// Answers of authenticators that one client may have verified in a minute.
pub const AUTHENTICATIONS_PER_CLIENT: u32 = 120;
/// Codes that are sent to one address in an hour, whoever asks.
pub const MAILS_PER_RECIPIENT: u32 = 20;
/// Codes that one client may have sent in an hour, to whatever address.
pub const MAILS_PER_CLIENT: u32 = 200;
/// Wrong codes for one address in a day: a chance of less than 1 in 10,000 to guess one of six digits (spec 14, s013).
pub const WRONG_CODES_PER_ADDRESS: u32 = 90;
/// Wrong passwords for one account in an hour.
pub const WRONG_PASSWORDS_PER_ACCOUNT: u32 = 100;
/// Wrong passwords from one client in ten minutes, for whatever account.
pub const WRONG_PASSWORDS_PER_CLIENT: u32 = 50;

/// Refused: the budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whole seconds until there is a new budget, rounded down.
    pub retry_after: u64,
}

/// What is limited per client by the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Beginning to work on a flow; the next action stores it.
    Begin,
    /// Submitting an identifier.
    Identify,
    /// Trying a password for an identifier.
    Password,
    /// Having a code sent to an address.
    SendPasscode,
    /// Trying a second factor for an account.
    Otp,
    /// Answering a challenge with an authenticator.
    Authenticate,
    /// Proving an authenticator app that is being set up.
    Enrol,
}

/// All budgets of this process.
pub struct Limits {
    config: RateLimiter,
    clients: Windows,
    targets: Windows,
    known: KnownClients,
    stuffing: Stuffing,
    refusals: [Counter; Budget::ALL.len()],
}

/// What is used up when something is refused.
#[derive(Clone, Copy)]
enum Budget {
    Begin,
    Identify,
    Password,
    Passcode,
    SecondFactor,
    Authenticate,
    ClientMails,
    RecipientMails,
    ClientCodes,
    AddressCodes,
    ClientGuesses,
    AccountGuesses,
    Stuffing,
}

impl Budget {
    /// With the names in the metrics, in their order.
    const ALL: [&'static str; 13] = [
        "flows_of_client",
        "identifiers_of_client",
        "passwords_of_client_for_identifier",
        "passcodes_of_client_for_address",
        "second_factors_of_client_for_account",
        "authenticators_of_client",
        "passcodes_of_client",
        "passcodes_for_address",
        "codes_of_client_for_address",
        "codes_for_address",
        "wrong_passwords_of_client",
        "wrong_passwords_for_account",
        "credential_stuffing",
    ];
}

impl Limits {
    /// Full budgets.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            config: config.rate_limiter.clone(),
            clients: Windows::default(),
            targets: Windows::default(),
            known: KnownClients::default(),
            stuffing: Stuffing::default(),
            refusals: Budget::ALL.map(|_| Counter::noop()),
        }
    }

    /// With refusals counted.
    #[must_use]
    pub(crate) fn counted(mut self, metrics: &Metrics) -> Self {
        self.refusals = Budget::ALL.map(|budget| metrics.counter(LIMITER_REFUSALS, &[budget]));
        self
    }

    fn count(&self, budget: Budget, result: Result<(), Refused>) -> Result<(), Refused> {
        if let (Err(_), Some(counter)) = (result, self.refusals.get(budget as usize)) {
            counter.increment(1);
        }
        result
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
        let take = |budget, key: &[&str], tokens, interval| {
            self.count(budget, self.clients.take(cx.tenant, key, tokens, interval, cx.now))
        };
        match operation {
            Operation::Begin => take(Budget::Begin, &["begin", &client], FLOWS_PER_CLIENT, MINUTE),
            Operation::Identify => {
                take(Budget::Identify, &["identify", &client], IDENTIFIERS_PER_CLIENT, MINUTE)
            }
            Operation::Password => {
                let limit = &self.config.password_limits;
                take(Budget::Password, &["password", &client, target], limit.tokens, limit.interval)
            }
            Operation::Otp => {
                let limit = &self.config.otp_limits;
                take(Budget::SecondFactor, &["otp", &client, target], limit.tokens, limit.interval)
            }
            Operation::Authenticate => {
                take(Budget::Authenticate, &["authenticate", &client], AUTHENTICATIONS_PER_CLIENT, MINUTE)
            }
            Operation::Enrol => take(Budget::SecondFactor, &["enrol", &client], CODES_PER_CLIENT, MINUTE),
            Operation::SendPasscode => {
                let limit = &self.config.passcode_limits;
                take(Budget::Passcode, &["passcode", &client, target], limit.tokens, limit.interval)?;
                take(Budget::ClientMails, &["mails", &client], MAILS_PER_CLIENT, HOUR)
            }
        }
    }

    /// Takes from the budget of a recipient of codes. Always on.
    ///
    /// # Errors
    /// [`Refused`] when it is used up.
    pub fn take_mail(&self, cx: &Context, address: &str, user: Option<UserId>) -> Result<(), Refused> {
        let known = self.is_known(cx, user);
        let taken = self.take_target(cx, "mails", address, known, (MAILS_PER_RECIPIENT, HOUR));
        self.count(Budget::RecipientMails, taken)
    }

    /// Takes from the budgets of guessing a code for this address, before it is compared. Always on.
    ///
    /// # Errors
    /// [`Refused`] when one is used up.
    pub fn take_code(&self, cx: &Context, address: &str, user: Option<UserId>) -> Result<(), Refused> {
        let key = ["codes", &cx.client_key(), address];
        let taken = self.clients.take(cx.tenant, &key, CODES_PER_CLIENT, MINUTE, cx.now);
        self.count(Budget::ClientCodes, taken)?;
        let known = self.is_known(cx, user);
        let taken = self.take_target(cx, "codes", address, known, (WRONG_CODES_PER_ADDRESS, DAY));
        self.count(Budget::AddressCodes, taken)
    }

    /// The code was right: it does not count as a guess.
    pub fn give_back_code(&self, cx: &Context, address: &str, user: Option<UserId>) {
        self.give_back_target(cx, "codes", address, self.is_known(cx, user));
    }

    /// Takes from the budgets of guessing a password for `account` (its id, or the identifier if there is none), before it is
    /// compared.
    ///
    /// # Errors
    /// [`Refused`] when one is used up, or while a credential-stuffing attack goes on.
    pub fn take_guess(&self, cx: &Context, account: &str, user: Option<UserId>) -> Result<(), Refused> {
        let known = self.is_known(cx, user);
        if !known && self.config.enabled {
            self.count(Budget::Stuffing, self.stuffing.admit(cx))?;
            let key = ["guesses", &cx.client_key()];
            let taken = self.clients.take(cx.tenant, &key, WRONG_PASSWORDS_PER_CLIENT, TEN_MINUTES, cx.now);
            self.count(Budget::ClientGuesses, taken)?;
        }
        let taken = self.take_target(cx, "guesses", account, known, (WRONG_PASSWORDS_PER_ACCOUNT, HOUR));
        self.count(Budget::AccountGuesses, taken)?;
        // Counts as failed until it is known to be right, so that parallel guesses count.
        self.stuffing.failed(cx, account);
        Ok(())
    }

    /// The password was right: it does not count as a guess.
    pub fn give_back_guess(&self, cx: &Context, account: &str, user: Option<UserId>) {
        let known = self.is_known(cx, user);
        self.give_back_target(cx, "guesses", account, known);
        if !known {
            self.clients.give_back(cx.tenant, &["guesses", &cx.client_key()], cx.now);
        }
        self.stuffing.succeeded(cx, account);
    }

    /// Somebody signed in to this account: the client is known for it from now on.
    pub fn signed_in(&self, cx: &Context, user: UserId) {
        self.known.remember(cx, user);
    }

    /// Whether this client signed in to this account before.
    #[must_use]
    pub fn is_known(&self, cx: &Context, user: Option<UserId>) -> bool {
        user.is_some_and(|user| self.known.remembers(cx, user))
    }

    fn take_target(
        &self,
        cx: &Context,
        what: &str,
        target: &str,
        known: bool,
        (tokens, interval): (u32, Duration),
    ) -> Result<(), Refused> {
        let own = if known { cx.client_key() } else { String::new() };
        self.targets.take(cx.tenant, &[what, target, &own], tokens, interval, cx.now)
    }

    fn give_back_target(&self, cx: &Context, what: &str, target: &str, known: bool) {
        let own = if known { cx.client_key() } else { String::new() };
        self.targets.give_back(cx.tenant, &[what, target, &own], cx.now);
    }
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
