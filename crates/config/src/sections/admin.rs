//! `admin`: who may call the admin API. Spec 10 §13, decision 16.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::ApiKeyHash;

/// Who may call the admin API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Admin {
    /// SHA-256 (64 hexadecimal digits) of each accepted key, sent as `Authorization: Bearer <key>`. Needed when the
    /// admin address is not a loopback address.
    pub api_keys: Vec<ApiKeyHash>,
}
