//! What is measured of requests (spec 11 §9).
//!
//! Every request is counted, so counting must cost next to nothing: a [`Series`] is a few atomic numbers that only grow, kept
//! apart per thread as far as there are [`PARTS`], and added up when they are read.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    Page,
    catalogue::{Definition, REQUEST_DURATION, REQUEST_SIZE, REQUESTS, RESPONSE_SIZE},
};

/// Upper ends of the buckets, in microseconds, and as they are written, in seconds.
const DURATIONS: [(u64, &str); 11] = [
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
];
/// In bytes.
const SIZES: [(u64, &str); 10] = [
    (1024, "1024"),
    (2048, "2048"),
    (5120, "5120"),
    (10_240, "10240"),
    (102_400, "102400"),
    (512_000, "512000"),
    (1_048_576, "1048576"),
    (2_621_440, "2621440"),
    (5_242_880, "5242880"),
    (10_485_760, "10485760"),
];
const MICROS_PER_SECOND: f64 = 1e6;
/// Threads that count without disturbing each other.
const PARTS: usize = 4;

/// Status, method and pattern of the route.
type Labels = (u16, &'static str, &'static str);

/// All requests, by their labels.
#[derive(Debug, Default)]
pub struct Requests(RwLock<BTreeMap<Labels, Arc<Series>>>);

/// Requests with the same labels.
#[derive(Debug, Default)]
pub struct Series([Part; PARTS]);

/// What one thread counted. Aligned, so that no two threads write to the same line of the cache.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Part {
    duration: Histogram<11>,
    received: Histogram<10>,
    sent: Histogram<10>,
}

/// Counts values by size; the last bucket is for those above all limits.
#[derive(Debug)]
struct Histogram<const N: usize> {
    buckets: [AtomicU64; N],
    above: AtomicU64,
    sum: AtomicU64,
}

impl Requests {
    /// The requests of this status, method and pattern. To be kept by who asks: looking it up takes a lock.
    pub fn of(&self, status: u16, method: &'static str, url: &'static str) -> Arc<Series> {
        let labels = (status, method, url);
        if let Some(series) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&labels) {
            return series.clone();
        }
        self.0.write().unwrap_or_else(PoisonError::into_inner).entry(labels).or_default().clone()
    }

    /// Adds what was counted to a page.
    pub(crate) fn write(&self, page: &mut Page) {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let sums = all.iter().map(|((status, method, url), series)| {
            let labels = format!("code=\"{status}\",method=\"{method}\",url=\"{url}\"");
            (labels, series.sum())
        });
        let sums: Vec<(String, Sums)> = sums.collect();
        if sums.is_empty() {
            return;
        }
        page.series(REQUESTS, |text| {
            for (labels, sums) in &sums {
                let _ = writeln!(text, "{}{{{labels}}} {}", REQUESTS.name, sums.duration.count());
            }
        });
        write_all(page, REQUEST_DURATION, MICROS_PER_SECOND, &DURATIONS, &sums, |sums| &sums.duration);
        write_all(page, REQUEST_SIZE, 1.0, &SIZES, &sums, |sums| &sums.received);
        write_all(page, RESPONSE_SIZE, 1.0, &SIZES, &sums, |sums| &sums.sent);
    }
}

impl Series {
    /// Counts one request: its time, and the bytes that came and went.
    pub fn observe(&self, duration: Duration, received: u64, sent: u64) {
        let part = &self.0[part()];
        part.duration.record(&DURATIONS, u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
        part.received.record(&SIZES, received);
        part.sent.record(&SIZES, sent);
    }

    fn sum(&self) -> Sums {
        let mut sums = Sums::default();
        for part in &self.0 {
            sums.duration.add(&part.duration);
            sums.received.add(&part.received);
            sums.sent.add(&part.sent);
        }
        sums
    }
}

impl<const N: usize> Default for Histogram<N> {
    fn default() -> Self {
        let buckets = std::array::from_fn(|_| AtomicU64::new(0));
        Self { buckets, above: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }
}

impl<const N: usize> Histogram<N> {
    fn record(&self, limits: &[(u64, &str); N], value: u64) {
        let bucket = limits.iter().position(|(limit, _)| value <= *limit);
        bucket.map_or(&self.above, |bucket| &self.buckets[bucket]).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }
}

/// The part that belongs to this thread.
fn part() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static PART: usize = NEXT.fetch_add(1, Ordering::Relaxed) % PARTS;
    }
    PART.with(|part| *part)
}

/// The parts of a series, added up.
#[derive(Default)]
struct Sums {
    duration: Sum,
    received: Sum,
    sent: Sum,
}

#[derive(Default)]
struct Sum {
    buckets: Vec<u64>,
    above: u64,
    total: u64,
}

impl Sum {
    fn add<const N: usize>(&mut self, part: &Histogram<N>) {
        self.buckets.resize(N, 0);
        for (sum, bucket) in self.buckets.iter_mut().zip(&part.buckets) {
            *sum += bucket.load(Ordering::Relaxed);
        }
        self.above += part.above.load(Ordering::Relaxed);
        self.total = self.total.wrapping_add(part.sum.load(Ordering::Relaxed));
    }

    fn count(&self) -> u64 {
        self.buckets.iter().sum::<u64>() + self.above
    }
}

/// One histogram of every series.
fn write_all(
    page: &mut Page,
    definition: Definition,
    unit: f64,
    limits: &[(u64, &str)],
    all: &[(String, Sums)],
    of: impl Fn(&Sums) -> &Sum,
) {
    let name = definition.name;
    page.series(definition, |text| {
        for (labels, sums) in all {
            let (sum, mut below) = (of(sums), 0);
            for ((_, limit), count) in limits.iter().zip(&sum.buckets) {
                below += count;
                let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{limit}\"}} {below}");
            }
            let count = sum.count();
            let _ = writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
            let _ = writeln!(text, "{name}_sum{{{labels}}} {}", exact(sum.total) / unit);
            let _ = writeln!(text, "{name}_count{{{labels}}} {count}");
        }
    });
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
const fn exact(sum: u64) -> f64 {
    sum as f64
}
