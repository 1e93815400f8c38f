//! `account`: what people may do with their account. Spec 10 §6.2, §13.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{DurationText, as_duration};

/// What people may do with their account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Account {
    /// People may delete their own account.
    #[schemars(extend("x-env" = "ALLOWDELETION"))]
    pub allow_deletion: bool,
    /// New accounts may be created.
    #[schemars(extend("x-env" = "ALLOWSIGNUP"))]
    pub allow_signup: bool,
    /// Age of the last authentication after which sensitive changes in the profile ask again for a credential; `0s`
    /// switches it off.
    #[serde(with = "as_duration")]
    #[schemars(with = "DurationText")]
    pub reauthentication_after: Duration,
}

impl Default for Account {
    fn default() -> Self {
        Self { allow_deletion: false, allow_signup: true, reauthentication_after: Duration::ZERO }
    }
}
