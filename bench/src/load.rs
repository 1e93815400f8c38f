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

/// What one scenario measured on one target.
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
    /// Of what the bare handler reached in the slices between: the median of the slices, in percent.
    pub(crate) percent_of_baseline: Option<f64>,
    /// What was reached in the slices between, per second: the median.
    pub(crate) baseline_per_second: Option<f64>,
}

/// One server under load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) name: &'a str,
    pub(crate) address: SocketAddr,
    pub(crate) process: Option<Process>,
}

/// A load on one target, in one slice or several.
pub(crate) struct Load<'a> {
    target: Target<'a>,
    scenario: Arc<Scenario>,
    connections: usize,
    all: Worker,
    time: Duration,
    cpu_seconds: Option<f64>,
    rates: Vec<f64>,
}

impl<'a> Load<'a> {
    pub(crate) fn new(target: Target<'a>, scenario: &Arc<Scenario>, connections: usize) -> Self {
        let (scenario, all) = (Arc::clone(scenario), Worker::new());
        let cpu_seconds = target.process.map(|_| 0.0);
        Self { target, scenario, connections, all, time: Duration::ZERO, cpu_seconds, rates: Vec::new() }
    }

    /// Goes on for `seconds`.
    pub(crate) async fn slice(&mut self, seconds: f64) {
        let cpu = || self.target.process.and_then(Process::cpu_seconds);
        let (cpu_before, done_before) = (cpu(), self.all.latencies.len());
        let begin = Instant::now();
        let end = begin + Duration::from_secs_f64(seconds);
        let mut workers = JoinSet::new();
        for worker in 0..self.connections {
            workers.spawn(work(self.target.address, Arc::clone(&self.scenario), worker, end));
        }
        while let Some(done) = workers.join_next().await {
            if let Ok(worker) = done {
                self.all.add(&worker);
            }
        }
        let time = begin.elapsed();
        self.time += time;
        let used = cpu().zip(cpu_before).map(|(after, before)| after - before);
        self.cpu_seconds = self.cpu_seconds.zip(used).map(|(sum, used)| sum + used);
        self.rates.push(number(self.all.latencies.len() - done_before) / time.as_secs_f64());
    }

    /// What was measured, compared with the slices of `baseline` if there is one.
    pub(crate) fn finish(self, baseline: Option<&[f64]>) -> Measurement {
        let done = self.all.latencies.len();
        let millis = |quantile| number(self.all.latencies.value_at_quantile(quantile)) / 1000.0;
        let shares = baseline.map(|rates| median(self.rates.iter().zip(rates).map(|(own, bare)| own / bare)));
        Measurement {
            scenario: self.scenario.name().to_owned(),
            target: self.target.name.to_owned(),
            connections: self.connections,
            per_second: number(done) / self.time.as_secs_f64(),
            p50_ms: millis(0.5),
            p99_ms: millis(0.99),
            p999_ms: millis(0.999),
            errors: self.all.errors,
            first_error: self.all.first_error,
            rss_mib: self.target.process.and_then(Process::rss_mib),
            cpu_ms_per_request: self.cpu_seconds.map(|cpu| cpu * 1000.0 / number(done.max(1))),
            percent_of_baseline: shares.map(|share| share * 100.0),
            baseline_per_second: baseline.map(|rates| median(rates.iter().copied())),
        }
    }

    /// Requests per second of each slice.
    pub(crate) fn rates(&self) -> &[f64] {
        &self.rates
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    match (values.get(low), values.get(high)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => f64::NAN,
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
fn number(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "halves are exact")]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert!(median(std::iter::empty()).is_nan());
    }
}
