//! The open connections and what each is doing.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio_util::sync::CancellationToken;

/// All connections of one listener.
pub(super) struct Registry {
    most: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    open: BTreeMap<u64, Entry>,
}

struct Entry {
    /// Number of the change that made it idle; smaller is longer ago. `None`: busy.
    idle_since: Option<u64>,
    evict: CancellationToken,
}

/// One connection. Leaves the registry when dropped.
pub(super) struct Connection {
    registry: Weak<Registry>,
    id: u64,
    busy: AtomicBool,
    answered: AtomicU64,
    evict: CancellationToken,
}

/// A request is being answered, until this is dropped.
pub(super) struct Busy(Arc<Connection>);

impl Registry {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), state: Mutex::default() }
    }

    /// A place for a new connection, if need be that of the longest idle one. `None`: all are busy.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Arc<Connection>> {
        let mut state = self.state();
        if state.open.len() >= self.most && !state.evict() {
            return None;
        }
        let id = state.tick();
        let evict = CancellationToken::new();
        state.open.insert(id, Entry { idle_since: Some(id), evict: evict.clone() });
        Some(Arc::new(Connection {
            registry: Arc::downgrade(self),
            id,
            busy: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            evict,
        }))
    }

    /// Ends the connection that has been idle the longest.
    pub(super) fn evict(&self) {
        self.state().evict();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tick(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn evict(&mut self) -> bool {
        let idle = self.open.iter().filter_map(|(id, entry)| Some((entry.idle_since?, *id)));
        let Some((_, id)) = idle.min() else { return false };
        if let Some(entry) = self.open.remove(&id) {
            entry.evict.cancel();
        }
        true
    }
}

impl Connection {
    /// Marks the connection as busy while a request is answered.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.mark(true);
        Busy(self.clone())
    }

    /// Resolves when the connection has to make room.
    pub(super) async fn evicted(&self) {
        self.evict.cancelled().await;
    }

    /// Whether a request is being answered.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// How many requests were answered.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Acquire)
    }

    fn mark(&self, busy: bool) {
        self.busy.store(busy, Ordering::Release);
        let Some(registry) = self.registry.upgrade() else { return };
        let mut state = registry.state();
        let now = state.tick();
        if let Some(entry) = state.open.get_mut(&self.id) {
            entry.idle_since = (!busy).then_some(now);
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.answered.fetch_add(1, Ordering::AcqRel);
        self.0.mark(false);
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

        assert!(second.evict.is_cancelled());
        assert!(!first.evict.is_cancelled() && !third.evict.is_cancelled());
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
