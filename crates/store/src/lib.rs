//! All persistence: accounts, credentials, flows, sessions, keys, audit records and the outbox, on SQLite and PostgreSQL.
//!
//! - [`Store`] opens and migrates a database and runs transactions: [`Store::read`], [`Store::write`].
//! - [`Tx`] is one transaction of one tenant; its methods give the aggregates ([`Tx::users`], [`Tx::flows`], …), which take
//!   and return domain structs. No row type and no driver type leaks.
//! - `sql` adapts values and statements, so that each statement is written once for both engines.
//! - `engines` holds what differs: group commit and readers on SQLite, the pool and `LISTEN` on PostgreSQL.
//!
//! A transaction is a closure: `Ok` commits, `Err` rolls back. Inside it only `tx` is awaited. Time and randomness are bound
//! parameters, never SQL functions.

mod aggregates;
mod engines;
mod error;
mod maintenance;
mod meter;
mod migrations;
mod signals;
mod sql;
mod store;
mod tx;

#[cfg(test)]
mod tests;

pub use aggregates::{
    accounts::{Account, Accounts, Factors},
    audit::{Audit, AuditRecord},
    emails::{Email, Emails},
    flows::{FlowRow, Flows},
    meta::Meta,
    otp_secrets::{OtpSecret, OtpSecrets},
    outbox::{NewOutboxMessage, Outbox, OutboxMessage, OutboxState},
    passcodes::{Attempt, Passcode, Passcodes},
    passwords::{Password, Passwords},
    recovery_codes::{RECOVERY_CODES, RecoveryCodes},
    second_factor_attempts::{AskedGuess, Guess, GuessBudget, SecondFactorAttempts},
    sessions::{Session, Sessions},
    signing_keys::{SigningKey, SigningKeys},
    trusted_devices::{TrustedDevice, TrustedDevices},
    usernames::{Username, Usernames},
    users::{User, Users},
    webauthn_challenges::{
        ALLOWED_CREDENTIALS, ChallengeState, WebauthnChallenge, WebauthnChallenges, WebauthnOperation,
    },
    webauthn_credentials::{BackupFlags, CredentialUse, WebauthnCredential, WebauthnCredentials},
};
pub use error::{OpenError, StoreError};
pub use maintenance::CleanedUp;
pub use meter::{Activity, Spent, Usage, counted, measured};
pub use signals::SessionEvent;
pub use store::{Keep, Store, StoreOptions};
pub use tx::{Question, Tx};
