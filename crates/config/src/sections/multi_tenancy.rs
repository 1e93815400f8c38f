//! `multi_tenancy`: several tenants in one server. Spec 10 §6.1 and §12.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Several tenants in one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct MultiTenancy {
    /// Serve tenants below `/{tenant_id}` and open the management port.
    pub enabled: bool,
}
