//! `log`: what the server writes about itself. Spec 10 §6.1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::LogFormat;

/// What the server writes about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Log {
    /// Log requests for health and metrics as well.
    #[schemars(extend("x-env" = "LOGHEALTHANDMETRICS"))]
    pub log_health_and_metrics: bool,
    /// Which lines are written: `error`, `warn`, `info`, `debug` or `trace`, per module if wished
    /// (`info,inkan_store=debug`).
    pub level: String,
    /// The form of log lines.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { log_health_and_metrics: false, level: "info".to_owned(), format: LogFormat::Json }
    }
}
