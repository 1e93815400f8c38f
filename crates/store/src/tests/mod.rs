//! Tests of the whole store, each on both engines.

mod accounts;
mod audit;
mod fixture;
mod flows;
mod otp_secrets;
mod outbox;
mod passcodes;
pub(crate) mod plans;
mod postgres_only;
mod recovery_codes;
mod removal;
mod schema;
mod second_factor_attempts;
mod sessions;
mod signing_keys;
mod sqlite_only;
mod transactions;
mod trusted_devices;
mod webauthn_challenges;
mod webauthn_credentials;

use fixture::TestStore;
