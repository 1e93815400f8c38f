//! SQLite: one writer with group commit, some readers, all in this process.
//!
//! The database is in WAL mode with `synchronous=FULL`: what was acknowledged survives a power failure. Statements run in place
//! (tens of microseconds), only `COMMIT` goes to a blocking thread.

mod connection;
mod open;
mod readers;
mod writer;

use std::{fs::File, path::PathBuf, sync::Arc};

use inkan_base::{SessionId, TenantId};
use tokio::{
    task::JoinHandle,
    time::{Duration, Instant, interval, timeout},
};

pub(crate) use self::connection::SqliteConnection;
use self::{open::Opened, readers::Readers, writer::Writer};
use super::DEFAULT_WAIT;
use crate::{OpenError, SessionEvent, StoreError, Tx, meter::Load, signals::Signals};

/// How often other processes' writes are looked for.
const WATCH: Duration = Duration::from_millis(500);

/// The embedded engine.
pub(crate) struct SqliteEngine {
    writer: Writer,
    readers: Readers,
    watch: JoinHandle<()>,
    /// Held as long as the store is open.
    lock: std::sync::Mutex<Option<File>>,
}

impl SqliteEngine {
    /// Opens and migrates the file; `shared`: beside a running server.
    pub(crate) async fn open(path: PathBuf, shared: bool, signals: Arc<Signals>) -> Result<Self, OpenError> {
        let file = path.clone();
        let opened = tokio::task::spawn_blocking(move || open::open(&path, shared))
            .await
            .map_err(|error| OpenError::Unavailable(error.to_string()))??;
        let Opened { writer, readers, lock } = opened;
        let names = writer.names.clone();
        let another: readers::Opener =
            Box::new(move || open::open_reader(&file, names.clone()).map_err(|error| names.explain(&error)));
        let writer = Writer::new(writer, signals.clone(), DEFAULT_WAIT);
        let watch = tokio::spawn(watch(writer.state.clone(), signals));
        Ok(Self {
            writer,
            readers: Readers::new(readers, another, DEFAULT_WAIT),
            watch,
            lock: std::sync::Mutex::new(lock),
        })
    }

    pub(crate) async fn read<T, E: From<StoreError>>(
        &self,
        tenant: TenantId,
        load: &Load,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.readers.read(tenant, load, work).await
    }

    pub(crate) async fn write<T, E: From<StoreError>>(
        &self,
        tenant: TenantId,
        load: &Load,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<(T, Vec<SessionId>), E> {
        self.writer.write(tenant, load, work).await
    }

    /// Closes the reading connections.
    #[cfg(test)]
    pub(crate) fn lose_readers(&self) {
        self.readers.lose();
    }

    /// Lets the file grow to this many pages only.
    #[cfg(test)]
    pub(crate) async fn limit_pages(&self, pages: u32) {
        let mut state = self.writer.state.lock().await;
        let pragma = format!("PRAGMA max_page_count = {pages}");
        state.connection().unwrap().raw.query_row(&pragma, [], |_| Ok(())).unwrap();
    }

    /// Commits what is under way and closes the file.
    pub(crate) async fn close(&self) {
        self.watch.abort();
        self.readers.close();
        // the commit task of an open group stands in the same queue: behind it the group is committed
        loop {
            let mut state = self.writer.state.lock().await;
            if state.is_idle() {
                if let Some(connection) = state.connection.take() {
                    let _ = tokio::task::spawn_blocking(move || drop(connection)).await;
                }
                break;
            }
            drop(state);
            tokio::task::yield_now().await;
        }
        self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    }
}

impl Drop for SqliteEngine {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

/// Notices writes of other processes (a command line tool beside the server): sessions may have been revoked.
async fn watch(state: Arc<tokio::sync::Mutex<writer::State>>, signals: Arc<Signals>) {
    let mut ticks = interval(WATCH);
    let mut known = None;
    loop {
        ticks.tick().await;
        let asked = Instant::now();
        let Ok(mut state) = timeout(WATCH, state.lock()).await else { continue };
        let Ok(connection) = state.connection() else { return };
        let version = connection.raw.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0)).ok();
        drop(state);
        match version {
            None => signals.disprove(),
            Some(version) => {
                if known.replace(version).is_some_and(|known| known != version) {
                    signals.send(SessionEvent::Flush);
                    signals.wake_outbox();
                }
                signals.prove(asked);
            }
        }
    }
}
