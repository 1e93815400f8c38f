//! `jwt`: how tokens are signed. Spec 10 §13, decision 13.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::JwtAlgorithm;

/// How tokens are signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Jwt {
    /// Signature algorithm of new signing keys; existing keys keep working.
    pub algorithm: JwtAlgorithm,
}

impl Default for Jwt {
    fn default() -> Self {
        Self { algorithm: JwtAlgorithm::RS256 }
    }
}
