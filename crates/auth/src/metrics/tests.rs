use std::{collections::HashSet, fmt::Write as _, fs, path::Path};

use super::{Metrics, catalogue};

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
    let metrics = Metrics::new().unwrap();
    for _ in 0..3 {
        metrics.worker_restarted("outbox", "panic");
    }
    let text = metrics.text();
    assert!(text.contains("inkan_worker_restarts_total{worker=\"outbox\",reason=\"panic\"} 3\n"), "{text}");
    assert!(text.contains("inkan_mails_total{outcome=\"sent\"} 0\n"), "{text}");
}
