//! Is a session token good? (spec 05, sections 1.3, 1.4, 2.6; DESIGN, section 4)
//!
//! 1. Signature, algorithm, times.
//! 2. The session's row exists, belongs to the token's user and has not ended.
//! 3. It was used recently enough.
//!
//! What was found is cached under the token's SHA-256 while the store can promise to tell about the end of sessions; expiry
//! and idle end are checked against the clock on every use.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use inkan_base::{SessionId, Timestamp, UserId};
use inkan_crypto::sha256;
use inkan_store::{SessionEvent, StoreError};
use metrics::Counter;
use moka::notification::RemovalCause;
use serde_json::{Map, Value, value::RawValue};

use super::claims::claims_object;
use crate::{
    App, Context,
    metrics::{Metrics, catalogue::SESSION_CACHE},
};

/// Sessions in the cache at the most.
const MAX_CACHED: u64 = 100_000;
/// How long the row is not looked at again.
const CACHE_TTL: Duration = Duration::from_mins(1);

const INVALID: Validation = Validation::Invalid { idle_expired: false };

/// The outcome of a validation.
#[derive(Clone, Debug)]
pub enum Validation {
    /// A live session.
    Valid(ValidSession),
    /// No session.
    Invalid {
        /// It ended just now because it was not used: the client's cookie should go.
        idle_expired: bool,
    },
}

/// A live session.
#[derive(Clone, Debug)]
pub struct ValidSession {
    /// Whose it is.
    pub user: UserId,
    /// Which it is.
    pub session: SessionId,
    /// The `claims` object of answers, as JSON text.
    pub claims: Arc<RawValue>,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When it ends if it is not used; with an idle time-out only.
    pub idle_expires_at: Option<Timestamp>,
}

/// What is known about a token.
#[derive(Clone, Debug)]
struct Entry {
    user: UserId,
    session: SessionId,
    claims: Arc<RawValue>,
    expires_at: Timestamp,
    read_at: Timestamp,
    epoch: u64,
    /// Last use, and what of it stands in the database; in microseconds, shared by all copies.
    used_at: Arc<AtomicI64>,
    stored_at: Arc<AtomicI64>,
}

impl Entry {
    fn used_at(&self) -> Timestamp {
        Timestamp::from_micros(self.used_at.load(Ordering::Relaxed))
    }

    fn into_valid(self, idle: Duration) -> ValidSession {
        let idle_expires_at = (!idle.is_zero()).then(|| (self.used_at() + idle).min(self.expires_at));
        ValidSession {
            user: self.user,
            session: self.session,
            claims: self.claims,
            expires_at: self.expires_at.whole_seconds(),
            idle_expires_at,
        }
    }
}

type Key = [u8; 32];

/// Tokens that were good lately, by SHA-256.
pub(crate) struct SessionCache {
    entries: moka::sync::Cache<Key, Entry>,
    /// Which token a session has; kept equal to `entries` by its eviction listener.
    tokens: Arc<Mutex<HashMap<SessionId, Key>>>,
    /// Counts the ends of sessions: what was read before one of them is not kept.
    generation: AtomicU64,
    /// Counts the times when everything had to be forgotten.
    epoch: AtomicU64,
    hits: Counter,
    misses: Counter,
}

impl SessionCache {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let tokens: Arc<Mutex<HashMap<SessionId, Key>>> = Arc::default();
        let index = Arc::clone(&tokens);
        let entries = moka::sync::Cache::builder()
            .max_capacity(MAX_CACHED)
            .eviction_listener(move |key: Arc<Key>, entry: Entry, cause| {
                let mut index = lock(&index);
                if cause != RemovalCause::Replaced && index.get(&entry.session) == Some(&*key) {
                    index.remove(&entry.session);
                }
            })
            .build();
        let count = |outcome| metrics.counter(SESSION_CACHE, &[outcome]);
        let (hits, misses) = (count("hit"), count("miss"));
        Self { entries, tokens, generation: AtomicU64::new(0), epoch: AtomicU64::new(0), hits, misses }
    }

    /// Forgets what the store says has ended.
    pub(crate) fn forget(&self, event: SessionEvent) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        match event {
            SessionEvent::Ended(session) => {
                let key = lock(&self.tokens).get(&session).copied();
                if let Some(key) = key {
                    self.entries.invalidate(&key);
                }
            }
            // Entries of an earlier epoch do not count; their memory is reused in time.
            SessionEvent::Flush => {
                self.epoch.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    fn find(&self, key: &Key, now: Timestamp) -> Option<Entry> {
        let entry = self.entries.get(key)?;
        let current = entry.epoch == self.epoch.load(Ordering::SeqCst);
        // A clock that was set back must not keep an entry for ever.
        (current && now >= entry.read_at && now.since(entry.read_at) < CACHE_TTL).then_some(entry)
    }

    /// Keeps what was read while the generation was `seen`. Looked at again after the insertion: a session that ended between
    /// reading and keeping must not come back.
    fn keep(&self, key: Key, entry: Entry, seen: u64) {
        let session = entry.session;
        self.entries.insert(key, entry);
        // One token per session: with ECDSA the same claims have two valid spellings.
        let other = lock(&self.tokens).insert(session, key).filter(|other| *other != key);
        other.inspect(|other| self.entries.invalidate(other));
        if self.generation.load(Ordering::SeqCst) != seen {
            self.entries.invalidate(&key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The `session_id` claim.
pub(super) fn session_id(claims: &Map<String, Value>) -> Option<SessionId> {
    claims.get("session_id")?.as_str()?.parse().ok()
}

impl App {
    /// Tries the tokens of the request in order; the first good one wins (spec 05, section 5.1). Counts as use.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot tell.
    pub async fn authenticate(&self, cx: &Context) -> Result<Validation, StoreError> {
        self.first_valid(cx, true).await
    }

    /// Like [`App::authenticate`], but does not count as use (`GET /sessions/validate`).
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot tell.
    pub async fn peek(&self, cx: &Context) -> Result<Validation, StoreError> {
        self.first_valid(cx, false).await
    }

    async fn first_valid(&self, cx: &Context, touch: bool) -> Result<Validation, StoreError> {
        let mut expired = false;
        for token in &cx.tokens {
            match self.validate(cx, token, touch).await? {
                Validation::Invalid { idle_expired } => expired |= idle_expired,
                valid @ Validation::Valid(_) => return Ok(valid),
            }
        }
        Ok(Validation::Invalid { idle_expired: expired })
    }

    /// Validates one token. `touch` counts as use.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot tell.
    pub async fn validate(&self, cx: &Context, token: &str, touch: bool) -> Result<Validation, StoreError> {
        let key = sha256(token.as_bytes());
        let entry = if let Some(entry) = self.cached(&key, cx.now) {
            self.sessions.hits.increment(1);
            entry
        } else {
            self.sessions.misses.increment(1);
            let Some(entry) = self.read_session(cx, token, key).await? else { return Ok(INVALID) };
            entry
        };
        if cx.now >= entry.expires_at.whole_seconds() {
            return Ok(INVALID);
        }
        let idle = self.config.session.idle_timeout;
        if !idle.is_zero() && cx.now.since(entry.used_at()) > idle {
            let Some(seen_elsewhere) = self.end_idle(cx, &entry).await? else {
                return Ok(Validation::Invalid { idle_expired: true });
            };
            entry.used_at.store(seen_elsewhere.micros(), Ordering::Relaxed);
        }
        if touch && !self.touch(cx, &entry).await? {
            self.sessions.forget(SessionEvent::Ended(entry.session));
            return Ok(INVALID);
        }
        Ok(Validation::Valid(entry.into_valid(idle)))
    }

    /// The session of a token that is known to be good, without asking the database and without counting as use. `None` says
    /// nothing about the token: [`App::peek`] has to look.
    #[must_use]
    pub fn peek_cached(&self, token: &str, now: Timestamp) -> Option<ValidSession> {
        let idle = self.config.session.idle_timeout;
        let entry = self.cached(&sha256(token.as_bytes()), now)?;
        let unused = !idle.is_zero() && now.since(entry.used_at()) > idle;
        if unused || now >= entry.expires_at.whole_seconds() {
            return None;
        }
        self.sessions.hits.increment(1);
        Some(entry.into_valid(idle))
    }

    fn cached(&self, key: &Key, now: Timestamp) -> Option<Entry> {
        self.store.session_events_alive().then(|| self.sessions.find(key, now)).flatten()
    }

    async fn read_session(&self, cx: &Context, token: &str, key: Key) -> Result<Option<Entry>, StoreError> {
        let Ok(claims) = self.keys.verify(token, cx.now) else { return Ok(None) };
        let audience = claims.get("aud").and_then(Value::as_array);
        let for_us = audience.is_some_and(|all| {
            all.iter()
                .filter_map(Value::as_str)
                .any(|one| self.config.audience().iter().any(|ours| ours == one))
        });
        let (Some(id), true) = (session_id(&claims), for_us) else { return Ok(None) };
        let seen = self.sessions.generation.load(Ordering::SeqCst);
        let epoch = self.sessions.epoch.load(Ordering::SeqCst);
        let row = self.store.read(cx.tenant, async |tx| tx.sessions().find(id).await).await?;
        let subject = claims.get("sub").and_then(Value::as_str).and_then(|sub| sub.parse().ok());
        let Some(row) = row.filter(|row| Some(row.user_id) == subject) else { return Ok(None) };
        let issued_at =
            claims.get("iat").and_then(Value::as_i64).map(Timestamp::from_seconds).unwrap_or_default();
        let object = claims_object(&claims, issued_at, row.expires_at.whole_seconds());
        // Text: it takes less memory than a tree, and it is what answers need.
        let Ok(text) = serde_json::value::to_raw_value(&object) else { return Ok(None) };
        // What this node knows of the last use may not be written down yet.
        let known = self.sessions.entries.get(&key).map(|entry| entry.used_at());
        let used_at = known.unwrap_or_default().max(row.last_used);
        let entry = Entry {
            user: row.user_id,
            session: row.id,
            claims: Arc::from(text),
            expires_at: row.expires_at,
            read_at: cx.now,
            epoch,
            used_at: Arc::new(AtomicI64::new(used_at.micros())),
            stored_at: Arc::new(AtomicI64::new(row.last_used.micros())),
        };
        self.sessions.keep(key, entry.clone(), seen);
        Ok(Some(entry))
    }

    /// Ends a session that was not used for too long. The row decides: another node may have seen it since; then it lives,
    /// and the time of that use comes back.
    async fn end_idle(&self, cx: &Context, entry: &Entry) -> Result<Option<Timestamp>, StoreError> {
        let limit = cx.now - self.config.session.idle_timeout;
        let used = self.store.write::<_, StoreError>(cx.tenant, async |tx| {
            if tx.sessions().delete_unused_since(entry.session, limit).await?.is_some() {
                return Ok(None);
            }
            Ok(tx.sessions().find(entry.session).await?.map(|row| row.last_used))
        });
        let used = used.await?;
        if used.is_none() {
            self.sessions.forget(SessionEvent::Ended(entry.session));
        }
        Ok(used)
    }

    /// Notes the use at once, and in the database now and then (spec 05, weakness 11). False if the session has ended.
    async fn touch(&self, cx: &Context, entry: &Entry) -> Result<bool, StoreError> {
        let idle = self.config.session.idle_timeout;
        let pause = if idle.is_zero() { CACHE_TTL } else { CACHE_TTL.min(idle / 10) };
        entry.used_at.fetch_max(cx.now.micros(), Ordering::Relaxed);
        let stored_at = Timestamp::from_micros(entry.stored_at.load(Ordering::Relaxed));
        if cx.now.since(stored_at) < pause {
            return Ok(true);
        }
        let id = entry.session;
        let alive = match self.store.write(cx.tenant, async |tx| tx.sessions().touch(id, cx.now).await).await
        {
            // The session was read and is good; that its use cannot be noted (a full disk) is no reason to refuse it.
            Err(StoreError::Unavailable(reason)) => {
                tracing::warn!(%reason, "the use of a session could not be noted");
                return Ok(true);
            }
            noted => noted?,
        };
        entry.stored_at.store(cx.now.micros(), Ordering::Relaxed);
        Ok(alive)
    }
}
