//! Faults of what the server stands on (spec 14 §10): the database, the disk, the file, the process itself.

mod commits;
mod conflicts;
mod database;
mod disk;
mod file;
mod load;
mod migration;
mod process;

use std::path::Path;

use inkan_bench::place::{Place, as_url};
use inkan_test_support::{PostgresCluster, TestDatabase};
use tokio_postgres::{Client, NoTls};

use crate::support::Engine;

/// For requests that a limit would turn away.
const UNLIMITED: &str = "rate_limiter: { enabled: false }";

/// A test for PostgreSQL alone: `name::postgres`.
macro_rules! on_postgres {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: AppBuilder) $body:block)+) => {$(
        $(#[$meta])*
        async fn $name($app: crate::support::AppBuilder) $body

        mod $name {
            #[test]
            fn postgres() {
                crate::support::run(crate::support::Engine::Postgres, super::$name);
            }
        }
    )+};
}
use on_postgres;

/// The server's program.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_inkan"))
}

/// A place for the program, with accounts whose addresses need not be verified; the database goes with the second.
async fn place(engine: Engine) -> (Place, Option<TestDatabase>) {
    let database = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(PostgresCluster::shared().await.empty_database().await),
    };
    let url = database.as_ref().map(|database| as_url(&database.url()));
    let place = Place::new(program(), url.as_deref()).unwrap();
    (place.set("JWT_ALGORITHM", "ES256").set("EMAIL_REQUIRE_VERIFICATION", "false"), database)
}

/// A connection of the test's own, which ends with the client.
async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// One number.
async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
}
