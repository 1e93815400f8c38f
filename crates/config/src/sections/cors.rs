//! `cors`: which web pages may call the public API. Spec 10 §6.6, spec 11 §11.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Report;

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

impl Cors {
    pub(crate) fn check(&self, report: &mut Report) {
        for (i, origin) in self.allow_origins.iter().enumerate() {
            let key = format!("cors.allow_origins[{i}]");
            if is_everybody(origin) {
                if !self.unsafe_wildcard_origin_allowed {
                    report.conflict(
                        key,
                        format!(
                            "{origin:?} lets every web page act with the session of its visitor; name your origins, \
                             or set cors.unsafe_wildcard_origin_allowed"
                        ),
                    );
                }
            } else if !is_origin(origin) {
                report.value(
                    key,
                    format!("expected scheme and host without path, such as https://app.example.com, found {origin:?}"),
                );
            }
        }
    }
}

/// Whether a pattern has no host of its own: `*`, `https://*`, `*://*:*`.
fn is_everybody(origin: &str) -> bool {
    let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    let host = authority.split(':').next().unwrap_or_default();
    host.contains('*') && host.chars().all(|c| "*?.".contains(c))
}

fn is_origin(origin: &str) -> bool {
    origin.split_once("://").is_some_and(|(scheme, host)| {
        !scheme.is_empty()
            && !host.is_empty()
            && !host.contains(|c: char| c == '/' || c == '@' || c.is_whitespace())
    })
}
