//! `service`: the name of the product. Spec 10 §6.2.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The product that people sign in to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Service {
    /// Name of the product in mails, pages and authenticator apps.
    pub name: String,
}

impl Default for Service {
    fn default() -> Self {
        Self { name: crate::PRODUCT.to_owned() }
    }
}
