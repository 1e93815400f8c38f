//! Audit records. They survive the user they are about.

use inkan_base::{AuditId, Timestamp, UserId};

use super::{cut, handle};
use crate::{
    StoreError,
    sql::{Row, Sql, params},
};

/// Something that happened and that somebody may have to look up.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRecord {
    /// Id of the record.
    pub id: AuditId,
    /// Name of the event (`login_success`, …).
    pub kind: String,
    /// Why it failed.
    pub error: Option<String>,
    /// The request it happened in.
    pub request_id: String,
    /// The client's address.
    pub source_ip: String,
    /// The client's `User-Agent`.
    pub user_agent: String,
    /// The user it is about.
    pub actor_user_id: Option<UserId>,
    /// The user's address at that time.
    pub actor_email: Option<String>,
    /// What else is worth knowing.
    pub details: Option<serde_json::Value>,
    /// When it happened.
    pub created_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, type, error, request_id, source_ip, user_agent, actor_user_id, actor_email, details, created_at"
    };
}

impl AuditRecord {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take()?,
            kind: row.take()?,
            error: row.take()?,
            request_id: row.take()?,
            source_ip: row.take()?,
            user_agent: row.take()?,
            actor_user_id: row.take()?,
            actor_email: row.take()?,
            details: row.take()?,
            created_at: row.take()?,
        })
    }
}

handle! {
    /// Audit records of the tenant.
    Audit
}

impl Audit<'_, '_> {
    /// Adds a record; texts are cut to 255 characters (spec 11, weakness 4).
    ///
    /// # Errors
    /// As every statement.
    pub async fn create(&mut self, record: &AuditRecord) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "INSERT INTO audit_records (tenant_id, ",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        ));
        let tenant = self.0.tenant();
        let params = params![
            tenant,
            record.id,
            cut(&record.kind),
            record.error.as_deref().map(cut),
            cut(&record.request_id),
            cut(&record.source_ip),
            cut(&record.user_agent),
            record.actor_user_id,
            record.actor_email.as_deref().map(cut),
            record.details.as_ref(),
            record.created_at,
        ];
        self.0.send(&SQL, params).await
    }

    /// The newest `limit` records, newest first.
    ///
    /// # Errors
    /// As every statement.
    pub async fn list(&mut self, limit: i64) -> Result<Vec<AuditRecord>, StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "SELECT ",
            columns!(),
            " FROM audit_records WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2"
        ));
        let tenant = self.0.tenant();
        let rows = self.0.query(&SQL, params![tenant, limit.max(0)]).await?;
        rows.into_iter().map(AuditRecord::from_row).collect()
    }
}
