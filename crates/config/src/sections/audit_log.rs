//! `audit_log`: where audit records go. Spec 10 §6.1, decision 19.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{ConsoleStream, DurationText, as_duration};

/// Where audit records go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct AuditLog {
    /// Audit records on the console.
    pub console_output: ConsoleOutput,
    /// Audit records in the database.
    pub storage: AuditStorage,
    /// Mask e-mail addresses and user names in audit records.
    pub mask: bool,
    /// Age after which stored records are deleted.
    #[serde(with = "as_duration")]
    #[schemars(with = "DurationText")]
    pub retention: Duration,
}

/// Audit records on the console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct ConsoleOutput {
    /// Write one JSON line per audit record.
    pub enabled: bool,
    /// The stream.
    #[schemars(extend("x-env" = "OUTPUT_STREAM"))]
    pub output: ConsoleStream,
}

/// Audit records in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct AuditStorage {
    /// Keep audit records in the database.
    pub enabled: bool,
}

impl Default for AuditLog {
    fn default() -> Self {
        Self {
            console_output: ConsoleOutput::default(),
            storage: AuditStorage::default(),
            mask: true,
            retention: Duration::from_hours(720),
        }
    }
}

impl Default for ConsoleOutput {
    fn default() -> Self {
        Self { enabled: true, output: ConsoleStream::Stdout }
    }
}

impl Default for AuditStorage {
    fn default() -> Self {
        Self { enabled: true }
    }
}
