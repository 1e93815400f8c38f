//! Connecting: URL, pool, migrations.

use std::{str::FromStr, time::Duration};

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls, config::SslMode};

use crate::{OpenError, error::chain, migrations};

/// Key of the advisory lock under which migrations run (any number that nobody else uses).
const MIGRATION_LOCK: i64 = 0x696e_6b61_6e01;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// Settings of every pooled connection: nothing may hold rows or a connection for long.
const SETTINGS: &str = "SET statement_timeout = '5s'; SET idle_in_transaction_session_timeout = '10s'; \
    SET default_transaction_isolation = 'read committed'; SET jit = off; SET TimeZone = 'UTC'";

/// Reads the URL.
pub(super) fn config(url: &str) -> Result<Config, OpenError> {
    if url.contains("sslmode=verify") {
        return Err(OpenError::Tls("sslmode verify-ca and verify-full are not supported".to_owned()));
    }
    let mut config = Config::from_str(url).map_err(|error| OpenError::Url(chain(&error)))?;
    match config.get_ssl_mode() {
        SslMode::Disable | SslMode::Prefer => config.ssl_mode(SslMode::Disable),
        _ => return Err(OpenError::Tls("sslmode require is not supported".to_owned())),
    };
    if config.get_application_name().is_none() {
        config.application_name("inkan");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    Ok(config)
}

/// The pool; connections are made when they are needed.
pub(super) fn pool(config: Config, connections: usize, wait: Duration) -> Result<Pool, OpenError> {
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, NoTls, settings);
    let prepare = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
    });
    Pool::builder(manager)
        .max_size(connections)
        .wait_timeout(Some(wait))
        .create_timeout(Some(CONNECT))
        .runtime(Runtime::Tokio1)
        .post_create(prepare)
        .build()
        .map_err(|error| OpenError::Unavailable(chain(&error)))
}

/// Brings the schema up to date; several nodes that start at once take turns.
pub(super) async fn migrate(config: &Config) -> Result<(), OpenError> {
    let unavailable = |error: tokio_postgres::Error| OpenError::Unavailable(chain(&error));
    let connecting = timeout(CONNECT, config.connect(NoTls));
    let (mut client, connection) = connecting
        .await
        .map_err(|_| OpenError::Unavailable("the server does not answer".to_owned()))?
        .map_err(unavailable)?;
    let driver = tokio::spawn(connection);
    let result = migrate_on(&mut client).await;
    drop(client); // gives the lock back
    let _ = driver.await;
    result
}

async fn migrate_on(client: &mut Client) -> Result<(), OpenError> {
    let lock = format!("SELECT pg_advisory_lock({MIGRATION_LOCK})");
    client.batch_execute(&lock).await.map_err(|error| OpenError::Unavailable(chain(&error)))?;
    let runner = migrations::runner(migrations::POSTGRES)?;
    runner.run_async(client).await.map(drop).map_err(|error| migrations::open_error(&error))
}
