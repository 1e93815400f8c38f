//! What is measured of each request (spec 11 §9). There is no label for the host: its values would be the client's.

use std::time::Duration;

use http::{Method, StatusCode, request::Parts};
use inkan_auth::{
    App,
    metrics::{
        Family,
        catalogue::{REQUEST_DURATION, REQUEST_SIZE, REQUESTS, RESPONSE_SIZE},
    },
};
use metrics::{Counter, Histogram};

/// The handles of one listener.
#[derive(Debug, Default)]
pub(crate) struct HttpMetrics(Family<(u16, &'static str, &'static str), Series>);

/// Handles are shared when cloned.
#[derive(Clone)]
struct Series {
    requests: Counter,
    duration: Histogram,
    received: Histogram,
    sent: Histogram,
}

/// One answered request.
pub(crate) struct Measured {
    pub(crate) status: StatusCode,
    pub(crate) method: &'static str,
    pub(crate) url: &'static str,
    pub(crate) duration: Duration,
    pub(crate) received: u64,
    pub(crate) sent: u64,
}

impl HttpMetrics {
    pub(crate) fn observe(&self, app: &App, measured: &Measured) {
        let Measured { status, method, url, duration, received, sent } = *measured;
        let series = self.0.of((status.as_u16(), method, url), || {
            let labels = [status.as_str(), method, url];
            Series {
                requests: app.metrics.counter(REQUESTS, &labels),
                duration: app.metrics.histogram(REQUEST_DURATION, &labels),
                received: app.metrics.histogram(REQUEST_SIZE, &labels),
                sent: app.metrics.histogram(RESPONSE_SIZE, &labels),
            }
        });
        series.requests.increment(1);
        series.duration.record(duration.as_secs_f64());
        series.received.record(bytes(received));
        series.sent.record(bytes(sent));
    }
}

/// The method as a label: anybody may invent one.
pub(crate) fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "other",
    }
}

/// The size of a request without its body, as it was on the wire, more or less.
pub(crate) fn head_size(parts: &Parts) -> u64 {
    let uri = parts.uri.path().len() + parts.uri.query().map_or(0, |query| query.len() + 1);
    let headers: usize =
        parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    (parts.method.as_str().len() + uri + headers + 12) as u64
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
const fn bytes(count: u64) -> f64 {
    count as f64
}
