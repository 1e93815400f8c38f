//! Flows in progress. A row appears with a flow's first action that is more than an announcement; a finished flow keeps its row until it expires.

use std::fmt;

use inkan_base::{FlowId, Timestamp};

use super::handle;
use crate::{
    StoreError,
    sql::{Row, Sql, params},
};

/// A flow as it is stored. `data`, `last_request` and `last_answer` are sealed by the caller.
#[derive(Clone, PartialEq, Eq)]
pub struct FlowRow {
    /// Id of the flow.
    pub id: FlowId,
    /// Which flow (`login`, …).
    pub kind: String,
    /// Name of the current state.
    pub state: String,
    /// Counts the actions; compared before each update.
    pub version: i64,
    /// The token that the next action must carry.
    pub csrf_token: String,
    /// What the flow remembers.
    pub data: Vec<u8>,
    /// Fingerprint of the last action.
    pub last_request: Option<Vec<u8>>,
    /// The answer to the last action, for a client that repeats it.
    pub last_answer: Option<Vec<u8>>,
    /// Until when `last_answer` may be repeated.
    pub last_answer_until: Option<Timestamp>,
    /// Whether the flow is over.
    pub finished: bool,
    /// When the flow was started.
    pub created_at: Timestamp,
    /// When the last action ran.
    pub updated_at: Timestamp,
    /// From when on the flow is gone.
    pub expires_at: Timestamp,
}

/// Without token and contents.
impl fmt::Debug for FlowRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowRow")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("state", &self.state)
            .field("version", &self.version)
            .field("finished", &self.finished)
            .finish_non_exhaustive()
    }
}

macro_rules! columns {
    () => {
        "id, kind, state, version, csrf_token, data, last_request, last_answer, last_answer_until, finished, \
         created_at, updated_at, expires_at"
    };
}

impl FlowRow {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take()?,
            kind: row.take()?,
            state: row.take()?,
            version: row.take()?,
            csrf_token: row.take()?,
            data: row.take()?,
            last_request: row.take()?,
            last_answer: row.take()?,
            last_answer_until: row.take()?,
            finished: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
            expires_at: row.take()?,
        })
    }
}

handle! {
    /// Flows of the tenant.
    Flows
}

impl Flows<'_, '_> {
    /// The flow with this id, expired or not.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find(&mut self, id: FlowId) -> Result<Option<FlowRow>, StoreError> {
        static SQL: Sql =
            Sql::new(concat!("SELECT ", columns!(), " FROM flows WHERE tenant_id = $1 AND id = $2"));
        let tenant = self.0.tenant();
        self.0.find(&SQL, params![tenant, id]).await?.map(FlowRow::from_row).transpose()
    }

    /// Adds a flow.
    ///
    /// # Errors
    /// `flows_pkey` if a concurrent action was faster; otherwise as every statement.
    pub async fn create(&mut self, flow: &FlowRow) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "INSERT INTO flows (tenant_id, ",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
        ));
        let tenant = self.0.tenant();
        let params = params![
            tenant,
            flow.id,
            &flow.kind,
            &flow.state,
            flow.version,
            &flow.csrf_token,
            &flow.data,
            flow.last_request.as_ref(),
            flow.last_answer.as_ref(),
            flow.last_answer_until,
            flow.finished,
            flow.created_at,
            flow.updated_at,
            flow.expires_at,
        ];
        self.0.send(&SQL, params).await
    }

    /// Writes all of `flow` but id, kind and creation, if the stored version is still `expected_version`.
    ///
    /// # Errors
    /// `flows_version` if it is another one; otherwise as every statement.
    pub async fn update(&mut self, flow: &FlowRow, expected_version: i64) -> Result<(), StoreError> {
        macro_rules! update {
            () => {
                "UPDATE flows SET state = $4, version = $5, csrf_token = $6, data = $7, last_request = $8, \
                 last_answer = $9, last_answer_until = $10, finished = $11, updated_at = $12, expires_at = $13 \
                 WHERE tenant_id = $1 AND id = $2 AND version = $3"
            };
        }
        static SQL: Sql = Sql::one(
            concat!("WITH changed AS (", update!(), " RETURNING id) SELECT 1 / count(*) FROM changed"),
            update!(),
        );
        let tenant = self.0.tenant();
        let params = params![
            tenant,
            flow.id,
            expected_version,
            &flow.state,
            flow.version,
            &flow.csrf_token,
            &flow.data,
            flow.last_request.as_ref(),
            flow.last_answer.as_ref(),
            flow.last_answer_until,
            flow.finished,
            flow.updated_at,
            flow.expires_at,
        ];
        self.0.send_one(&SQL, params, "flows_version").await
    }
}
