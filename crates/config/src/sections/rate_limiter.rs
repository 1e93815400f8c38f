//! `rate_limiter`: fixed windows per key. Spec 10 §6.1, spec 11 §3, decision 27.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Report;
use crate::types::{DurationText, RateLimitStore, Secret, as_duration};

/// Rate limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct RateLimiter {
    /// Limit rates.
    pub enabled: bool,
    /// Where windows are counted; several nodes need a shared store.
    pub store: RateLimitStore,
    /// The Redis server.
    #[schemars(extend("x-env" = "REDIS"))]
    pub redis_config: Redis,
    /// Passcode mails per client address and mail address.
    pub passcode_limits: Limit,
    /// Password attempts per client address and identifier.
    pub password_limits: Limit,
    /// One-time password attempts per client address and user.
    pub otp_limits: Limit,
    /// Token exchanges per client address.
    pub token_limits: Limit,
    /// Look-ups of accounts by address per client address (REST API v0.12).
    pub lookup_limits: Limit,
}

/// A Redis server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Redis {
    /// `host:port`.
    pub address: String,
    /// Password for AUTH; empty means none.
    pub password: Secret,
}

/// So many uses per window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Limit {
    /// Uses per window; 0 means 1.
    pub tokens: u32,
    /// Length of the window; `0s` means one second.
    #[serde(with = "as_duration")]
    #[schemars(with = "DurationText")]
    pub interval: Duration,
}

impl Limit {
    const fn per_minute(tokens: u32) -> Self {
        Self { tokens, interval: Duration::from_mins(1) }
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self::per_minute(3)
    }
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self {
            enabled: true,
            store: RateLimitStore::InMemory,
            redis_config: Redis::default(),
            passcode_limits: Limit::per_minute(3),
            password_limits: Limit::per_minute(5),
            otp_limits: Limit::per_minute(3),
            token_limits: Limit::per_minute(3),
            lookup_limits: Limit::per_minute(30),
        }
    }
}

impl RateLimiter {
    pub(crate) fn check(&self, report: &mut Report) {
        if self.enabled && self.store == RateLimitStore::Redis {
            self.redis_config.check("rate_limiter.redis_config.address", report);
        }
    }
}

impl Redis {
    pub(crate) fn check(&self, key: &str, report: &mut Report) {
        if !crate::check::is_host_and_port(&self.address) {
            report.value(key, format!("redis needs an address host:port, found {:?}", self.address));
        }
    }
}
