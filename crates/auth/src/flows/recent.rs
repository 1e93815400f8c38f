//! Flows that this node wrote a moment ago (decision 0017). The next action of a flow most often comes to the same node, which
//! then need not read what it wrote itself. What is remembered may be outdated: another node was faster, or the row is gone. So it
//! is used for a request with the token of that version only, and writing the next version fails if the stored one is another;
//! then the flow is read.

use std::{sync::Arc, time::Duration};

use inkan_base::{FlowId, TenantId};
use inkan_store::FlowRow;
use moka::{policy::EvictionPolicy, sync::Cache};

use super::step::KnownPassword;

/// How much is remembered, in bytes.
const CAPACITY: u64 = 4 * 1024 * 1024;
/// What a flow takes besides its data.
const OVERHEAD: usize = 640;
/// Who takes longer for an action is read again.
pub(super) const MEMORY: Duration = Duration::from_mins(5);

/// A flow as this node left it.
pub(super) struct Recent {
    /// The row as it is stored, sealed, without what only a repeated request needs.
    pub(super) row: FlowRow,
    /// Of the account that it identified.
    pub(super) password: Option<KnownPassword>,
}

/// Flows of the last minutes that were not finished.
pub(crate) struct RecentFlows(Cache<(TenantId, FlowId), Arc<Recent>>);

impl RecentFlows {
    pub(crate) fn new() -> Self {
        let weight =
            |_: &_, flow: &Arc<Recent>| u32::try_from(flow.row.data.len() + OVERHEAD).unwrap_or(u32::MAX);
        // The newest are those that go on: nothing may be kept for having been asked for often.
        let recent = Cache::builder().eviction_policy(EvictionPolicy::lru()).time_to_live(MEMORY);
        Self(recent.weigher(weight).max_capacity(CAPACITY).build())
    }

    pub(super) fn get(&self, tenant: TenantId, id: FlowId) -> Option<Arc<Recent>> {
        self.0.get(&(tenant, id))
    }

    /// What is remembered may be outdated: a token of it must not be tried again and again.
    pub(super) fn forget(&self, tenant: TenantId, id: FlowId) {
        self.0.invalidate(&(tenant, id));
    }

    /// The row was written; it comes without what only a repeated request needs. Nothing more comes of a finished flow.
    pub(super) fn remember(&self, tenant: TenantId, row: FlowRow, password: Option<KnownPassword>) {
        let key = (tenant, row.id);
        if row.finished {
            self.0.invalidate(&key);
        } else {
            self.0.insert(key, Arc::new(Recent { row, password }));
        }
    }
}
