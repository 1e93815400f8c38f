//! `flow_locker`: one action at a time per flow. Spec 10 §6.1.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Redis;
use crate::error::Report;
use crate::types::{DurationText, LockStore, as_duration};

/// One action at a time per flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct FlowLocker {
    /// Lock flows.
    pub enabled: bool,
    /// Where locks are kept.
    pub store: LockStore,
    /// The Redis server.
    #[schemars(extend("x-env" = "REDIS"))]
    pub redis_config: Redis,
    /// Expiry of a lock in Redis; `0s` means 15 seconds.
    #[serde(with = "as_duration")]
    #[schemars(with = "DurationText")]
    pub ttl: Duration,
}

impl Default for FlowLocker {
    fn default() -> Self {
        Self {
            enabled: true,
            store: LockStore::InMemory,
            redis_config: Redis::default(),
            ttl: Duration::from_secs(15),
        }
    }
}

impl FlowLocker {
    pub(crate) fn check(&self, report: &mut Report) {
        if self.enabled && self.store == LockStore::Redis {
            self.redis_config.check("flow_locker.redis_config.address", report);
        }
    }
}
