//! `cors`: which web pages may call the public API. Spec 10 §6.6, spec 11 §11.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which web pages may call the public API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Cors {
    /// Allowed origins (`https://app.example.com`) with the wildcards `*` and `?`; an empty list allows none.
    pub allow_origins: Vec<String>,
    /// Allow `*` as an origin: every web page may then act with the session of its visitor.
    pub unsafe_wildcard_origin_allowed: bool,
}

impl Default for Cors {
    fn default() -> Self {
        Self {
            allow_origins: vec!["http://localhost:8888".to_owned()],
            unsafe_wildcard_origin_allowed: false,
        }
    }
}
