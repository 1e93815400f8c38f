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
        let share = measured.percent_of_baseline;
        let of = match measured.baseline_per_second {
            Some(hashes) if measured.scenario == "password_login" => format!(" of Argon2id ({hashes:.0}/s)"),
            _ => String::new(),
        };
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
            share.map_or("–".into(), |share| format!("{share:.0} %{of}")),
            measured.p50_ms,
            measured.p99_ms,
            measured.p999_ms,
            measured.errors,
            optional(measured.cpu_ms_per_request, 4),
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
