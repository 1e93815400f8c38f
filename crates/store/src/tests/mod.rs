//! Tests of the whole store, each on both engines.

mod accounts;
mod audit;
mod fixture;
mod flows;
mod outbox;
mod passcodes;
pub(crate) mod plans;
mod postgres_only;
mod schema;
mod sessions;
mod signing_keys;
mod sqlite_only;
mod transactions;

use fixture::TestStore;
