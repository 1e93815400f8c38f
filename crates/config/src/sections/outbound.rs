//! `outbound`: requests of the server to other hosts. Spec 10 §13, decision 29.

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Requests of the server to other hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Outbound {
    /// Private networks (CIDR) that URLs given by users or tenants may point into.
    #[schemars(with = "Vec<crate::types::NetworkText>")]
    pub allow_private_networks: Vec<IpNet>,
}
