//! PostgreSQL: a bounded pool; one connection per transaction and never a second one.
//!
//! READ COMMITTED, rows locked in a fixed order. Writing is a transaction; reading is not, because under READ COMMITTED each
//! statement sees its own snapshot anyway. A dedicated connection listens for the other nodes (`listener`).

mod errors;
mod handle;
mod listener;
mod open;
mod tls;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use deadpool_postgres::{ClientWrapper, Object, Pool, PoolError};
use inkan_base::TenantId;
use tokio::{
    task::JoinHandle,
    time::{Duration, timeout},
};

use self::errors::explain;
pub(crate) use self::handle::PgHandle;
use super::DEFAULT_WAIT;
use crate::{
    OpenError, StoreError, Tx,
    error::chain,
    signals::{Effects, Signals},
    tx::Engine,
};

/// A server that answers nothing for so long is taken for gone. Its own time-outs do not help when it hangs or the network
/// swallows packets.
const ANSWER: Duration = Duration::from_secs(2);

/// The engine for several nodes.
pub(crate) struct PostgresEngine {
    pool: Pool,
    wait: Duration,
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
        let pool = open::pool(address.clone(), connections.max(1))?;
        let listener = tokio::spawn(listener::run(address, signals));
        Ok(Self { pool, wait, listener })
    }

    pub(crate) async fn read<T, E: From<StoreError>>(
        &self,
        tenant: TenantId,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let client = self.connection().await?;
        let silent = AtomicBool::new(false);
        let mut tx = Tx::new(Engine::Postgres(PgHandle::client(&client, &silent)), tenant, false);
        let result = work(&mut tx).await;
        let result = tx.checked(result);
        self.give_back(client, &silent);
        result
    }

    /// A transaction that is dropped, because its caller is gone or panicked, is rolled back by the driver.
    pub(crate) async fn write<T, E: From<StoreError>>(
        &self,
        tenant: TenantId,
        signals: &Signals,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut client = self.connection().await?;
        let silent = AtomicBool::new(false);
        let result = transact(&mut client, tenant, &silent, work).await;
        self.give_back(client, &silent);
        let (value, effects) = result?;
        signals.run(effects);
        Ok(value)
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let client = self.connection().await?;
        let silent = AtomicBool::new(false);
        let answer = answered(&silent, client.simple_query("SELECT 1")).await;
        self.give_back(client, &silent);
        answer.map(drop)
    }

    /// A connection that owes an answer is closed, and so are the idle ones, which lead to the same server.
    fn give_back(&self, client: Object, silent: &AtomicBool) {
        if silent.load(Ordering::Relaxed) {
            drop(Object::take(client));
            self.pool.retain(|_, _| false);
        }
    }

    pub(crate) fn close(&self) {
        self.listener.abort();
        self.pool.close();
    }

    /// In bounded time, also if a new connection has to be made.
    async fn connection(&self) -> Result<Object, StoreError> {
        let unavailable = |text: &str| StoreError::Unavailable(text.to_owned());
        let taken = match timeout(self.wait, self.pool.get()).await {
            Ok(taken) => taken,
            Err(_) if self.pool.status().available == 0 && self.pool.status().size > 0 => {
                return Err(unavailable("all database connections are in use"));
            }
            Err(_) => return Err(unavailable("the database does not answer")),
        };
        taken.map_err(|error| match error {
            PoolError::Timeout(_) => unavailable("the database does not answer"),
            PoolError::Closed => unavailable("the store was closed"),
            PoolError::Backend(error) => match explain(&error) {
                StoreError::Unavailable(text) => StoreError::Unavailable(text),
                other => StoreError::Unavailable(other.to_string()),
            },
            PoolError::PostCreateHook(error) => StoreError::Unavailable(chain(&error)),
            error @ PoolError::NoRuntimeSpecified => StoreError::Bug(chain(&error)),
        })
    }
}

impl Drop for PostgresEngine {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// One transaction; the effects are to be run when it has given the connection back.
async fn transact<T, E: From<StoreError>>(
    client: &mut ClientWrapper,
    tenant: TenantId,
    silent: &AtomicBool,
    work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<(T, Effects), E> {
    let transaction = answered(silent, client.transaction()).await?;
    let mut tx = Tx::new(Engine::Postgres(PgHandle::transaction(&transaction, silent)), tenant, true);
    let result = work(&mut tx).await;
    let result = tx.checked(result);
    let effects = tx.effects;
    match result {
        Ok(value) => {
            answered(silent, transaction.commit()).await?;
            Ok((value, effects))
        }
        Err(error) => {
            // the transaction is over for the caller; if even this fails the connection is of no more use anyway
            if !silent.load(Ordering::Relaxed)
                && let Err(cause) = answered(silent, transaction.rollback()).await
            {
                tracing::warn!(error = %cause, "a transaction could not be rolled back");
            }
            Err(error)
        }
    }
}

/// Waits for an answer of the server, but not for ever; `silent` is set if none came.
async fn answered<T>(
    silent: &AtomicBool,
    asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, StoreError> {
    if let Ok(answer) = timeout(ANSWER, asked).await {
        return answer.map_err(|error| explain(&error));
    }
    silent.store(true, Ordering::Relaxed);
    Err(StoreError::Unavailable("the database does not answer".to_owned()))
}
