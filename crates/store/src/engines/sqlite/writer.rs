//! The writing connection and its group commit.
//!
//! 1. A writer takes the connection (a fair queue), starts the group's transaction if there is none, and runs its closure in a
//!    savepoint, on its own task.
//! 2. What it did joins the group, and the connection goes to the next in the queue. The first member of a group also sends a
//!    commit task into the queue: whoever stood in front of that task is in the group.
//! 3. The commit task runs `COMMIT`, which waits for the disk, on a blocking thread, and then tells every member.
//!
//! So writers that wait at the same time share one flush to disk, and nobody is answered before it. Members depend on each
//! other only through it: a member that fails is rolled back alone.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use inkan_base::{SessionId, TenantId};
use tokio::{
    sync::{Mutex, OwnedMutexGuard, oneshot},
    time::{Duration, sleep, timeout},
};

use super::connection::SqliteConnection;
use crate::{
    StoreError, Tx,
    meter::Load,
    signals::{Effects, Signals},
    tx::Engine,
};

/// How long to wait between two attempts while another process writes.
const BUSY_PAUSE: Duration = Duration::from_millis(2);

type Answer = Result<(), StoreError>;

/// The queue for the writing connection.
pub(super) struct Writer {
    pub(super) state: Arc<Mutex<State>>,
    signals: Arc<Signals>,
    wait: Duration,
}

/// The writing connection and the members of the group whose transaction is open on it.
pub(super) struct State {
    /// `None` after the store was closed.
    pub(super) connection: Option<SqliteConnection>,
    open: bool,
    members: Vec<Member>,
}

struct Member {
    answer: oneshot::Sender<Answer>,
    effects: Effects,
}

impl Writer {
    pub(super) fn new(connection: SqliteConnection, signals: Arc<Signals>, wait: Duration) -> Self {
        let state = State { connection: Some(connection), open: false, members: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)), signals, wait }
    }

    /// One transaction; returns after its group was committed.
    pub(super) async fn write<T, E: From<StoreError>>(
        &self,
        tenant: TenantId,
        load: &Load,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<(T, Vec<SessionId>), E> {
        let mut state = self.begin().await?;
        let mut savepoint = Savepoint::start(&mut state)?;
        let (result, effects) = run(savepoint.connection()?, tenant, true, load, work);
        let result = match result {
            Ok(value) => savepoint.keep().map(|()| Ok(value)),
            Err(error) => {
                savepoint.undo();
                Ok(Err(error))
            }
        };
        let result = result?;
        let effects = if result.is_ok() { effects } else { Effects::default() };
        let ended = effects.ended.clone();
        let answer = self.join(&mut state, effects, result.is_ok());
        drop(state);
        if let Some(answer) = answer {
            // an error, too, may have been decided by what other members wrote: it is told after their commit
            answer.await.map_err(|_| StoreError::Unavailable("the server is shutting down".to_owned()))??;
        }
        result.map(|value| (value, ended))
    }

    /// Waits for the connection, and for another process that writes, and starts a group if there is none.
    async fn begin(&self) -> Result<OwnedMutexGuard<State>, StoreError> {
        let attempt = async {
            let mut state = self.state.clone().lock_owned().await;
            while !state.begin()? {
                sleep(BUSY_PAUSE).await;
            }
            Ok(state)
        };
        timeout(self.wait, attempt)
            .await
            .map_err(|_| StoreError::Unavailable("too many writers are waiting".to_owned()))?
    }

    /// Adds a member to the group. One that wrote nothing joins only if there are others.
    fn join(&self, state: &mut State, effects: Effects, wrote: bool) -> Option<oneshot::Receiver<Answer>> {
        if !wrote && state.members.is_empty() {
            return None;
        }
        let (answer, receiver) = oneshot::channel();
        if state.members.is_empty() {
            tokio::spawn(commit_later(self.state.clone(), self.signals.clone()));
        }
        state.members.push(Member { answer, effects });
        Some(receiver)
    }
}

/// Queues for the connection behind the members, and commits the group.
async fn commit_later(state: Arc<Mutex<State>>, signals: Arc<Signals>) {
    let mut state = state.lock_owned().await;
    let commit = move || {
        let (members, answer) = state.commit();
        drop(state); // the next group may start
        for member in members {
            if answer.is_ok() {
                signals.run(member.effects);
            }
            let _ = member.answer.send(answer.clone()); // the caller may have gone
        }
    };
    let _ = tokio::task::spawn_blocking(commit).await;
}

impl State {
    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.connection.as_mut().ok_or_else(|| StoreError::Unavailable("the store was closed".to_owned()))
    }

    /// Starts the group's transaction if there is none; `false` while another process writes.
    fn begin(&mut self) -> Result<bool, StoreError> {
        if self.open {
            return Ok(true);
        }
        let connection = self.connection()?;
        match connection.raw.execute_batch("BEGIN IMMEDIATE") {
            Ok(()) => {
                self.open = true;
                Ok(true)
            }
            Err(rusqlite::Error::SqliteFailure(code, _))
                if code.code == rusqlite::ErrorCode::DatabaseBusy =>
            {
                Ok(false)
            }
            Err(error) => Err(connection.names.explain(&error)),
        }
    }

    /// Commits the group; what its members are to be told.
    fn commit(&mut self) -> (Vec<Member>, Answer) {
        if !self.open {
            return (Vec::new(), Ok(()));
        }
        let answer = self.connection().and_then(|connection| connection.run("COMMIT"));
        if answer.is_err() {
            self.roll_back();
        }
        self.open = false;
        (std::mem::take(&mut self.members), answer)
    }

    /// Whether no group is open.
    pub(super) fn is_idle(&self) -> bool {
        !self.open
    }

    fn roll_back(&mut self) {
        self.open = false;
        let Ok(connection) = self.connection() else { return };
        if !connection.raw.is_autocommit()
            && let Err(error) = connection.run("ROLLBACK")
        {
            tracing::error!(error = %error, "a transaction could not be rolled back");
        }
    }

    /// After a failure: an empty group is given up, and members learn it if SQLite rolled back the whole transaction.
    fn settle(&mut self) {
        let lost = self.connection.as_ref().is_none_or(|connection| connection.raw.is_autocommit());
        if lost || self.members.is_empty() {
            self.roll_back();
            for member in self.members.drain(..) {
                let _ = member.answer.send(Err(StoreError::Retry));
            }
        }
    }
}

/// The work of one member; undone when dropped, so that a panic in the closure harms nobody else.
struct Savepoint<'a> {
    state: &'a mut State,
    active: bool,
}

impl<'a> Savepoint<'a> {
    fn start(state: &'a mut State) -> Result<Self, StoreError> {
        let mut savepoint = Self { state, active: false };
        let started = savepoint.connection()?.run("SAVEPOINT member");
        if let Err(error) = started {
            savepoint.state.settle();
            return Err(error);
        }
        savepoint.active = true;
        Ok(savepoint)
    }

    fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.state.connection()
    }

    fn keep(mut self) -> Result<(), StoreError> {
        self.connection()?.run("RELEASE member")?;
        self.active = false;
        Ok(())
    }

    fn undo(self) {
        drop(self);
    }
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        if !self.active {
            return;
        }
        if let Ok(connection) = self.state.connection()
            && !connection.raw.is_autocommit()
            && let Err(error) =
                connection.run("ROLLBACK TO member").and_then(|()| connection.run("RELEASE member"))
        {
            tracing::error!(error = %error, "a savepoint could not be rolled back: the whole group is");
            self.state.roll_back();
        }
        self.state.settle();
    }
}

/// Runs a closure on a connection. Nothing in it ever waits, so that its future is polled exactly once.
pub(super) fn run<T, E: From<StoreError>>(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    writable: bool,
    load: &Load,
    work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> (Result<T, E>, Effects) {
    let mut tx = Tx::new(Engine::Sqlite(connection), tenant, writable, load);
    let polled = pin!(work(&mut tx)).poll(&mut Context::from_waker(Waker::noop()));
    let result = match polled {
        Poll::Ready(result) => tx.checked(result),
        Poll::Pending => {
            Err(StoreError::Bug("a transaction awaited something else than the database".to_owned()).into())
        }
    };
    (result, tx.effects)
}
