//! A clock and a random source that panic once when they are told to: a bug in whatever asks them next.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use inkan_base::{Clock, Rng, Timestamp};

/// What panics at its next use.
#[derive(Default)]
pub(crate) struct Trap {
    pub(crate) clock: AtomicBool,
    pub(crate) rng: AtomicBool,
}

/// A source with a trap before it.
pub(crate) struct Trapped<S: ?Sized> {
    pub(crate) trap: Arc<Trap>,
    pub(crate) source: Arc<S>,
}

impl<S: Clock + ?Sized> Clock for Trapped<S> {
    fn now(&self) -> Timestamp {
        assert!(!self.trap.clock.swap(false, Ordering::SeqCst), "the clock was trapped");
        self.source.now()
    }
}

impl<S: Rng + ?Sized> Rng for Trapped<S> {
    fn fill(&self, bytes: &mut [u8]) {
        assert!(!self.trap.rng.swap(false, Ordering::SeqCst), "the random source was trapped");
        self.source.fill(bytes);
    }
}
