//! `hosted_pages`: the server's own sign-in and profile pages. Spec 10 §13, spec 13 §11.2.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The server's own sign-in and profile pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct HostedPages {
    /// Serve the pages.
    pub enabled: bool,
}

impl Default for HostedPages {
    fn default() -> Self {
        Self { enabled: true }
    }
}
