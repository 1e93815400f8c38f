//! Measurements for people (Markdown) and for programs (JSON).

use std::fmt::Write as _;

use crate::load::Measurement;

/// A Markdown table.
pub(crate) fn table(measurements: &[Measurement]) -> String {
    let mut text = String::from(
        "| scenario | target | connections | per second | of baseline | p50 ms | p99 ms | p99.9 ms | errors | CPU ms each | RSS MiB |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for measured in measurements {
        let share = baseline_of(measurements, measured).map(|base| measured.per_second / base * 100.0);
        let optional = |value: Option<f64>, digits: usize| {
            value.map_or("–".into(), |value| format!("{value:.digits$}"))
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.0} | {} | {:.2} | {:.2} | {:.2} | {} | {} | {} |",
            measured.scenario,
            measured.target,
            measured.connections,
            measured.per_second,
            share.map_or("–".into(), |share| format!("{share:.0} %")),
            measured.p50_ms,
            measured.p99_ms,
            measured.p999_ms,
            measured.errors,
            optional(measured.cpu_ms_per_request, 3),
            optional(measured.rss_mib, 0),
        );
    }
    for measured in measurements {
        if let Some(error) = &measured.first_error {
            let _ = writeln!(text, "\nFirst error of {} on {}: {error}", measured.scenario, measured.target);
        }
    }
    text
}

/// What the bare handler reached with as many connections in the same scenario.
fn baseline_of(all: &[Measurement], measured: &Measurement) -> Option<f64> {
    let fits = |other: &&Measurement| {
        other.target == "baseline"
            && other.scenario == measured.scenario
            && other.connections == measured.connections
    };
    all.iter().find(fits).map(|other| other.per_second)
}
