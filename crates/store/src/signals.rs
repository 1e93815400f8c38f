//! What the rest of the process is told after a commit: ended sessions, new outbox rows.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use inkan_base::SessionId;
use tokio::{
    sync::{Notify, broadcast},
    time::{Duration, Instant},
};

/// How many events a receiver may be behind before it gets `Lagged`, which it must treat as [`SessionEvent::Flush`].
const CAPACITY: usize = 4096;

/// Something that makes cached sessions invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// This session was deleted, on this node or on another one.
    Ended(SessionId),
    /// Anything may have changed: another process wrote, or notifications may have been missed.
    Flush,
}

/// What a transaction wants to happen after its commit.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) ended: Vec<SessionId>,
    pub(crate) outbox: bool,
}

/// The receivers of [`Effects`].
pub(crate) struct Signals {
    sessions: broadcast::Sender<SessionEvent>,
    outbox: Arc<Notify>,
    /// Wakes the task that tells other nodes about new outbox rows.
    pub(crate) forward: Notify,
    started: Instant,
    /// Milliseconds after `started` of the last proof that events arrive; 0: none.
    proven: AtomicU64,
}

impl Signals {
    pub(crate) fn new() -> Self {
        Self {
            sessions: broadcast::channel(CAPACITY).0,
            outbox: Arc::default(),
            forward: Notify::new(),
            started: Instant::now(),
            proven: AtomicU64::new(0),
        }
    }

    /// Runs after a commit, and only then.
    pub(crate) fn run(&self, effects: Effects) {
        for session in effects.ended {
            self.send(SessionEvent::Ended(session));
        }
        if effects.outbox {
            self.wake_outbox();
            self.forward.notify_one();
        }
    }

    pub(crate) fn send(&self, event: SessionEvent) {
        let _ = self.sessions.send(event); // fails only when nobody listens
    }

    pub(crate) fn wake_outbox(&self) {
        self.outbox.notify_one();
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<SessionEvent> {
        self.sessions.subscribe()
    }

    pub(crate) fn outbox(&self) -> Arc<Notify> {
        self.outbox.clone()
    }

    /// Events that were caused until `asked` have arrived.
    pub(crate) fn prove(&self, asked: Instant) {
        let millis = u64::try_from((asked - self.started).as_millis()).unwrap_or(u64::MAX);
        self.proven.store(millis.max(1), Ordering::Release);
    }

    pub(crate) fn disprove(&self) {
        self.proven.store(0, Ordering::Release);
    }

    /// Whether the last proof is younger than `limit`.
    pub(crate) fn proven_within(&self, limit: Duration) -> bool {
        let proven = self.proven.load(Ordering::Acquire);
        proven != 0 && self.started.elapsed() <= Duration::from_millis(proven) + limit
    }
}
