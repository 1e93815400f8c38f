//! `webhooks`: who is told about changes. Spec 10 §6.6, spec 09.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who is told about changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Webhooks {
    /// Use the hooks of this list; hooks in the database work regardless.
    pub enabled: bool,
    /// Hooks in the database end 30 days after their last success.
    #[schemars(extend("x-env" = "ALLOWTIMEEXPIRATION"))]
    pub allow_time_expiration: bool,
    /// The hooks.
    pub hooks: Vec<Hook>,
}

/// A hook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Hook {
    /// URL that is called.
    pub callback: String,
    /// Events that are sent, e.g. `user` or `session.create`.
    pub events: Vec<String>,
}
