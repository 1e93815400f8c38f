//! Opening a database and running transactions on it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use inkan_base::{Clock, SessionId, TenantId};
use tokio::sync::{Notify, broadcast};

use crate::{
    OpenError, SessionEvent, StoreError, Tx,
    engines::{postgres::PostgresEngine, sqlite::SqliteEngine},
    meter::{Load, Meter, Usage},
    signals::Signals,
    sql::{Sql, params},
};

/// A proof older than this does not count (heartbeats come every 300 ms, on SQLite every 500 ms).
const PROOF: Duration = Duration::from_millis(1200);

/// Which database to open.
#[derive(Clone, Debug)]
pub enum StoreOptions {
    /// An embedded database.
    Sqlite {
        /// The database file. It is created, with its directory, if it does not exist.
        path: PathBuf,
    },
    /// A database server.
    Postgres {
        /// `postgres://user:password@host/database` or `key=value` pairs.
        url: String,
        /// Upper bound of connections.
        pool: usize,
        /// How long a transaction waits for a connection; zero means 2 s.
        wait: Duration,
        /// Which connections are kept.
        keep: Keep,
    },
}

/// Which connections are kept open. Zero: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// How many that nobody uses.
    pub idle: usize,
    /// Until which age.
    pub age: Duration,
    /// How long one that nobody uses.
    pub idle_time: Duration,
}

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    engine: Engine,
    signals: Arc<Signals>,
    clock: Arc<dyn Clock>,
    meter: Meter,
}

enum Engine {
    Sqlite(SqliteEngine),
    Postgres(PostgresEngine),
}

impl Store {
    /// Opens the database for a server and migrates it. A second server on the same SQLite file is refused.
    ///
    /// # Errors
    /// [`OpenError`]: in use, damaged, migrated by a newer version, not reachable.
    pub async fn open(options: StoreOptions, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_with(options, false, clock).await
    }

    /// Opens the database for a command that may run beside a server; migrates only if no server runs.
    ///
    /// # Errors
    /// As [`Self::open`]; [`OpenError::OlderSchema`] if the running server is older than this program.
    pub async fn open_beside_server(options: StoreOptions, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_with(options, true, clock).await
    }

    async fn open_with(
        options: StoreOptions,
        shared: bool,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let signals = Arc::new(Signals::new());
        let engine = match options {
            StoreOptions::Sqlite { path } => {
                Engine::Sqlite(SqliteEngine::open(path, shared, signals.clone()).await?)
            }
            StoreOptions::Postgres { url, pool, wait, keep } => {
                Engine::Postgres(PostgresEngine::open(&url, pool, wait, keep, signals.clone()).await?)
            }
        };
        Ok(Self(Arc::new(Inner { engine, signals, clock, meter: Meter::default() })))
    }

    /// Runs a closure that only reads. On SQLite it sees one snapshot, on PostgreSQL each statement sees what is committed.
    ///
    /// # Errors
    /// What the closure answers; [`StoreError::Unavailable`] if no connection is free in time.
    pub async fn read<T, E: From<StoreError>>(
        &self,
        tenant: TenantId,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let running = self.0.meter.read();
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.read(tenant, &running.load, work).await,
            Engine::Postgres(engine) => engine.read(tenant, &running.load, work).await,
        }
    }

    /// Runs a closure as one transaction: `Ok` commits, `Err` and a panic roll back. When this returns `Ok`, the commit is on
    /// disk. Inside the closure only `tx` may be awaited. What a statement does may become an error only when something is read
    /// after it, or at the commit.
    ///
    /// # Errors
    /// What the closure answers; [`StoreError::Unavailable`] if there is no turn in time or the commit failed;
    /// [`StoreError::Retry`] if the transaction was rolled back because of another one.
    pub async fn write<T, E: From<StoreError>>(
        &self,
        tenant: TenantId,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write_ending(tenant, work).await.map(|(value, _)| value)
    }

    /// Like [`Store::write`], and tells which sessions ended by it.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_ending<T, E: From<StoreError>>(
        &self,
        tenant: TenantId,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<(T, Vec<SessionId>), E> {
        let running = self.0.meter.write();
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.write(tenant, &running.load, work).await,
            Engine::Postgres(engine) => engine.write(tenant, &self.0.signals, &running.load, work).await,
        }
    }

    /// Asks the database something, in bounded time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new("SELECT count(*) FROM tenants");
        match &self.0.engine {
            Engine::Sqlite(engine) => {
                let work = async |tx: &mut Tx<'_>| tx.query(&SQL, params![]).await.map(drop);
                engine.read(TenantId::DEFAULT, &Load::default(), work).await
            }
            Engine::Postgres(engine) => engine.ping().await,
        }
    }

    /// Notified after a commit that added outbox rows, here or on another node. One waiter is woken.
    #[must_use]
    pub fn outbox_wakeups(&self) -> Arc<Notify> {
        self.0.signals.outbox()
    }

    /// What makes cached sessions invalid, told after the commit. A receiver that is too slow gets `Lagged` and must empty
    /// its cache. An ended session may be told twice.
    #[must_use]
    pub fn session_events(&self) -> broadcast::Receiver<SessionEvent> {
        self.0.signals.subscribe()
    }

    /// Whether events of other nodes and processes are known to arrive. While they are not, sessions must not be taken from
    /// a cache; when they do again, [`SessionEvent::Flush`] was sent before.
    #[must_use]
    pub fn session_events_alive(&self) -> bool {
        self.0.signals.proven_within(PROOF)
    }

    /// Finishes what is under way and closes the database; later calls answer [`StoreError::Unavailable`].
    pub async fn close(&self) {
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.close().await,
            Engine::Postgres(engine) => engine.close(),
        }
        self.0.signals.disprove();
    }

    /// What was done on this database since it was opened.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.0.meter.usage()
    }

    /// Whether no other server can be at work on this database.
    pub(crate) fn has_one_server(&self) -> bool {
        matches!(self.0.engine, Engine::Sqlite(_))
    }

    /// The clock that the store was opened with.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }
}

#[cfg(test)]
impl Store {
    /// Closes SQLite's reading connections.
    pub(crate) fn lose_readers(&self) {
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.lose_readers(),
            Engine::Postgres(_) => panic!("only files have readers"),
        }
    }

    /// Lets the SQLite file grow to this many pages only.
    pub(crate) async fn limit_pages(&self, pages: u32) {
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.limit_pages(pages).await,
            Engine::Postgres(_) => panic!("only files have pages"),
        }
    }
}
