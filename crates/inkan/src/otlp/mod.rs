//! Spans of requests on their way to an OpenTelemetry collector (OTLP over HTTP, protobuf).
//!
//! Nothing waits for the collector: spans for which there is no room, and those that it does not take, are counted and
//! dropped.

mod collector;
mod messages;

use std::{sync::Arc, time::Duration};

use inkan_api::RequestSpan;
use inkan_auth::App;
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

pub(crate) use collector::Collector;
pub use collector::CollectorError;

/// Spans that may wait.
pub(crate) const QUEUE: usize = 4096;
/// Spans in one request.
const BATCH: usize = 512;
/// How long a batch that is not full waits for more.
const PAUSE: Duration = Duration::from_secs(1);

/// Sends spans until `stop`; then what is still waiting.
pub(crate) async fn export(
    app: Arc<App>,
    collector: Collector,
    mut spans: mpsc::Receiver<RequestSpan>,
    stop: CancellationToken,
) {
    let mut works = true;
    loop {
        let mut batch = Vec::new();
        tokio::select! {
            _ = spans.recv_many(&mut batch, BATCH) => {}
            () = stop.cancelled() => {}
        }
        if batch.len() < BATCH && !stop.is_cancelled() {
            tokio::select! {
                () = sleep(PAUSE) => {}
                () = stop.cancelled() => {}
            }
        }
        while let (true, Ok(span)) = (batch.len() < BATCH, spans.try_recv()) {
            batch.push(span);
        }
        if batch.is_empty() {
            return;
        }
        works = deliver(&app, &collector, &batch, works).await;
        if !works && stop.is_cancelled() {
            return;
        }
    }
}

/// Whether it worked. Only the first failure of several in a row is told.
async fn deliver(app: &App, collector: &Collector, batch: &[RequestSpan], worked: bool) -> bool {
    let count = batch.len() as u64;
    match collector.send(messages::encode(batch)).await {
        Ok(()) => {
            app.metrics.spans_exported.increment(count);
            true
        }
        Err(error) => {
            app.metrics.spans_failed.increment(count);
            if worked {
                tracing::warn!(%error, "traces cannot be exported; spans are dropped until they can");
            }
            false
        }
    }
}
