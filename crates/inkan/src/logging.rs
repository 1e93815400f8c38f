//! Where log lines go: to standard error, as text for people on a terminal, as JSON lines otherwise (spec 11 §10).

use std::io::{self, IsTerminal as _};

use inkan_config::{Log, LogFormat};
use tracing_subscriber::{EnvFilter, fmt, fmt::format::FmtSpan};

/// Starts logging. A second call changes nothing.
pub(crate) fn start(log: &Log, format: Option<LogFormat>, level: Option<&str>) {
    let level = level.unwrap_or(&log.level);
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = io::stderr().is_terminal();
    let format = format.unwrap_or(if terminal { LogFormat::Text } else { log.format });
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_span_events(FmtSpan::NONE)
        // A log that cannot be written (a full disk, a reader that has gone) must not take the server with it.
        .log_internal_errors(false);
    let started = match format {
        LogFormat::Text => builder.with_ansi(terminal).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_span_list(false).try_init(),
    };
    if started.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let text = panic.payload_as_str().unwrap_or("a value that is no text");
            tracing::error!(panic.place = place, panic.text = ?text, "a part of the server panicked");
        }));
    }
}
