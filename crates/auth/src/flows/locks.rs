//! One request at a time per flow within this process. Between processes the flow's version decides.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use inkan_base::FlowId;
use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// How long a request waits for the one before it (spec 00, decision 6).
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(crate) struct FlowLocks(Mutex<HashMap<FlowId, Arc<Queue<()>>>>);

/// Held while a request works on a flow; released on every way out, panics included.
pub(crate) struct FlowLock<'a> {
    locks: &'a FlowLocks,
    id: FlowId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl FlowLocks {
    /// Waits for the flow; `None` when that takes too long.
    pub(crate) async fn lock(&self, id: FlowId) -> Option<FlowLock<'_>> {
        let queue = Arc::clone(self.map().entry(id).or_default());
        let mut lock = FlowLock { locks: self, id, guard: None };
        lock.guard = tokio::time::timeout(PATIENCE, queue.lock_owned()).await.ok();
        lock.guard.is_some().then_some(lock)
    }

    fn map(&self) -> std::sync::MutexGuard<'_, HashMap<FlowId, Arc<Queue<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FlowLock<'_> {
    fn drop(&mut self) {
        drop(self.guard.take());
        let mut map = self.locks.map();
        // Nobody else holds or waits for it: the map has the only reference.
        if map.get(&self.id).is_some_and(|queue| Arc::strong_count(queue) == 1) {
            map.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn locks_are_forgotten_when_nobody_uses_them() {
        let locks = FlowLocks::default();
        let id = FlowId(uuid::Uuid::from_u128(1));
        let held = locks.lock(id).await;
        assert!(held.is_some());
        assert!(locks.lock(id).await.is_none());
        drop(held);
        assert!(locks.lock(id).await.is_some());
        assert!(locks.map().is_empty());
    }
}
