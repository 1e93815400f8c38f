//! How flows began, as far as this node knows (decision 0019). Their first tokens are good by themselves, so that any node can take them; a
//! node that knows that they were used does not take them again.

use inkan_base::{FlowId, TenantId, Timestamp};
use moka::{policy::EvictionPolicy, sync::Cache};

use super::{announced::Announcement, recent::MEMORY, stored::REPLAY};

/// So many flows are known; some 2 MiB.
const CAPACITY: u64 = 8192;

#[derive(Clone, Copy)]
enum Beginning {
    /// The client told this node what it can do.
    Said(Said),
    /// There is a row, and with it another token.
    Stored,
}

/// What was told, and by which request.
#[derive(Clone, Copy)]
pub(super) struct Said {
    pub(super) announcement: Announcement,
    digest: [u8; 32],
    at: Timestamp,
}

impl Said {
    pub(super) const fn new(announcement: Announcement, digest: [u8; 32], at: Timestamp) -> Self {
        Self { announcement, digest, at }
    }

    /// Whether this is the same request a moment later, which gets the same answer (spec 00, decision 22).
    pub(super) fn is_repeated_by(&self, digest: &[u8; 32], now: Timestamp) -> bool {
        self.digest == *digest && now <= self.at + REPLAY
    }
}

/// Beginnings of the last minutes.
pub(crate) struct Beginnings(Cache<(TenantId, FlowId), Beginning>);

impl Beginnings {
    pub(crate) fn new() -> Self {
        let known = Cache::builder().eviction_policy(EvictionPolicy::lru()).time_to_live(MEMORY);
        Self(known.max_capacity(CAPACITY).build())
    }

    /// What was said of the flow here, if nothing is known to be stored of it.
    pub(super) fn said(&self, tenant: TenantId, id: FlowId) -> Option<Said> {
        match self.0.get(&(tenant, id)) {
            Some(Beginning::Said(said)) => Some(said),
            Some(Beginning::Stored) | None => None,
        }
    }

    /// Whether there is a row of the flow, or was.
    pub(super) fn is_stored(&self, tenant: TenantId, id: FlowId) -> bool {
        matches!(self.0.get(&(tenant, id)), Some(Beginning::Stored))
    }

    pub(super) fn remember(&self, tenant: TenantId, id: FlowId, said: Said) {
        self.0.insert((tenant, id), Beginning::Said(said));
    }

    pub(super) fn remember_stored(&self, tenant: TenantId, id: FlowId) {
        self.0.insert((tenant, id), Beginning::Stored);
    }
}
