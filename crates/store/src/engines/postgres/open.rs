//! Connecting: URL, pool, migrations.

use std::{str::FromStr, time::Duration};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Metrics, Pool, QueueMode, RecyclingMethod, Runtime,
};
use tokio::time::timeout;
use tokio_postgres::{Client, Config, config::SslMode, error::SqlState};

use super::tls::Tls;
use crate::{OpenError, error::chain, migrations};

/// Key of the advisory lock under which migrations run (any number that nobody else uses).
const MIGRATION_LOCK: i64 = 0x696e_6b61_6e01;

/// How many seconds a node waits for another one that migrates, and a migration for what reads or writes a table.
const TURN: u64 = if cfg!(test) { 3 } else { 30 };

/// How long a connection may take to be made. In the pool less, see there.
const CONNECT: Duration = Duration::from_secs(5);

/// Settings of every pooled connection: nothing may hold rows or a connection for long.
const SETTINGS: &str = "SET statement_timeout = '1500ms'; SET lock_timeout = '1500ms'; SET idle_in_transaction_session_timeout = '10s'; \
    SET default_transaction_isolation = 'read committed'; SET jit = off; SET TimeZone = 'UTC'";

/// Where to connect and how.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) tls: Tls,
}

impl Address {
    /// Reads the URL or the `key=value` pairs.
    pub(super) fn parse(url: &str) -> Result<Self, OpenError> {
        let (url, mode) = without_parameter(url, "sslmode");
        let (url, authorities) = without_parameter(&url, "sslrootcert");
        let mut config = Config::from_str(&url).map_err(|error| OpenError::Url(chain(&error)))?;
        let tls = match mode.as_deref() {
            None | Some("disable" | "allow" | "prefer") => Tls::off(),
            Some("require" | "verify-ca" | "verify-full") => Tls::verified(authorities.as_deref())?,
            Some(other) => return Err(OpenError::Url(format!("there is no sslmode {other}"))),
        };
        config.ssl_mode(if tls.is_on() { SslMode::Require } else { SslMode::Disable });
        if config.get_application_name().is_none() {
            config.application_name("inkan");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        // a server that vanished is noticed by the kernel, also in the middle of an answer
        config.keepalives_idle(Duration::from_secs(30)).tcp_user_timeout(Duration::from_secs(10));
        Ok(Self { config, tls })
    }
}

/// Takes a parameter out of a URL's query or out of `key=value` pairs: the driver does not know it.
fn without_parameter(url: &str, name: &str) -> (String, Option<String>) {
    let is_url = url.contains("://");
    let (head, parameters) = if is_url { url.split_once('?').unwrap_or((url, "")) } else { ("", url) };
    let separator = if is_url { '&' } else { ' ' };
    let mut found = None;
    let mut kept = Vec::new();
    for parameter in parameters.split(separator) {
        match parameter.split_once('=') {
            Some((key, value)) if key.trim() == name => found = Some(value.trim().to_owned()),
            _ => kept.push(parameter),
        }
    }
    let kept = kept.join(&separator.to_string());
    let rest = if is_url && !kept.is_empty() { format!("{head}?{kept}") } else { format!("{head}{kept}") };
    (rest, found)
}

/// The pool; connections are made when they are needed, and replaced at their next use when they are older than `age`.
pub(super) fn pool(address: Address, connections: usize, age: Duration) -> Result<Pool, OpenError> {
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(address.config, address.tls, settings);
    let prepare = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
    });
    let young = Hook::sync_fn(move |_, metrics: &Metrics| {
        if age.is_zero() || metrics.age() < age { Ok(()) } else { Err(HookError::message("too old")) }
    });
    Pool::builder(manager)
        .max_size(connections)
        // The one used last is the warmest, in the caches of the processor too.
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .post_create(prepare)
        .pre_recycle(young)
        .build()
        .map_err(|error| OpenError::Unavailable(chain(&error)))
}

/// Brings the schema up to date; several nodes that start at once take turns.
pub(super) async fn migrate(address: &Address) -> Result<(), OpenError> {
    let unavailable = |error: tokio_postgres::Error| OpenError::Unavailable(chain(&error));
    let connecting = timeout(CONNECT, address.config.connect(address.tls.clone()));
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
    let lock = format!("SET lock_timeout = '{TURN}s'; SELECT pg_advisory_lock({MIGRATION_LOCK})");
    client.batch_execute(&lock).await.map_err(|error| match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => OpenError::Busy { seconds: TURN },
        _ => OpenError::Unavailable(chain(&error)),
    })?;
    let runner = migrations::runner(migrations::POSTGRES)?;
    runner.run_async(client).await.map(drop).map_err(|error| migrations::open_error(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_taken_out() {
        let taken = |url| without_parameter(url, "sslmode");
        let some = Some("verify-full".to_owned());
        assert_eq!(
            taken("postgres://a@h/d?sslmode=verify-full"),
            ("postgres://a@h/d".to_owned(), some.clone())
        );
        assert_eq!(
            taken("postgres://h/d?a=1&sslmode=verify-full&b=2"),
            ("postgres://h/d?a=1&b=2".to_owned(), some.clone())
        );
        assert_eq!(taken("host=h sslmode=verify-full user=u"), ("host=h user=u".to_owned(), some));
        assert_eq!(taken("postgres://h/d"), ("postgres://h/d".to_owned(), None));
    }
}
