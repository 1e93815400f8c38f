//! How much is done on a database, and how long it takes: for metrics and traces.

use std::{
    cell::Cell,
    ops::{Add, AddAssign},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use tokio::{task_local, time::Instant};

/// Transactions of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// How many ended, in whatever way.
    pub transactions: u64,
    /// The time they took together, waiting included.
    pub time: Duration,
    /// How many of them never began: there was no connection and no turn in time, or the database was away.
    pub refused: u64,
    /// Statements that they ran.
    pub statements: u64,
    /// How often they waited for an answer of the server; statements that are sent together share one. None on SQLite.
    pub round_trips: u64,
}

/// What a piece of work asked of databases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// How long it was in transactions, waiting included.
    pub time: Duration,
    /// Statements.
    pub statements: u64,
    /// See [`Activity::round_trips`].
    pub round_trips: u64,
}

impl Add for Spent {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            time: self.time + other.time,
            statements: self.statements + other.statements,
            round_trips: self.round_trips + other.round_trips,
        }
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// What was done on a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Reading transactions.
    pub reads: Activity,
    /// Writing transactions.
    pub writes: Activity,
}

#[derive(Default)]
pub(crate) struct Meter {
    reads: Counts,
    writes: Counts,
}

#[derive(Default)]
struct Counts {
    transactions: AtomicU64,
    micros: AtomicU64,
    refused: AtomicU64,
    statements: AtomicU64,
    round_trips: AtomicU64,
}

/// A transaction; counted when dropped, also when its caller went away.
pub(crate) struct Running<'a> {
    counts: &'a Counts,
    since: Instant,
    pub(crate) load: Load,
}

/// What one transaction does. Shared between it and who measures it.
#[derive(Default)]
pub(crate) struct Load {
    begun: AtomicBool,
    statements: AtomicU64,
    round_trips: AtomicU64,
}

impl Load {
    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    pub(crate) fn statement(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn round_trip(&self) {
        self.round_trips.fetch_add(1, Ordering::Relaxed);
    }
}

impl Meter {
    pub(crate) fn read(&self) -> Running<'_> {
        self.reads.start()
    }

    pub(crate) fn write(&self) -> Running<'_> {
        self.writes.start()
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage { reads: self.reads.activity(), writes: self.writes.activity() }
    }
}

impl Counts {
    fn start(&self) -> Running<'_> {
        Running { counts: self, since: Instant::now(), load: Load::default() }
    }

    fn activity(&self) -> Activity {
        Activity {
            transactions: self.transactions.load(Ordering::Relaxed),
            time: Duration::from_micros(self.micros.load(Ordering::Relaxed)),
            refused: self.refused.load(Ordering::Relaxed),
            statements: self.statements.load(Ordering::Relaxed),
            round_trips: self.round_trips.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let spent = Spent {
            time: self.since.elapsed(),
            statements: self.load.statements.load(Ordering::Relaxed),
            round_trips: self.load.round_trips.load(Ordering::Relaxed),
        };
        let micros = u64::try_from(spent.time.as_micros()).unwrap_or(u64::MAX);
        self.counts.transactions.fetch_add(1, Ordering::Relaxed);
        self.counts.micros.fetch_add(micros, Ordering::Relaxed);
        self.counts.statements.fetch_add(spent.statements, Ordering::Relaxed);
        self.counts.round_trips.fetch_add(spent.round_trips, Ordering::Relaxed);
        if !self.load.begun.load(Ordering::Relaxed) {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
        }
        note(spent);
    }
}

task_local! {
    static SPENT: Cell<Spent>;
}

/// Adds to what the task has spent, if somebody counts that.
fn note(spent: Spent) {
    let _ = SPENT.try_with(|sum| sum.set(sum.get() + spent));
}

/// Runs `work` and tells what it asked of databases. One inside another counts for both. The future comes pinned, because it would
/// be kept once more for each `async` around it.
pub async fn counted<F: Future + Unpin>(work: F) -> (F::Output, Spent) {
    let counting = async {
        let output = work.await;
        (output, SPENT.with(Cell::get))
    };
    let (output, spent) = SPENT.scope(Cell::default(), counting).await;
    note(spent);
    (output, spent)
}

/// Runs `work` and tells how long it was in transactions, waiting included.
pub async fn measured<F: Future + Unpin>(work: F) -> (F::Output, Duration) {
    let (output, spent) = counted(work).await;
    (output, spent.time)
}
