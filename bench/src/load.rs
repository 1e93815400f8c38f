//! Closed-loop load: so many workers, each with a connection, each waiting for its answer before the next request.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::{Failure, http::Connection, process::Process, scenarios::Scenario};

/// What one run measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measurement {
    pub(crate) scenario: String,
    pub(crate) target: String,
    pub(crate) connections: usize,
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p999_ms: f64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
    pub(crate) rss_mib: Option<f64>,
    pub(crate) cpu_ms_per_request: Option<f64>,
}

/// Runs a scenario for `seconds` on `connections` connections.
pub(crate) async fn run(
    target: &str,
    address: SocketAddr,
    scenario: &Arc<Scenario>,
    connections: usize,
    seconds: f64,
    server: Option<Process>,
) -> Measurement {
    let cpu_before = server.and_then(Process::cpu_seconds);
    let begin = Instant::now();
    let end = begin + Duration::from_secs_f64(seconds);
    let mut workers = JoinSet::new();
    for worker in 0..connections {
        workers.spawn(work(address, Arc::clone(scenario), worker, end));
    }
    let mut all = Worker::new();
    while let Some(done) = workers.join_next().await {
        if let Ok(worker) = done {
            all.add(&worker);
        }
    }
    let elapsed = begin.elapsed().as_secs_f64();
    let done = all.latencies.len();
    let cpu = server.and_then(Process::cpu_seconds).zip(cpu_before).map(|(after, before)| after - before);
    let millis = |quantile| micros(all.latencies.value_at_quantile(quantile)) / 1000.0;
    Measurement {
        scenario: scenario.name().to_owned(),
        target: target.to_owned(),
        connections,
        per_second: micros(done) / elapsed,
        p50_ms: millis(0.5),
        p99_ms: millis(0.99),
        p999_ms: millis(0.999),
        errors: all.errors,
        first_error: all.first_error,
        rss_mib: server.and_then(Process::rss_mib),
        cpu_ms_per_request: cpu.map(|cpu| cpu * 1000.0 / micros(done.max(1))),
    }
}

struct Worker {
    latencies: Histogram<u64>,
    errors: u64,
    first_error: Option<String>,
}

impl Worker {
    #[expect(clippy::expect_used, reason = "three significant digits are always possible")]
    fn new() -> Self {
        Self { latencies: Histogram::new(3).expect("valid precision"), errors: 0, first_error: None }
    }

    fn add(&mut self, other: &Self) {
        let _ = self.latencies.add(&other.latencies);
        self.errors += other.errors;
        if self.first_error.is_none() {
            self.first_error.clone_from(&other.first_error);
        }
    }
}

async fn work(address: SocketAddr, scenario: Arc<Scenario>, number: usize, end: Instant) -> Worker {
    let mut worker = Worker::new();
    let mut connection = Connection::new(address);
    let mut round = 0;
    while Instant::now() < end {
        let start = Instant::now();
        let done: Result<(), Failure> = scenario.once(&mut connection, number, round).await;
        round += 1;
        match done {
            Ok(()) => {
                let _ =
                    worker.latencies.record(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
            }
            Err(failure) => {
                worker.errors += 1;
                worker.first_error.get_or_insert_with(|| failure.to_string());
                connection = Connection::new(address);
                // A server that turns requests away is not to be hammered.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
    worker
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn micros(value: u64) -> f64 {
    value as f64
}
