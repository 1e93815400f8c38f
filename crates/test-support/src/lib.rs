//! For tests: temporary SQLite files, databases of a private PostgreSQL cluster, and an authenticator in software.
//!
//! - [`temporary_directory`]: where a test's SQLite file lives (in memory where there is `/dev/shm`).
//! - [`PostgresCluster`]: a cluster of this test process, or the one that the environment names; [`PostgresCluster::database`]
//!   copies a migrated template for each test.
//! - [`FaultProxy`]: a network between server and database that fails when told to.
//! - [`authenticator`]: makes and uses WebAuthn credentials, also wrongly.
//! - [`engines!`]: compiles tests once per storage engine.
//!
//! Everything here may panic: it runs in tests only.

#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a test that cannot get its database or its keys has failed"
)]

pub mod authenticator;
mod cluster;
mod database;
mod proxy;

pub use cluster::{Durability, PostgresCluster};
pub use database::TestDatabase;
pub use proxy::{Cut, Fault, FaultProxy};
pub use tempfile::TempDir;

/// A temporary directory, in memory if the system has one there. Removed when dropped.
///
/// # Panics
/// If it cannot be created.
#[must_use]
pub fn temporary_directory() -> TempDir {
    let mut builder = tempfile::Builder::new();
    builder.prefix("inkan-test-");
    builder.tempdir_in("/dev/shm").or_else(|_| builder.tempdir()).expect("a temporary directory")
}

/// Compiles each test once per storage engine, in the modules `sqlite` and `postgres`.
///
/// `$fixture` has the constructors `async fn sqlite() -> Self` and `async fn postgres() -> Self`; a test is an `async fn` that
/// takes the fixture. A test that is forgotten in the list is reported as dead code.
///
/// ```text
/// inkan_test_support::engines!(TestStore: users_are_found, sessions_are_trimmed);
/// async fn users_are_found(store: TestStore) {}
/// ```
#[macro_export]
macro_rules! engines {
    ($fixture:ident: $($test:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(super::$fixture::sqlite().await).await;
                }
            )+
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(super::$fixture::postgres().await).await;
                }
            )+
        }
    };
}
