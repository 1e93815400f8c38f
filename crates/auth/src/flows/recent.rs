//! Flows that this node wrote a moment ago (decision 0017). The next action of a flow most often comes to the same node, which
//! then need not read what it wrote itself. What is remembered may be outdated: another node was faster, or the row is gone. So it
//! is used for a request with the token of that version only, and writing the next version fails if the stored one is another;
//! then the flow is read.

use std::{sync::Arc, time::Duration};

use inkan_base::{FlowId, TenantId};
use inkan_store::FlowRow;
use moka::sync::Cache;

use super::step::KnownPassword;

/// How much is remembered, in bytes.
const CAPACITY: u64 = 8 * 1024 * 1024;
/// What a flow takes besides its data.
const OVERHEAD: usize = 640;
/// Version of a flow of which nothing is stored yet (decision 0019).
pub(super) const NOT_STORED: i64 = 0;
/// Who takes longer for an action is read again.
const MEMORY: Duration = Duration::from_mins(5);

/// A flow as this node left it.
pub(super) struct Recent {
    /// The row as it is stored, sealed, without what only a repeated request needs; or with it, as it would be if it was stored.
    pub(super) row: FlowRow,
    /// Of the account that it identified.
    pub(super) password: Option<KnownPassword>,
}

/// Flows of the last minutes that were not finished.
pub(crate) struct RecentFlows(Cache<(TenantId, FlowId), Arc<Recent>>);

impl RecentFlows {
    pub(crate) fn new() -> Self {
        let weight = |_: &_, flow: &Arc<Recent>| {
            let answer = flow.row.last_answer.as_ref().map_or(0, Vec::len);
            u32::try_from(flow.row.data.len() + answer + OVERHEAD).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().weigher(weight).max_capacity(CAPACITY).time_to_live(MEMORY).build())
    }

    pub(super) fn get(&self, tenant: TenantId, id: FlowId) -> Option<Arc<Recent>> {
        self.0.get(&(tenant, id))
    }

    /// A flow of which nothing is stored, as far as this node knows.
    pub(super) fn not_stored(&self, tenant: TenantId, id: FlowId) -> Option<FlowRow> {
        let recent = self.get(tenant, id)?;
        (recent.row.version == NOT_STORED).then(|| recent.row.clone())
    }

    /// What is remembered may be outdated: a token of it must not be tried again and again.
    pub(super) fn forget(&self, tenant: TenantId, id: FlowId) {
        self.0.invalidate(&(tenant, id));
    }

    /// The row was written, or need not be. Nothing more comes of a finished flow.
    pub(super) fn remember(&self, tenant: TenantId, row: FlowRow, password: Option<KnownPassword>) {
        let key = (tenant, row.id);
        if row.finished {
            self.0.invalidate(&key);
        } else {
            let row = match row.version {
                NOT_STORED => row,
                _ => FlowRow { last_request: None, last_answer: None, ..row },
            };
            self.0.insert(key, Arc::new(Recent { row, password }));
        }
    }
}
