//! How many requests are worked on at once.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A bound without a queue: who finds no place is turned away. Two atomic steps per request.
#[derive(Debug)]
pub(super) struct Slots {
    most: usize,
    taken: AtomicUsize,
}

/// A place, until this is dropped.
#[derive(Debug)]
pub(super) struct Slot<'a>(&'a Slots);

impl Slots {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, taken: AtomicUsize::new(0) }
    }

    pub(super) fn take(&self) -> Option<Slot<'_>> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        let slot = Slot(self); // gives back what is too much
        (before < self.most).then_some(slot)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_limit() {
        let slots = Slots::new(2);
        let (first, _second) = (slots.take().unwrap(), slots.take().unwrap());
        assert!(slots.take().is_none() && slots.take().is_none());
        drop(first);
        assert!(slots.take().is_some());
    }
}
