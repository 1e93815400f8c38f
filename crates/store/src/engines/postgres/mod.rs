//! PostgreSQL: a bounded pool; one connection per transaction and never a second one.
//!
//! READ COMMITTED, rows locked in a fixed order. Writing is a transaction from the first change or lock on; reading is
//! none, because under READ COMMITTED each statement sees its own snapshot anyway. A dedicated connection listens for the other nodes (`listener`).

mod errors;
mod handle;
mod listener;
mod open;
mod tls;
mod together;

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use deadpool_postgres::{Object, Pool, PoolError};
use inkan_base::{SessionId, TenantId};
use tokio::{
    task::JoinHandle,
    time::{Duration, sleep, timeout},
};

pub(crate) use self::handle::PgHandle;
use self::{errors::explain, together::together};
use super::DEFAULT_WAIT;
use crate::{
    Keep, OpenError, StoreError, Tx,
    error::chain,
    meter::Load,
    signals::{Effects, Signals},
    tx::Engine,
};

/// The engine for several nodes.
pub(crate) struct PostgresEngine {
    pool: Pool,
    wait: Duration,
    listener: JoinHandle<()>,
    sweeper: JoinHandle<()>,
}

/// How often connections that are not kept are looked for, unless they are kept for less.
const SWEEP: Duration = Duration::from_secs(5);
const SHORTEST_SWEEP: Duration = Duration::from_millis(100);

impl PostgresEngine {
    pub(crate) async fn open(
        url: &str,
        connections: usize,
        wait: Duration,
        keep: Keep,
        signals: Arc<Signals>,
    ) -> Result<Self, OpenError> {
        let address = open::Address::parse(url)?;
        open::migrate(&address).await?;
        let wait = if wait.is_zero() { DEFAULT_WAIT } else { wait };
        let pool = open::pool(address.clone(), connections.max(1), keep.age)?;
        let listener = tokio::spawn(listener::run(address, signals));
        let sweeper = tokio::spawn(sweep(pool.clone(), keep));
        Ok(Self { pool, wait, listener, sweeper })
    }

    pub(crate) async fn read<T, E: From<StoreError>>(
        &self,
        tenant: TenantId,
        load: &Load,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let client = self.connection().await?;
        let silent = AtomicBool::new(false);
        let handle = PgHandle::reading(&client, &silent, load);
        let mut tx = Tx::new(Engine::Postgres(handle), tenant, false, load);
        let result = work(&mut tx).await;
        let result = tx.checked(result);
        drop(tx);
        self.give_back(client, &silent);
        result
    }

    /// A transaction that is dropped, because its caller is gone or panicked, is rolled back by the driver.
    pub(crate) async fn write<T, E: From<StoreError>>(
        &self,
        tenant: TenantId,
        signals: &Signals,
        load: &Load,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<(T, Vec<SessionId>), E> {
        let client = self.connection().await?;
        let silent = AtomicBool::new(false);
        let result = transact(PgHandle::writing(&client, &silent, load), tenant, load, work).await;
        self.give_back(client, &silent);
        let (value, effects) = result?;
        let ended = effects.ended.clone();
        signals.run(effects);
        Ok((value, ended))
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let client = self.connection().await?;
        let silent = AtomicBool::new(false);
        let asked: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(client.simple_query("SELECT 1"));
        let answers = together(&silent, vec![asked]).await;
        self.give_back(client, &silent);
        answers?.into_iter().try_for_each(|answer| answer.map(drop).map_err(|error| explain(&error)))
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
        self.sweeper.abort();
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
        self.sweeper.abort();
    }
}

/// Closes connections that nobody uses and that are not to be kept.
async fn sweep(pool: Pool, keep: Keep) {
    let within = |limit: Duration, time: Duration| limit.is_zero() || time < limit;
    let limits = [keep.age, keep.idle_time].into_iter().filter(|limit| !limit.is_zero());
    let pause = limits.min().unwrap_or(SWEEP).clamp(SHORTEST_SWEEP, SWEEP);
    loop {
        sleep(pause).await;
        let idle = pool.status().available;
        let mut spare = if keep.idle == 0 { 0 } else { idle.saturating_sub(keep.idle) };
        pool.retain(|_, metrics| {
            let kept = within(keep.age, metrics.age()) && within(keep.idle_time, metrics.last_used());
            if kept && spare > 0 {
                spare -= 1;
                return false;
            }
            kept
        });
    }
}

/// One transaction; the effects are to be run when it has given the connection back.
async fn transact<T, E: From<StoreError>>(
    handle: PgHandle<'_>,
    tenant: TenantId,
    load: &Load,
    work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<(T, Effects), E> {
    let mut tx = Tx::new(Engine::Postgres(handle), tenant, true, load);
    let result = work(&mut tx).await;
    let result = match tx.checked(result) {
        Ok(value) => tx.commit().await.map(|()| value).map_err(E::from),
        Err(error) => Err(error),
    };
    if result.is_err() {
        tx.roll_back().await;
    }
    Ok((result?, tx.effects))
}
