//! `service`: the name of the product. Spec 10 §6.2.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Report;

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

impl Service {
    pub(crate) fn check(&self, report: &mut Report) {
        if self.name.trim().is_empty() || self.name.contains(char::is_control) {
            report.value("service.name", "must be a name on one line, not empty");
        }
    }
}
