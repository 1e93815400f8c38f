//! Work that concerns all tenants: removing what has expired, claiming messages.

use std::time::Duration;

use inkan_base::{TenantId, Timestamp};

use crate::{
    OutboxMessage, Store, StoreError,
    aggregates::outbox,
    sql::{Sql, params},
};

/// Finished messages are kept this long, for whoever wants to know what became of them.
const OUTBOX_RETENTION: Duration = Duration::from_hours(24);

/// An expired flow is kept this long, so that no node whose clock is behind takes it for one that was never stored.
const FLOW_MARGIN: Duration = Duration::from_hours(1);

/// How many rows [`Store::clean_up`] removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CleanedUp {
    /// Expired flows, finished ones included.
    pub flows: u64,
    /// Answers of flows that cannot be had again; wiped, their flows stay.
    pub answers: u64,
    /// Expired one-time codes.
    pub passcodes: u64,
    /// Expired challenges of ceremonies with authenticators.
    pub webauthn_challenges: u64,
    /// Budgets of guesses whose window is over.
    pub second_factor_attempts: u64,
    /// Devices whose trust has expired.
    pub trusted_devices: u64,
    /// Expired sessions.
    pub sessions: u64,
    /// Audit records beyond their retention.
    pub audit_records: u64,
    /// Messages that were finished or expired more than a day ago.
    pub outbox: u64,
}

macro_rules! batch {
    ($table:literal, $condition:literal) => {
        batch!($table, "id", "id", $condition)
    };
    ($table:literal, $key:literal, $columns:literal, $condition:literal) => {
        Sql::new(concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $key,
            " IN (SELECT ",
            $columns,
            " FROM ",
            $table,
            " WHERE ",
            $condition,
            " LIMIT $2)"
        ))
    };
}

impl Store {
    /// Removes what has expired, and the answers of flows that cannot be had again, in all tenants, in transactions of at most `batch` rows. Expired sessions are not announced:
    /// their end is in the token.
    ///
    /// # Errors
    /// As every transaction; what was removed until then stays removed.
    pub async fn clean_up(
        &self,
        now: Timestamp,
        audit_retention: Duration,
        batch: usize,
    ) -> Result<CleanedUp, StoreError> {
        static FLOWS: Sql = batch!("flows", "expires_at <= $1");
        static ANSWERS: Sql = Sql::new(
            "UPDATE flows SET last_request = NULL, last_answer = NULL, last_answer_until = NULL WHERE id IN (\
             SELECT id FROM flows WHERE answered AND last_answer_until <= $1 LIMIT $2)",
        );
        static PASSCODES: Sql = batch!("passcodes", "expires_at <= $1");
        static CHALLENGES: Sql = batch!(
            "webauthn_challenges",
            "(tenant_id, challenge)",
            "tenant_id, challenge",
            "expires_at <= $1"
        );
        static GUESSES: Sql = batch!(
            "second_factor_attempts",
            // again outside: a guess may have begun a new window meanwhile
            "expires_at <= $1 AND (tenant_id, user_id, method)",
            "tenant_id, user_id, method",
            "expires_at <= $1"
        );
        static DEVICES: Sql = batch!("trusted_devices", "expires_at <= $1");
        static SESSIONS: Sql = batch!("sessions", "expires_at <= $1");
        static AUDIT: Sql = batch!("audit_records", "created_at <= $1");
        static OUTBOX: Sql = batch!("outbox", "expires_at <= $1");
        static FINISHED: Sql = batch!("outbox", "finished_at <= $1");
        self.write(TenantId::DEFAULT, async |tx| outbox::give_up_expired(tx, now).await).await?;
        let day_ago = now - OUTBOX_RETENTION;
        Ok(CleanedUp {
            flows: self.in_batches(&FLOWS, now - FLOW_MARGIN, batch).await?,
            answers: self.in_batches(&ANSWERS, now, batch).await?,
            passcodes: self.in_batches(&PASSCODES, now, batch).await?,
            webauthn_challenges: self.in_batches(&CHALLENGES, now, batch).await?,
            second_factor_attempts: self.in_batches(&GUESSES, now, batch).await?,
            trusted_devices: self.in_batches(&DEVICES, now, batch).await?,
            sessions: self.in_batches(&SESSIONS, now, batch).await?,
            audit_records: self.in_batches(&AUDIT, now - audit_retention, batch).await?,
            outbox: self.in_batches(&FINISHED, day_ago, batch).await?
                + self.in_batches(&OUTBOX, day_ago, batch).await?,
        })
    }

    async fn in_batches(&self, sql: &'static Sql, limit: Timestamp, batch: usize) -> Result<u64, StoreError> {
        let batch = i64::try_from(batch.max(1)).unwrap_or(i64::MAX);
        let mut total = 0;
        loop {
            let changed = self
                .write(TenantId::DEFAULT, async |tx| tx.execute(sql, params![limit, batch]).await)
                .await?;
            total += changed;
            if changed < batch.unsigned_abs() {
                return Ok(total);
            }
        }
    }

    /// Makes due what another process of this database had claimed for `lease`, or was to be tried again within it. Does nothing
    /// on PostgreSQL, where that process may be another node that is sending.
    ///
    /// # Errors
    /// As every transaction.
    pub async fn release_outbox(&self, now: Timestamp, lease: Duration) -> Result<(), StoreError> {
        if !self.has_one_server() {
            return Ok(());
        }
        self.write(TenantId::DEFAULT, async |tx| outbox::release(tx, now, lease).await).await
    }

    /// Claims up to `limit` due messages of all tenants for the length of `lease`, most urgent first. No two callers get the
    /// same message while a lease lasts. Messages that expired meanwhile are given up.
    ///
    /// # Errors
    /// As every transaction.
    pub async fn claim_outbox(
        &self,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> Result<Vec<OutboxMessage>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.write(TenantId::DEFAULT, async |tx| {
            outbox::give_up_expired(tx, now).await?;
            outbox::claim(tx, now, lease, limit).await
        })
        .await
    }
}
