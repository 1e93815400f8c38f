//! The reading connections: a transaction takes one, runs in place on a snapshot and gives it back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use inkan_base::TenantId;
use tokio::{
    sync::Semaphore,
    time::{Duration, timeout},
};

use super::{connection::SqliteConnection, writer::run};
use crate::{StoreError, Tx, meter::Load};

/// Makes a connection in place of one that was of no more use.
pub(super) type Opener = Box<dyn Fn() -> Result<SqliteConnection, StoreError> + Send + Sync>;

pub(super) struct Readers {
    idle: Mutex<Vec<SqliteConnection>>,
    open: Opener,
    permits: Semaphore,
    wait: Duration,
}

impl Readers {
    pub(super) fn new(connections: Vec<SqliteConnection>, open: Opener, wait: Duration) -> Self {
        Self { permits: Semaphore::new(connections.len()), idle: Mutex::new(connections), open, wait }
    }

    pub(super) async fn read<T, E: From<StoreError>>(
        &self,
        tenant: TenantId,
        load: &Load,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let permit = timeout(self.wait, self.permits.acquire())
            .await
            .map_err(|_| StoreError::Unavailable("too many readers are waiting".to_owned()))?
            .map_err(|_| closed())?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None if self.permits.is_closed() => return Err(closed().into()),
            None => (self.open)()?,
        };
        let mut lease = Lease { readers: self, connection: Some(connection) };
        let result = match lease.connection.as_mut() {
            None => Err(closed().into()),
            Some(connection) => {
                connection.run("BEGIN")?;
                run(connection, tenant, false, load, work).0
            }
        };
        drop(lease);
        drop(permit);
        result
    }

    /// Refuses further readers and closes the idle connections.
    pub(super) fn close(&self) {
        self.permits.close();
        self.idle().clear();
    }

    /// As if no connection had been fit to be kept.
    #[cfg(test)]
    pub(super) fn lose(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store was closed".to_owned())
}

/// Gives the connection back without a transaction, also when the closure panics. One that cannot leave its transaction would
/// show an old state for ever and is closed.
struct Lease<'a> {
    readers: &'a Readers,
    connection: Option<SqliteConnection>,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if !connection.raw.is_autocommit()
            && let Err(error) = connection.run("ROLLBACK")
        {
            tracing::error!(error = %error, "a reading transaction could not be ended, its connection is closed");
            return;
        }
        if !self.readers.permits.is_closed() {
            self.readers.idle().push(connection);
        }
    }
}
