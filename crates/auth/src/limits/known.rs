//! Which client signed in to which account: it has budgets of its own there.
//!
//! A client is a network address here (an IPv6 /64), not a device. That is coarse, but nobody can take an address of the
//! owner's to lock them out from elsewhere.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use inkan_base::{Timestamp, UserId};

use super::window::{Key, SAMPLES, SHARDS, digest};
use crate::Context;

/// Pairs of client and account per shard; 16 bytes of key and 4 of time each, in tables of twice as many places at the most: 11 MiB.
const MAX_PAIRS: usize = 14_000;
/// How long a client is remembered, in hours: 30 days.
const MEMORY: Hour = 30 * 24;

/// Hours since the epoch.
type Hour = u32;

/// Until when each pair is remembered.
type Shard = HashMap<Key, Hour>;

#[derive(Default)]
pub(super) struct KnownClients([Mutex<Shard>; SHARDS]);

impl KnownClients {
    pub(super) fn remember(&self, cx: &Context, user: UserId) {
        let key = key(cx, user);
        let mut shard = self.shard(key);
        if shard.len() >= MAX_PAIRS && !shard.contains_key(&key) {
            // Of a few the one that is forgotten first anyway.
            let victim = shard.iter().take(SAMPLES).min_by_key(|(_, until)| **until).map(|(key, _)| *key);
            victim.map(|key| shard.remove(&key));
        }
        shard.insert(key, hour(cx.now) + MEMORY);
    }

    pub(super) fn remembers(&self, cx: &Context, user: UserId) -> bool {
        let key = key(cx, user);
        self.shard(key).get(&key).is_some_and(|until| hour(cx.now) < *until)
    }

    fn shard(&self, key: Key) -> MutexGuard<'_, Shard> {
        self.0[usize::from(key[0]) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }
}

fn hour(now: Timestamp) -> Hour {
    Hour::try_from(now.since(Timestamp::default()).as_secs() / Duration::from_hours(1).as_secs()).unwrap_or(0)
}

fn key(cx: &Context, user: UserId) -> Key {
    digest(cx.tenant, &[&user.to_string(), &cx.client_key()])
}

#[cfg(test)]
mod tests {
    use inkan_base::TenantId;

    use super::*;

    #[test]
    fn pairs_are_remembered_for_30_days_and_bounded() {
        let known = KnownClients::default();
        let user = |number: usize| UserId(uuid::Uuid::from_u128(u128::try_from(number).unwrap()));
        let cx = |now: Timestamp| Context::new(TenantId::DEFAULT, now, [203, 0, 113, 1].into());
        let start = Timestamp::from_seconds(1_700_000_000);
        known.remember(&cx(start), user(1));
        assert!(known.remembers(&cx(start + Duration::from_hours(30 * 24 - 1)), user(1)));
        assert!(!known.remembers(&cx(start + Duration::from_hours(30 * 24)), user(1)));
        assert!(!known.remembers(&cx(start), user(2)));
        for number in 0..2 * SHARDS * MAX_PAIRS {
            known.remember(&cx(start), user(number));
        }
        assert_eq!(known.len(), SHARDS * MAX_PAIRS);
        let late = user(usize::MAX);
        known.remember(&cx(start), late);
        assert!(known.remembers(&cx(start), late), "who comes last is remembered");
        assert_eq!(known.len(), SHARDS * MAX_PAIRS);
    }
}
