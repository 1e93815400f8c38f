//! Mails and webhooks to be sent: written in the transaction that causes them, sent by a worker (transactional outbox).
//!
//! A row is `pending` until it is delivered or given up. The worker claims due rows for a short lease, sends without holding a
//! connection, and reports: `delivered`, `retry` or `give_up`. A worker that dies loses its lease, and another one sends again:
//! at least once.

use std::{fmt, time::Duration};

use inkan_base::{OutboxId, TenantId, Timestamp};

use super::{cut, handle};
use crate::{
    StoreError, Tx,
    sql::{FromValue, Row, Sql, Value, params},
};

/// A message to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct NewOutboxMessage {
    /// Id of the message; stays the same in every attempt.
    pub id: OutboxId,
    /// What it is (`mail`, `webhook`, …).
    pub kind: String,
    /// Smaller numbers are sent first.
    pub priority: i64,
    /// The sealed message.
    pub payload: Vec<u8>,
    /// When it was caused.
    pub created_at: Timestamp,
    /// From when on it is of no use (the code in it has expired).
    pub expires_at: Timestamp,
}

/// Without the payload.
impl fmt::Debug for NewOutboxMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewOutboxMessage")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Where a message is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// Not yet sent.
    Pending,
    /// Sent.
    Delivered,
    /// Not sent and not tried again.
    GivenUp,
}

impl FromValue for OutboxState {
    fn from_value(value: Value) -> Result<Self, Value> {
        match String::from_value(value)?.as_str() {
            "pending" => Ok(Self::Pending),
            "delivered" => Ok(Self::Delivered),
            "given_up" => Ok(Self::GivenUp),
            other => Err(Value::Text(other.to_owned())),
        }
    }
}

/// A message with the record of its attempts.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// Whose message it is.
    pub tenant: TenantId,
    /// Id of the message; stays the same in every attempt.
    pub id: OutboxId,
    /// What it is (`mail`, `webhook`, …).
    pub kind: String,
    /// Smaller numbers are sent first.
    pub priority: i64,
    /// The sealed message; empty once it was delivered or given up.
    pub payload: Vec<u8>,
    /// Where it is on its way.
    pub state: OutboxState,
    /// How often it was claimed.
    pub attempts: i64,
    /// Until when a worker has claimed it, or, after [`Outbox::retry`], when it is due again.
    pub leased_until: Option<Timestamp>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was caused.
    pub created_at: Timestamp,
    /// From when on it is of no use.
    pub expires_at: Timestamp,
}

/// Without the payload.
impl fmt::Debug for OutboxMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxMessage")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

macro_rules! columns {
    () => {
        "tenant_id, id, kind, priority, payload, state, attempts, leased_until, last_error, created_at, expires_at"
    };
}

impl OutboxMessage {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: row.take()?,
            id: row.take()?,
            kind: row.take()?,
            priority: row.take()?,
            payload: row.take()?,
            state: row.take()?,
            attempts: row.take()?,
            leased_until: row.take()?,
            last_error: row.take()?,
            created_at: row.take()?,
            expires_at: row.take()?,
        })
    }
}

handle! {
    /// Messages of the tenant.
    Outbox
}

impl Outbox<'_, '_> {
    /// Adds a message; the worker is woken by the commit.
    ///
    /// # Errors
    /// `outbox_pkey` if the id exists; otherwise as every statement.
    pub async fn enqueue(&mut self, message: &NewOutboxMessage) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(
            "INSERT INTO outbox (tenant_id, id, kind, priority, payload, state, attempts, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, 'pending', 0, $6, $7)",
        );
        let tenant = self.0.tenant();
        let params = params![
            tenant,
            message.id,
            &message.kind,
            message.priority,
            &message.payload,
            message.created_at,
            message.expires_at,
        ];
        self.0.effects.outbox = true;
        self.0.send(&SQL, params).await
    }

    /// The message was sent; its payload is wiped.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delivered(&mut self, id: OutboxId, now: Timestamp) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(
            "UPDATE outbox SET state = 'delivered', payload = $4, leased_until = NULL, finished_at = $3 \
             WHERE tenant_id = $1 AND id = $2 AND state = 'pending'",
        );
        let tenant = self.0.tenant();
        self.0.send(&SQL, params![tenant, id, now, &Vec::new()]).await
    }

    /// The attempt failed; the message is due again at `at`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn retry(&mut self, id: OutboxId, at: Timestamp, error: &str) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(
            "UPDATE outbox SET leased_until = $3, last_error = $4 \
             WHERE tenant_id = $1 AND id = $2 AND state = 'pending'",
        );
        let tenant = self.0.tenant();
        self.0.send(&SQL, params![tenant, id, at, cut(error)]).await
    }

    /// The message will not be sent; its payload is wiped.
    ///
    /// # Errors
    /// As every statement.
    pub async fn give_up(&mut self, id: OutboxId, now: Timestamp, error: &str) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(
            "UPDATE outbox SET state = 'given_up', payload = $5, leased_until = NULL, finished_at = $3, last_error = $4 \
             WHERE tenant_id = $1 AND id = $2 AND state = 'pending'",
        );
        let tenant = self.0.tenant();
        self.0.send(&SQL, params![tenant, id, now, cut(error), &Vec::new()]).await
    }

    /// How many messages are not yet sent.
    ///
    /// # Errors
    /// As every statement.
    pub async fn pending_count(&mut self) -> Result<i64, StoreError> {
        static SQL: Sql = Sql::new("SELECT count(*) FROM outbox WHERE tenant_id = $1 AND state = 'pending'");
        let tenant = self.0.tenant();
        self.0.find(&SQL, params![tenant]).await?.map_or(Ok(0), |mut row| row.take())
    }

    /// When the message was queued that has been due for the longest, of all tenants; `None` if nothing is due.
    ///
    /// # Errors
    /// As every statement.
    pub async fn oldest_due(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        static SQL: Sql = Sql::new(
            "SELECT created_at FROM outbox WHERE state = 'pending' AND (leased_until IS NULL OR leased_until <= $1) \
             ORDER BY created_at LIMIT 1",
        );
        self.0.find(&SQL, params![now]).await?.map(|mut row| row.take()).transpose()
    }

    /// The newest `limit` messages, newest first.
    ///
    /// # Errors
    /// As every statement.
    pub async fn list(&mut self, limit: i64) -> Result<Vec<OutboxMessage>, StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "SELECT ",
            columns!(),
            " FROM outbox WHERE tenant_id = $1 ORDER BY id DESC LIMIT $2"
        ));
        let tenant = self.0.tenant();
        let rows = self.0.query(&SQL, params![tenant, limit.max(0)]).await?;
        rows.into_iter().map(OutboxMessage::from_row).collect()
    }
}

/// Claims up to `limit` due messages of all tenants until `now + lease`, most urgent first.
pub(crate) async fn claim(
    tx: &mut Tx<'_>,
    now: Timestamp,
    lease: Duration,
    limit: i64,
) -> Result<Vec<OutboxMessage>, StoreError> {
    macro_rules! claim {
        ($lock:literal) => {
            concat!(
                "WITH due AS MATERIALIZED (SELECT id FROM outbox WHERE state = 'pending' AND expires_at > $1 \
                 AND (leased_until IS NULL OR leased_until <= $1) ORDER BY priority, id LIMIT $3",
                $lock,
                ") UPDATE outbox SET attempts = attempts + 1, leased_until = $2 \
                 WHERE id IN (SELECT id FROM due) RETURNING ",
                columns!()
            )
        };
    }
    static SQL: Sql = Sql::per_engine(claim!(" FOR UPDATE SKIP LOCKED"), claim!(""));
    let rows = tx.query(&SQL, params![now, now + lease, limit.max(0)]).await?;
    let mut messages = rows.into_iter().map(OutboxMessage::from_row).collect::<Result<Vec<_>, _>>()?;
    messages.sort_by_key(|message| (message.priority, message.id));
    Ok(messages)
}

/// Ends the leases that run out within `lease`.
pub(crate) async fn release(tx: &mut Tx<'_>, now: Timestamp, lease: Duration) -> Result<(), StoreError> {
    static SQL: Sql = Sql::new(
        "UPDATE outbox SET leased_until = NULL WHERE id IN (\
         SELECT id FROM outbox WHERE state = 'pending' AND leased_until <= $1)",
    );
    tx.send(&SQL, params![now + lease]).await
}

/// A long backlog is given up in pieces, so that no transaction takes long.
const GIVEN_UP_AT_ONCE: i64 = 500;

/// Gives up what nobody is sending and nobody needs any more; how many messages.
pub(crate) async fn give_up_expired(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    static SQL: Sql = Sql::new(
        "UPDATE outbox SET state = 'given_up', payload = $2, leased_until = NULL, finished_at = $1, \
         last_error = COALESCE(last_error, 'expired') \
         WHERE id IN (SELECT id FROM outbox WHERE state = 'pending' AND expires_at <= $1 \
         AND (leased_until IS NULL OR leased_until <= $1) LIMIT $3)",
    );
    tx.send(&SQL, params![now, &Vec::new(), GIVEN_UP_AT_ONCE]).await
}
