//! Work in the background: sending what is queued, removing what has expired. A run that fails or panics is logged, and the
//! next one comes.

use std::{sync::Arc, time::Duration};

use inkan_auth::{App, Metrics, OutboxWorker};
use inkan_base::Timestamp;
use inkan_store::StoreError;
use tokio::time::{sleep, timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::metadata;

const CLEANUP_PAUSE: Duration = Duration::from_mins(1);
const METADATA_PAUSE: Duration = Duration::from_hours(24);
const CLEANUP_BATCH: usize = 500;
/// What panics at once must not do so in a tight loop.
const AFTER_PANIC: Duration = Duration::from_secs(1);
/// How long a stopping server goes on sending what is due.
const FLUSH: Duration = Duration::from_secs(5);

/// Sends mails until `shutdown`; then what is under way and what is still due.
pub(crate) async fn outbox(app: Arc<App>, worker: OutboxWorker, shutdown: CancellationToken) {
    if let Err(error) = worker.take_back().await {
        tracing::warn!(%error, "mails that were being sent when the server ended are sent when their leases run out");
    }
    while !shutdown.is_cancelled() {
        let (worker, stop) = (worker.clone(), shutdown.clone());
        let run = supervised(&app.metrics, "outbox", async move {
            worker.run(stop.cancelled()).await;
            Ok(())
        });
        if run.await.is_none() {
            sleep(AFTER_PANIC).await;
        }
    }
    let rest =
        async { while let Some(1..) = supervised(&app.metrics, "outbox", flush(worker.clone())).await {} };
    if timeout(FLUSH, rest).await.is_err() {
        tracing::warn!("mails that are still queued are sent after the next start");
    }
}

/// Lets the cache of sessions forget those that end, until `shutdown`.
pub(crate) async fn sessions(app: Arc<App>, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        let (watched, stop) = (app.clone(), shutdown.clone());
        let run = supervised(&app.metrics, "sessions", async move {
            tokio::select! {
                () = watched.watch_sessions() => {}
                () = stop.cancelled() => {}
            }
            Ok(())
        });
        if run.await.is_none() {
            sleep(AFTER_PANIC).await;
        }
    }
}

async fn flush(worker: OutboxWorker) -> Result<usize, StoreError> {
    worker.run_once().await
}

/// Removes expired rows every minute until `shutdown`.
pub(crate) async fn cleanup(app: Arc<App>, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = sleep(CLEANUP_PAUSE) => {}
            () = shutdown.cancelled() => return,
        }
        let mine = app.clone();
        let run = async move {
            let retention = mine.config.audit_log.retention;
            mine.store.clean_up(mine.clock.now(), retention, CLEANUP_BATCH).await
        };
        if let Some(removed) = supervised(&app.metrics, "cleanup", run).await {
            tracing::debug!(?removed, "expired rows were removed");
        }
    }
}

/// Says every day, until `shutdown`, when the metadata of authenticators are about to end or have ended.
pub(crate) async fn metadata(app: Arc<App>, end: Timestamp, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = sleep(METADATA_PAUSE) => metadata::tell(end, app.clock.now()),
            () = shutdown.cancelled() => return,
        }
    }
}

/// Runs `work` as a task of its own, so that a panic ends only this run.
async fn supervised<T: Send + 'static>(
    metrics: &Metrics,
    name: &'static str,
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Option<T> {
    match TaskTracker::new().spawn(work).await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(error)) => {
            metrics.worker_restarted(name, "error");
            tracing::warn!(worker = name, error = %error, "background work failed and is tried again");
            None
        }
        Err(error) => {
            metrics.worker_restarted(name, "panic");
            tracing::error!(worker = name, error = %error, "background work panicked and is tried again");
            None
        }
    }
}
