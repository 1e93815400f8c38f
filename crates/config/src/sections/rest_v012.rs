//! `rest_v012`: the Public REST API v0.12. Spec 10 §13, spec 12 §3.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The Public REST API v0.12.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct RestV012 {
    /// Serve the API.
    pub enabled: bool,
    /// Set the cookie `hanko_email_id` when a user is created.
    pub email_id_cookie: bool,
}

impl Default for RestV012 {
    fn default() -> Self {
        Self { enabled: true, email_id_cookie: true }
    }
}
