//! Fixed windows per key (spec 11, section 3.1), in memory, bounded.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use inkan_base::{TenantId, Timestamp};
use inkan_crypto::sha256;

use super::Refused;

const SHARDS: usize = 16;
/// Keys per shard; 16 bytes of key and 24 of window each, so about 20 MiB at the most.
const MAX_KEYS: usize = 16_384;
/// How long a known client is remembered.
const MEMORY: Duration = Duration::from_hours(720);

type Key = [u8; 16];

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
            return Err(window.refused(now));
        }
        window.used += 1;
        Ok(())
    }

    /// Whether a token is left, without taking it.
    pub(super) fn look(
        &self,
        tenant: TenantId,
        key: &[&str],
        tokens: u32,
        interval: Duration,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let key = digest(tenant, key);
        match self.shard(key).windows.get(&key) {
            Some(window) if now < window.end && window.used >= tokens && interval > Duration::ZERO => {
                Err(window.refused(now))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn remember(&self, tenant: TenantId, key: &[&str], now: Timestamp) {
        let key = digest(tenant, key);
        let mut shard = self.shard(key);
        shard.make_room(key, now);
        shard.windows.insert(key, Window { start: now, end: now + MEMORY, used: 0 });
    }

    pub(super) fn remembers(&self, tenant: TenantId, key: &[&str], now: Timestamp) -> bool {
        let key = digest(tenant, key);
        self.shard(key).windows.get(&key).is_some_and(|window| now < window.end)
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
    /// Starts the window that `now` lies in. Also when the clock was set back, so that nobody waits for ever.
    fn roll(&mut self, interval: Duration, now: Timestamp) {
        if now >= self.start && now < self.end {
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

    fn refused(&self, now: Timestamp) -> Refused {
        Refused { retry_after: self.end.since(now).as_secs() }
    }
}

impl Shard {
    /// A full shard drops what has run out, once a second at the most; if that does not help, some key: a bounded memory and
    /// a bounded effort are worth more than one window.
    fn make_room(&mut self, key: Key, now: Timestamp) {
        if self.windows.len() < MAX_KEYS || self.windows.contains_key(&key) {
            return;
        }
        if now.seconds() != self.swept_at.seconds() {
            self.swept_at = now;
            self.windows.retain(|_, window| now < window.end);
        }
        if self.windows.len() >= MAX_KEYS
            && let Some(victim) = self.windows.keys().next().copied()
        {
            self.windows.remove(&victim);
        }
    }
}

/// Keys carry addresses: only a digest is kept.
fn digest(tenant: TenantId, key: &[&str]) -> Key {
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
