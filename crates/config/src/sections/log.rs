//! `log`: what the server writes about itself. Spec 10 §6.1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Report;
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

impl Log {
    pub(crate) fn check(&self, report: &mut Report) {
        let levels = ["error", "warn", "info", "debug", "trace", "off"];
        let known = self.level.split(',').all(|part| {
            let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
            levels.contains(&level.trim().to_ascii_lowercase().as_str())
        });
        if !known {
            report.value(
                "log.level",
                format!("expected error, warn, info, debug or trace, found {:?}", self.level),
            );
        }
    }
}
