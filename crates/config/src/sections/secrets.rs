//! `secrets`: what protects data at rest, and who holds the signing keys. Spec 10 §6.6 and §7, decision 12.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Report;
use crate::types::{KeyManagementType, Secret};

/// What protects data at rest, and who holds the signing keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Secrets {
    /// Same as `secret_keys`; giving both with different values is an error.
    pub keys: Vec<Secret>,
    /// Who holds the signing keys.
    #[schemars(extend("x-env" = "KEYMANAGEMENT"))]
    pub key_management: KeyManagement,
}

/// Who holds the signing keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct KeyManagement {
    /// `local`; `aws_kms` is not supported.
    #[serde(rename = "type")]
    pub kind: KeyManagementType,
    /// Key id at AWS KMS.
    #[schemars(extend("x-env" = "KEYID"))]
    pub key_id: String,
    /// Region of AWS KMS.
    pub region: String,
}

impl Default for KeyManagement {
    fn default() -> Self {
        Self { kind: KeyManagementType::Local, key_id: String::new(), region: String::new() }
    }
}

impl KeyManagement {
    pub(crate) fn check(&self, report: &mut Report) {
        if self.kind == KeyManagementType::Local {
            for (name, value) in [("key_id", &self.key_id), ("region", &self.region)] {
                if !value.is_empty() {
                    report.warn(&format!("secrets.key_management.{name}"), "has no effect with type local");
                }
            }
        }
    }
}
