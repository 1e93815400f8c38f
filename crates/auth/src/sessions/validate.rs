//! Is a session token good? (spec 05, sections 1.3, 1.4, 2.6; DESIGN, section 4)
//!
//! 1. Signature, algorithm, times.
//! 2. The session's row exists, belongs to the token's user and has not ended.
//! 3. It was used recently enough.
//!
//! What was found is cached under the token's SHA-256 while the store can promise to tell about the end of sessions; expiry
//! and idle end are checked against the clock on every use.

use std::{sync::Arc, time::Duration};

use inkan_base::{SessionId, Timestamp, UserId};
use inkan_crypto::sha256;
use inkan_store::{SessionEvent, StoreError};
use serde_json::{Map, Value};

use super::claims::claims_object;
use crate::{App, Context};

/// Sessions in the cache at the most.
const MAX_CACHED: u64 = 100_000;
/// How long the row is not looked at again.
const CACHE_TTL: Duration = Duration::from_mins(1);

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
    /// The `claims` object of answers.
    pub claims: Arc<Value>,
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
    claims: Arc<Value>,
    expires_at: Timestamp,
    last_used: Timestamp,
    read_at: Timestamp,
}

/// Tokens that were good lately, by SHA-256, and which token a session has.
pub(crate) struct SessionCache {
    entries: moka::sync::Cache<[u8; 32], Entry>,
    tokens: moka::sync::Cache<SessionId, [u8; 32]>,
}

impl SessionCache {
    pub(crate) fn new() -> Self {
        Self { entries: moka::sync::Cache::new(MAX_CACHED), tokens: moka::sync::Cache::new(MAX_CACHED) }
    }

    /// Forgets what the store says has ended.
    pub(crate) fn forget(&self, event: SessionEvent) {
        match event {
            SessionEvent::Ended(session) => {
                if let Some(token) = self.tokens.remove(&session) {
                    self.entries.invalidate(&token);
                }
            }
            SessionEvent::Flush => {
                self.entries.invalidate_all();
                self.tokens.invalidate_all();
            }
        }
    }

    fn find(&self, key: &[u8; 32], now: Timestamp) -> Option<Entry> {
        let entry = self.entries.get(key)?;
        // A clock that was set back must not keep an entry for ever.
        (now >= entry.read_at && now.since(entry.read_at) < CACHE_TTL).then_some(entry)
    }

    fn keep(&self, key: [u8; 32], entry: Entry) {
        self.tokens.insert(entry.session, key);
        self.entries.insert(key, entry);
    }
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
        const INVALID: Validation = Validation::Invalid { idle_expired: false };
        let key = sha256(token.as_bytes());
        let cached = match self.store.session_events_alive() {
            true => self.sessions.find(&key, cx.now),
            false => None,
        };
        let entry = match cached {
            Some(entry) => entry,
            None => match self.read_session(cx, token).await? {
                Some(entry) => {
                    self.sessions.keep(key, entry.clone());
                    entry
                }
                None => return Ok(INVALID),
            },
        };
        if cx.now >= entry.expires_at.whole_seconds() {
            return Ok(INVALID);
        }
        let idle = self.config.session.idle_timeout;
        if !idle.is_zero() && cx.now.since(entry.last_used) > idle {
            return self.end_idle(cx, &entry).await;
        }
        let last_used = if touch { self.touch(cx, key, &entry).await? } else { entry.last_used };
        let idle_expires_at = (!idle.is_zero()).then(|| (last_used + idle).min(entry.expires_at));
        Ok(Validation::Valid(ValidSession {
            user: entry.user,
            session: entry.session,
            claims: entry.claims,
            expires_at: entry.expires_at.whole_seconds(),
            idle_expires_at,
        }))
    }

    async fn read_session(&self, cx: &Context, token: &str) -> Result<Option<Entry>, StoreError> {
        let Ok(claims) = self.keys.verify(token, cx.now) else { return Ok(None) };
        let audience = claims.get("aud").and_then(Value::as_array);
        let for_us = audience.is_some_and(|all| {
            all.iter()
                .filter_map(Value::as_str)
                .any(|one| self.config.audience().iter().any(|ours| ours == one))
        });
        let (Some(id), true) = (session_id(&claims), for_us) else { return Ok(None) };
        let row = self.store.read(cx.tenant, async |tx| tx.sessions().find(id).await).await?;
        let subject = claims.get("sub").and_then(Value::as_str).and_then(|sub| sub.parse().ok());
        let Some(row) = row.filter(|row| Some(row.user_id) == subject) else { return Ok(None) };
        let issued_at =
            claims.get("iat").and_then(Value::as_i64).map(Timestamp::from_seconds).unwrap_or_default();
        let ends = row.expires_at.whole_seconds();
        Ok(Some(Entry {
            user: row.user_id,
            session: row.id,
            claims: Arc::new(claims_object(&claims, issued_at, ends)),
            expires_at: row.expires_at,
            last_used: row.last_used,
            read_at: cx.now,
        }))
    }

    async fn end_idle(&self, cx: &Context, entry: &Entry) -> Result<Validation, StoreError> {
        let idle = self.config.session.idle_timeout;
        // The row decides: another node may have seen the session more recently than this one's cache.
        let ended = self.store.write(cx.tenant, async |tx| {
            let row = tx.sessions().find(entry.session).await?;
            let Some(row) = row.filter(|row| cx.now.since(row.last_used) > idle) else { return Ok(false) };
            tx.sessions().delete(row.id).await.map(|deleted| deleted.is_some())
        });
        let ended: Result<bool, StoreError> = ended.await;
        self.sessions.forget(SessionEvent::Ended(entry.session));
        Ok(Validation::Invalid { idle_expired: ended? })
    }

    /// Notes the use, in the database only now and then (spec 05, weakness 11).
    async fn touch(&self, cx: &Context, key: [u8; 32], entry: &Entry) -> Result<Timestamp, StoreError> {
        let idle = self.config.session.idle_timeout;
        let pause = if idle.is_zero() { CACHE_TTL } else { CACHE_TTL.min(idle / 10) };
        if cx.now.since(entry.last_used) < pause {
            return Ok(entry.last_used);
        }
        let id = entry.session;
        self.store.write(cx.tenant, async |tx| tx.sessions().touch(id, cx.now).await).await?;
        self.sessions.keep(key, Entry { last_used: cx.now, ..entry.clone() });
        Ok(cx.now)
    }
}
