//! PostgreSQL: a bounded pool; one connection per transaction and never a second one.
//!
//! READ COMMITTED, rows locked in a fixed order. Writing is a transaction; reading is not, because under READ COMMITTED each
//! statement sees its own snapshot anyway. A dedicated connection listens for the other nodes (`listener`).

mod errors;
mod handle;
mod listener;
mod open;
mod tls;

use std::sync::Arc;

use deadpool_postgres::{Object, Pool, PoolError, TimeoutType};
use inkan_base::TenantId;
use tokio::{
    task::JoinHandle,
    time::{Duration, timeout},
};

use self::errors::explain;
pub(crate) use self::handle::PgHandle;
use super::DEFAULT_WAIT;
use crate::{OpenError, StoreError, Tx, error::chain, signals::Signals, tx::Engine};

/// How long a connection test may take.
const PING: Duration = Duration::from_secs(2);

/// The engine for several nodes.
pub(crate) struct PostgresEngine {
    pool: Pool,
    listener: JoinHandle<()>,
}

impl PostgresEngine {
    pub(crate) async fn open(
        url: &str,
        connections: usize,
        wait: Duration,
        signals: Arc<Signals>,
    ) -> Result<Self, OpenError> {
        let address = open::Address::parse(url)?;
        open::migrate(&address).await?;
        let wait = if wait.is_zero() { DEFAULT_WAIT } else { wait };
        let pool = open::pool(address.clone(), connections.max(1), wait)?;
        let listener = tokio::spawn(listener::run(address, signals));
        Ok(Self { pool, listener })
    }

    pub(crate) async fn read<T, E: From<StoreError>>(
        &self,
        tenant: TenantId,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let client = self.connection().await?;
        let mut tx = Tx::new(Engine::Postgres(PgHandle::Client(&client)), tenant, false);
        let result = work(&mut tx).await;
        tx.checked(result)
    }

    /// A transaction that is dropped, because its caller is gone or panicked, is rolled back by the driver.
    pub(crate) async fn write<T, E: From<StoreError>>(
        &self,
        tenant: TenantId,
        signals: &Signals,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut client = self.connection().await?;
        let transaction = client.transaction().await.map_err(|error| explain(&error))?;
        let mut tx = Tx::new(Engine::Postgres(PgHandle::Transaction(&transaction)), tenant, true);
        let result = work(&mut tx).await;
        let result = tx.checked(result);
        let effects = tx.effects;
        match result {
            Ok(value) => {
                transaction.commit().await.map_err(|error| explain(&error))?;
                signals.run(effects);
                Ok(value)
            }
            Err(error) => {
                // the transaction is over for the caller; if even this fails the connection is of no more use anyway
                if let Err(cause) = transaction.rollback().await {
                    tracing::warn!(error = %chain(&cause), "a transaction could not be rolled back");
                }
                Err(error)
            }
        }
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let ask = async {
            let client = self.connection().await?;
            client.simple_query("SELECT 1").await.map(drop).map_err(|error| explain(&error))
        };
        timeout(PING, ask)
            .await
            .map_err(|_| StoreError::Unavailable("the database does not answer".to_owned()))?
    }

    pub(crate) fn close(&self) {
        self.listener.abort();
        self.pool.close();
    }

    async fn connection(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(TimeoutType::Wait) => {
                StoreError::Unavailable("all database connections are in use".to_owned())
            }
            PoolError::Timeout(_) => StoreError::Unavailable("the database does not answer".to_owned()),
            PoolError::Closed => StoreError::Unavailable("the store was closed".to_owned()),
            PoolError::Backend(error) => match explain(&error) {
                StoreError::Unavailable(text) => StoreError::Unavailable(text),
                other => StoreError::Unavailable(other.to_string()),
            },
            other => StoreError::Bug(chain(&other)),
        })
    }
}

impl Drop for PostgresEngine {
    fn drop(&mut self) {
        self.listener.abort();
    }
}
