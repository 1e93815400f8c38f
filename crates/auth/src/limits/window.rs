//! Fixed windows per key (spec 11, section 3.1), in memory, bounded.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use inkan_base::{TenantId, Timestamp};
use inkan_crypto::sha256;

use super::Refused;

pub(super) const SHARDS: usize = 16;
/// Keys per shard; 16 bytes of key and 24 of window each, so about 20 MiB at the most.
const MAX_KEYS: usize = 16_384;
/// How many keys of a full shard are looked at for the one that ends first.
pub(super) const SAMPLES: usize = 16;

/// A digest: keys carry addresses, which need not be kept.
pub(super) type Key = [u8; 16];

#[derive(Clone, Copy, Debug)]
struct Window {
    start: Timestamp,
    end: Timestamp,
    used: u32,
}

#[derive(Default)]
struct Shard {
    windows: HashMap<Key, Window>,
    swept_at: Timestamp,
}

#[derive(Default)]
pub(super) struct Windows([Mutex<Shard>; SHARDS]);

impl Windows {
    /// Takes one token of the window that runs at `now`. The first use of a key starts its clock, windows of length
    /// `interval` follow.
    pub(super) fn take(
        &self,
        tenant: TenantId,
        key: &[&str],
        tokens: u32,
        interval: Duration,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let interval = interval.max(Duration::from_micros(1));
        let key = digest(tenant, key);
        let mut shard = self.shard(key);
        shard.make_room(key, now);
        let window = shard.windows.entry(key).or_insert(Window { start: now, end: now + interval, used: 0 });
        window.roll(interval, now);
        if window.used >= tokens.max(1) {
            return Err(Refused { retry_after: window.end.since(now).as_secs() });
        }
        window.used += 1;
        Ok(())
    }

    /// Gives a token back to the window that runs at `now`.
    pub(super) fn give_back(&self, tenant: TenantId, key: &[&str], now: Timestamp) {
        let key = digest(tenant, key);
        if let Some(window) = self.shard(key).windows.get_mut(&key)
            && window.contains(now)
        {
            window.used = window.used.saturating_sub(1);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|shard| shard.lock().unwrap().windows.len()).sum()
    }

    fn shard(&self, key: Key) -> MutexGuard<'_, Shard> {
        self.0[usize::from(key[0]) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn contains(&self, now: Timestamp) -> bool {
        now >= self.start && now < self.end
    }

    /// Starts the window that `now` lies in. Also when the clock was set back, so that nobody waits for ever.
    fn roll(&mut self, interval: Duration, now: Timestamp) {
        if self.contains(now) {
            return;
        }
        let length = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX).max(1);
        let passed = now.micros().saturating_sub(self.start.micros()).max(0) / length;
        let start = self.start.micros().saturating_add(passed.saturating_mul(length)).min(now.micros());
        *self = Self {
            start: Timestamp::from_micros(start),
            end: Timestamp::from_micros(start) + interval,
            used: 0,
        };
    }
}

impl Shard {
    /// A full shard drops what has run out, once a second at the most; if that does not help, the one of a few keys that ends
    /// first: a bounded memory and a bounded effort are worth more than one window.
    fn make_room(&mut self, key: Key, now: Timestamp) {
        if self.windows.len() < MAX_KEYS || self.windows.contains_key(&key) {
            return;
        }
        if now.seconds() != self.swept_at.seconds() {
            self.swept_at = now;
            self.windows.retain(|_, window| now < window.end);
        }
        if self.windows.len() >= MAX_KEYS {
            let sample = self.windows.iter().take(SAMPLES);
            let victim = sample.min_by_key(|(_, window)| window.end).map(|(key, _)| *key);
            victim.map(|key| self.windows.remove(&key));
        }
    }
}

/// The digest of a key.
pub(super) fn digest(tenant: TenantId, key: &[&str]) -> Key {
    let mut bytes = tenant.0.as_bytes().to_vec();
    for part in key {
        bytes.extend(part.len().to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    let hash = sha256(&bytes);
    let mut key = [0; 16];
    key.copy_from_slice(&hash[..16]);
    key
}
