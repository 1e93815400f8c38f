//! Detects credential stuffing: many identifiers, few tries each, hardly any success (spec 14, s033).
//!
//! While it goes on, passwords are only tried for clients that signed in to the account before; everybody else can sign in
//! with a code sent by mail. So the attack costs no hashing and finds nothing.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use inkan_base::Timestamp;

use super::Refused;

/// Counting starts anew after this time.
const WINDOW: Duration = Duration::from_mins(5);
/// Different identifiers with a wrong password that make an attack …
const IDENTIFIERS: usize = 64;
/// … unless there is a success for every so many of them.
const FAILURES_PER_SUCCESS: usize = 8;

#[derive(Default)]
pub(super) struct Stuffing(Mutex<State>);

#[derive(Default)]
struct State {
    until: Timestamp,
    failed: HashSet<u64>,
    successes: usize,
}

impl Stuffing {
    pub(super) fn admit(&self, now: Timestamp) -> Result<(), Refused> {
        let state = self.state(now);
        let failed = state.failed.len();
        if failed >= IDENTIFIERS && failed > state.successes * FAILURES_PER_SUCCESS {
            return Err(Refused { retry_after: state.until.since(now).as_secs() });
        }
        Ok(())
    }

    pub(super) fn failed(&self, identifier: &str, now: Timestamp) {
        let mut hasher = DefaultHasher::new();
        identifier.hash(&mut hasher);
        let mut state = self.state(now);
        // Bounded: beyond this the verdict does not change.
        if state.failed.len() < IDENTIFIERS * 64 {
            state.failed.insert(hasher.finish());
        }
    }

    pub(super) fn succeeded(&self, now: Timestamp) {
        self.state(now).successes += 1;
    }

    fn state(&self, now: Timestamp) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= state.until || state.until.since(now) > WINDOW {
            *state = State { until: now + WINDOW, ..State::default() };
        }
        state
    }
}
