//! How much is done on a database, and how long it takes: for metrics and traces.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
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
}

/// A transaction; counted when dropped, also when its caller went away.
pub(crate) struct Running<'a> {
    counts: &'a Counts,
    since: Instant,
    pub(crate) begun: bool,
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
        Running { counts: self, since: Instant::now(), begun: false }
    }

    fn activity(&self) -> Activity {
        Activity {
            transactions: self.transactions.load(Ordering::Relaxed),
            time: Duration::from_micros(self.micros.load(Ordering::Relaxed)),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let time = self.since.elapsed();
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.counts.transactions.fetch_add(1, Ordering::Relaxed);
        self.counts.micros.fetch_add(micros, Ordering::Relaxed);
        if !self.begun {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
        }
        // Nobody measures this task: nothing to add.
        let _ = SPENT.try_with(|spent| spent.set(spent.get() + time));
    }
}

task_local! {
    static SPENT: Cell<Duration>;
}

/// Runs `work` and tells how long it was in transactions, waiting included.
pub async fn measured<F: Future>(work: F) -> (F::Output, Duration) {
    let measured = async {
        let output = work.await;
        (output, SPENT.with(Cell::get))
    };
    SPENT.scope(Cell::default(), measured).await
}
