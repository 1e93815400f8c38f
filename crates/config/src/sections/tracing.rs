//! `tracing`: where traces of requests go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::is_http_url;
use crate::error::Report;

/// Traces of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Tracing {
    /// Export to an OpenTelemetry collector.
    pub otlp: Otlp,
}

/// Export to an OpenTelemetry collector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Otlp {
    /// Base URL of the collector (OTLP over HTTP), for example `http://localhost:4318`; `/v1/traces` is added. Empty: no
    /// traces.
    pub endpoint: String,
    /// The part of requests that is traced, from 0 to 1.
    pub sample_ratio: String,
}

impl Default for Otlp {
    fn default() -> Self {
        Self { endpoint: String::new(), sample_ratio: "1".to_owned() }
    }
}

impl Otlp {
    /// The part of requests that is traced.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.sample_ratio.trim().parse().unwrap_or_default()
    }
}

impl Tracing {
    pub(crate) fn check(&self, report: &mut Report) {
        let Otlp { endpoint, sample_ratio } = &self.otlp;
        if !endpoint.trim().is_empty() && !is_http_url(endpoint.trim()) {
            report.value(
                "tracing.otlp.endpoint",
                format!("expected an absolute http or https URL, found {endpoint:?}"),
            );
        }
        if !sample_ratio.trim().parse::<f64>().is_ok_and(|ratio| (0.0..=1.0).contains(&ratio)) {
            report.value(
                "tracing.otlp.sample_ratio",
                format!("expected a number from 0 to 1, found {sample_ratio:?}"),
            );
        }
    }
}
