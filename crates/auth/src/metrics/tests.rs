use std::{collections::HashSet, fmt::Write as _, fs, path::Path, time::Duration};

use super::{Metrics, Page, Requests, catalogue};

const BEGIN: &str = "<!-- metrics: generated, UPDATE_DOCS=1 cargo test -p inkan-auth -->\n";
const END: &str = "<!-- end of metrics -->\n";

fn table() -> String {
    let mut text = "| metric | type | labels | what it tells |\n|---|---|---|---|\n".to_owned();
    for metric in catalogue::ALL {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (labels, kind) = (labels.join(", "), metric.kind.as_str());
        writeln!(text, "| `{}` | {kind} | {labels} | {} |", metric.name, metric.help).unwrap();
    }
    text
}

/// The table in the operations guide is generated: `UPDATE_DOCS=1 cargo test -p inkan-auth` writes it anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "a switch for developers")]
fn the_guide_lists_every_metric() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/operations.md");
    let guide = fs::read_to_string(&path).unwrap();
    let (before, rest) = guide.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    if std::env::var("UPDATE_DOCS").is_ok() {
        fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
    } else {
        assert_eq!(
            found,
            table(),
            "docs/guide/operations.md is stale: UPDATE_DOCS=1 cargo test -p inkan-auth"
        );
    }
}

#[test]
fn names_are_unique_and_tell_their_unit() {
    let names: HashSet<_> = catalogue::ALL.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), catalogue::ALL.len());
    for metric in catalogue::ALL {
        let total = metric.name.ends_with("_total");
        assert_eq!(total, metric.kind == catalogue::Kind::Counter, "{}", metric.name);
    }
}

#[test]
fn a_series_is_made_once() {
    let metrics = Metrics::new();
    for _ in 0..3 {
        metrics.worker_restarted("outbox", "panic");
    }
    let text = metrics.text();
    assert!(text.contains("inkan_worker_restarts_total{worker=\"outbox\",reason=\"panic\"} 3\n"), "{text}");
    assert!(text.contains("inkan_mails_total{outcome=\"sent\"} 0\n"), "{text}");
}

#[test]
fn requests_are_counted_over_all_threads() {
    let requests = Requests::default();
    let series = requests.of(200, "GET", "/x");
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for micros in [1, 5_000, 5_001, 30_000_000] {
                    series.observe(Duration::from_micros(micros), 2048, 100_000_000);
                }
            });
        }
    });
    let mut page = Page::default();
    requests.write(&mut page);
    let text = page.into_text();
    for line in [
        "# TYPE hanko_request_duration_seconds histogram",
        "hanko_requests_total{code=\"200\",method=\"GET\",url=\"/x\"} 24",
        "hanko_request_duration_seconds_bucket{code=\"200\",method=\"GET\",url=\"/x\",le=\"0.005\"} 12",
        "hanko_request_duration_seconds_bucket{code=\"200\",method=\"GET\",url=\"/x\",le=\"10\"} 18",
        "hanko_request_duration_seconds_bucket{code=\"200\",method=\"GET\",url=\"/x\",le=\"+Inf\"} 24",
        "hanko_request_duration_seconds_sum{code=\"200\",method=\"GET\",url=\"/x\"} 180.060012",
        "hanko_request_duration_seconds_count{code=\"200\",method=\"GET\",url=\"/x\"} 24",
        "hanko_request_size_bytes_bucket{code=\"200\",method=\"GET\",url=\"/x\",le=\"1024\"} 0",
        "hanko_request_size_bytes_bucket{code=\"200\",method=\"GET\",url=\"/x\",le=\"2048\"} 24",
        "hanko_response_size_bytes_sum{code=\"200\",method=\"GET\",url=\"/x\"} 2400000000",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}
