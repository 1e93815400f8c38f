//! One span per request, for those that are sampled, on its way to whoever exports it.
//!
//! A valid `traceparent` (W3C Trace Context) gives the trace and the parent. Whether a span is kept is decided here alone: a
//! client's flag must not cause work.

use std::{sync::Arc, time::Duration};

use http::HeaderMap;
use inkan_auth::Outline;
use inkan_base::{Clock, Rng, RngExt as _, Timestamp};
use metrics::Counter;
use tokio::sync::mpsc;

use crate::Surface;

/// Sampling is decided in steps of one of so many.
const SCALE: u32 = 1_000_000;

/// Where spans come from. Clones share it.
#[derive(Clone)]
pub struct Tracer {
    sampled: u32,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    spans: mpsc::Sender<RequestSpan>,
    dropped: Counter,
}

/// The identity of a span and its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanStart {
    /// The trace.
    pub trace: [u8; 16],
    /// The span.
    pub span: [u8; 8],
    /// The caller's span.
    pub parent: Option<[u8; 8]>,
    /// When it began.
    pub at: Timestamp,
}

/// A request that was answered.
#[derive(Clone, Debug)]
pub struct RequestSpan {
    /// Identity and beginning.
    pub start: SpanStart,
    /// How long it took.
    pub duration: Duration,
    /// On which listener.
    pub surface: Surface,
    /// Method; `other` for those that are not in the standard.
    pub method: &'static str,
    /// Pattern of the route.
    pub route: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Name of the request in the log.
    pub request_id: String,
    /// Of a request on a flow: what it did.
    pub outline: Option<Outline>,
    /// Time in database transactions, waiting included.
    pub in_database: Duration,
}

impl Tracer {
    /// Sends that part (`ratio`, 0 to 1) of all requests to `spans`; what does not fit is counted and dropped.
    #[must_use]
    pub fn new(
        ratio: f64,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        spans: mpsc::Sender<RequestSpan>,
        dropped: Counter,
    ) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and SCALE")]
        let sampled = (ratio.clamp(0.0, 1.0) * f64::from(SCALE)).round() as u32;
        Self { sampled, clock, rng, spans, dropped }
    }

    /// The beginning of a span, if this request is one of those that are traced.
    pub(crate) fn begin(&self, headers: &HeaderMap) -> Option<SpanStart> {
        if self.rng.below(SCALE) >= self.sampled {
            return None;
        }
        let caller = headers.get("traceparent").and_then(|value| caller(value.to_str().ok()?));
        let (trace, parent) = match caller {
            Some((trace, parent)) => (trace, Some(parent)),
            None => (self.rng.bytes(), None),
        };
        Some(SpanStart { trace, span: self.rng.bytes(), parent, at: self.clock.now() })
    }

    pub(crate) fn end(&self, span: RequestSpan) {
        if self.spans.try_send(span).is_err() {
            self.dropped.increment(1);
        }
    }
}

impl std::fmt::Debug for Tracer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tracer").field("sampled", &self.sampled).finish_non_exhaustive()
    }
}

/// Trace and span of a `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`, neither all zero. Later versions may add fields.
fn caller(header: &str) -> Option<([u8; 16], [u8; 8])> {
    let mut fields = header.split('-');
    let (version, trace, span, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let [version]: [u8; 1] = hex(version)?;
    let _: [u8; 1] = hex(flags)?;
    let (trace, span) = (hex(trace)?, hex(span)?);
    let plausible = version != 0xff && (version != 0 || fields.next().is_none());
    (plausible && trace != [0; 16] && span != [0; 8]).then_some((trace, span))
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_callers_count() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let (trace, span) = caller(good).unwrap();
        assert_eq!((trace[0], trace[15], span[0], span[7]), (0x0a, 0x9c, 0xb7, 0x31));
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        ] {
            assert_eq!(caller(bad), None, "{bad}");
        }
        assert!(caller(&good.replacen("00", "01", 1)).is_some());
    }
}
