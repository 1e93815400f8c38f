//! What this version cannot do yet: the one list of settings that are understood but not served. It only shrinks.

use crate::error::{ConfigError, ErrorKind};
use crate::{Config, KeyManagementType, LockStore, Nodes, RateLimitStore};

/// A setting that demands something.
struct Feature {
    key: &'static str,
    /// Whether the configuration demands it.
    demanded: fn(&Config) -> bool,
    /// What is missing and what to do instead.
    message: &'static str,
}

const FEATURES: &[Feature] = &[
    Feature {
        key: "saml.enabled",
        demanded: |c| c.saml.enabled,
        message: "SAML is not available in this version",
    },
    Feature {
        key: "third_party.providers",
        demanded: |c| c.third_party.providers.all().iter().any(|(_, provider)| provider.enabled),
        message: "third-party providers are not available in this version; set their enabled to false",
    },
    Feature {
        key: "third_party.custom_providers",
        demanded: |c| c.third_party.custom_providers.values().any(|provider| provider.enabled),
        message: "custom providers are not available in this version; set their enabled to false",
    },
    Feature {
        key: "multi_tenancy.enabled",
        demanded: |c| c.multi_tenancy.enabled,
        message: "several tenants are not available in this version",
    },
    Feature {
        key: "webhooks.hooks",
        demanded: |c| c.webhooks.enabled && !c.webhooks.hooks.is_empty(),
        message: "webhooks are not available in this version; set webhooks.enabled to false",
    },
    Feature {
        key: "rate_limiter.store",
        demanded: |c| c.rate_limiter.enabled && c.rate_limiter.store != RateLimitStore::InMemory,
        message: "shared stores are not available in this version; use in_memory",
    },
    Feature {
        key: "flow_locker.store",
        demanded: |c| c.flow_locker.enabled && c.flow_locker.store != LockStore::InMemory,
        message: "shared stores are not available in this version; use in_memory",
    },
    Feature {
        key: "nodes",
        demanded: |c| c.nodes == Nodes::Many,
        message: "several nodes are not available in this version; use one",
    },
    Feature {
        key: "secrets.key_management.type",
        demanded: |c| c.secrets.key_management.kind == KeyManagementType::AwsKms,
        message: "AWS KMS is not supported; use local with secret_keys from your secret manager (SECRET_KEYS_FILE)",
    },
];

impl Config {
    /// The settings that demand what this version cannot do.
    #[must_use]
    pub fn unsupported(&self) -> Vec<ConfigError> {
        let missing = FEATURES.iter().filter(|feature| (feature.demanded)(self));
        missing
            .map(|feature| ConfigError {
                key: feature.key.to_owned(),
                given_as: None,
                message: feature.message.to_owned(),
                kind: ErrorKind::Unsupported,
            })
            .collect()
    }
}
