//! The open connections and what each is doing.
//!
//! Every request changes that twice, so a connection's state is one atomic word; only opening and closing take a lock.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Context,
};

use futures_util::task::AtomicWaker;

/// All connections of one listener.
pub(super) struct Registry {
    most: usize,
    shared: Arc<Shared>,
    state: Mutex<State>,
}

/// What every request needs.
struct Shared {
    /// Number of the last change that made a connection idle.
    changes: AtomicU64,
}

#[derive(Default)]
struct State {
    next: u64,
    stopping: bool,
    open: BTreeMap<u64, Arc<Condition>>,
}

/// What a connection is doing, seen from outside.
struct Condition {
    /// [`BUSY`], [`ENDED`], or the number of the change that made it idle; smaller is longer ago.
    idle_since: AtomicU64,
    /// No more requests.
    stop: AtomicBool,
    task: AtomicWaker,
}

const BUSY: u64 = u64::MAX;
/// It has to make room.
const ENDED: u64 = u64::MAX - 1;

/// Why a connection takes no more requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It has to make room.
    Evicted,
    /// The server stops.
    Shutdown,
}

/// One connection. Leaves the registry when dropped.
pub(super) struct Connection {
    registry: Weak<Registry>,
    shared: Arc<Shared>,
    id: u64,
    condition: Arc<Condition>,
    answered: AtomicU64,
}

/// A request is being answered, until this is dropped.
pub(super) struct Busy(Arc<Connection>);

impl Registry {
    pub(super) fn new(most: usize) -> Self {
        let shared = Arc::new(Shared { changes: AtomicU64::new(0) });
        Self { most: most.max(1), shared, state: Mutex::default() }
    }

    /// A place for a new connection, if need be that of the longest idle one. `None`: all are busy.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Arc<Connection>> {
        let mut state = self.state();
        if state.open.len() >= self.most && !state.evict() {
            return None;
        }
        state.next += 1;
        let id = state.next;
        let condition = Arc::new(Condition {
            idle_since: AtomicU64::new(self.shared.tick()),
            stop: AtomicBool::new(state.stopping),
            task: AtomicWaker::new(),
        });
        state.open.insert(id, condition.clone());
        let (registry, shared) = (Arc::downgrade(self), self.shared.clone());
        Some(Arc::new(Connection { registry, shared, id, condition, answered: AtomicU64::new(0) }))
    }

    /// Ends the connection that has been idle the longest.
    pub(super) fn evict(&self) {
        self.state().evict();
    }

    /// Lets every connection finish what it is doing.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopping = true;
        for condition in state.open.values() {
            condition.stop.store(true, Ordering::SeqCst);
            condition.task.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn tick(&self) -> u64 {
        self.changes.fetch_add(1, Ordering::Relaxed)
    }
}

impl State {
    fn evict(&mut self) -> bool {
        // One that gets a request meanwhile is no longer idle, so another one is looked for.
        loop {
            let idle =
                self.open.iter().map(|(id, condition)| (condition.idle_since.load(Ordering::SeqCst), *id));
            let Some((since, id)) = idle.filter(|(since, _)| *since < ENDED).min() else { return false };
            let Some(condition) = self.open.get(&id) else { return false };
            let ended =
                condition.idle_since.compare_exchange(since, ENDED, Ordering::SeqCst, Ordering::SeqCst);
            if ended.is_ok() {
                condition.task.wake();
                self.open.remove(&id);
                return true;
            }
        }
    }
}

impl Connection {
    /// Marks the connection as busy while a request is answered.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        // One that has to make room stays so: its place is taken.
        let busy = |since| (since < ENDED).then_some(BUSY);
        let _ = self.condition.idle_since.fetch_update(Ordering::SeqCst, Ordering::SeqCst, busy);
        Busy(self.clone())
    }

    /// A request was answered.
    pub(super) fn answer(&self) {
        self.answered.fetch_add(1, Ordering::Release);
        let now = self.shared.tick();
        let idle = |since| (since != ENDED).then_some(now);
        let _ = self.condition.idle_since.fetch_update(Ordering::SeqCst, Ordering::SeqCst, idle);
    }

    /// Whether and why it ends. The task is woken when that changes.
    pub(super) fn end(&self, cx: &Context<'_>) -> Option<End> {
        self.condition.task.register(cx.waker());
        match self.is_evicted() {
            true => Some(End::Evicted),
            false => self.condition.stop.load(Ordering::SeqCst).then_some(End::Shutdown),
        }
    }

    fn is_evicted(&self) -> bool {
        self.condition.idle_since.load(Ordering::SeqCst) == ENDED
    }

    /// Whether a request is being answered.
    pub(super) fn is_busy(&self) -> bool {
        self.condition.idle_since.load(Ordering::Acquire) == BUSY
    }

    /// How many requests were answered.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Acquire)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.answer();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(registry) = self.registry.upgrade() {
            registry.state().open.remove(&self.id);
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s091_a_new_connection_takes_the_place_of_the_longest_idle_one() {
        let registry = Arc::new(Registry::new(2));
        let (first, second) = (registry.admit().unwrap(), registry.admit().unwrap());
        drop(first.busy()); // now `second` has been idle for longer
        let third = registry.admit().unwrap();

        assert!(second.is_evicted());
        assert!(!first.is_evicted() && !third.is_evicted());
    }

    #[test]
    fn s091_busy_connections_stay() {
        let registry = Arc::new(Registry::new(1));
        let only = registry.admit().unwrap();
        let busy = only.busy();
        assert!(registry.admit().is_none());
        drop(busy);
        assert!(registry.admit().is_some());
    }
}
