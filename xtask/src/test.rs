//! `cargo xtask test`: everything that can be tested on this machine, from nothing.
#![expect(clippy::disallowed_methods, reason = "the duration of a test run is a matter of the wall clock")]

use std::{fmt::Write as _, time::Instant};

use crate::{
    Failure, e2e, machine,
    postgres::{Cluster, URL_VARIABLE},
    process::{cargo, run as run_command},
};

/// What the developer asked for.
pub(crate) struct Options {
    fast: bool,
    filter: Option<String>,
}

impl Options {
    /// Reads the arguments after `test`.
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self, Failure> {
        let mut options = Self { fast: false, filter: None };
        for argument in arguments {
            match *argument {
                "--fast" => options.fast = true,
                flag if flag.starts_with('-') => return Err(format!("unknown option {flag}")),
                filter if options.filter.is_none() => options.filter = Some(filter.to_owned()),
                surplus => return Err(format!("one filter is enough: {surplus}")),
            }
        }
        Ok(options)
    }
}

/// Runs the tests. With a filter or `--fast` the browser suite is left out.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let browsers = !options.fast && options.filter.is_none();
    machine::ready_for_postgres()?;
    if browsers {
        machine::ready_for_browsers()?;
    }
    machine::print_versions(browsers);

    let mut summary = Summary::default();
    summary.step("cargo test", || cargo_test(options));
    if browsers {
        summary.step("browser suite", || e2e::run(None));
    } else {
        summary.note("browser suite: left out (--fast or a filter was given)");
    }
    summary.finish()
}

fn cargo_test(options: &Options) -> Result<(), Failure> {
    let cluster = Cluster::start()?;
    let mut command = cargo();
    command.args(["test", "--workspace", "--quiet", "--no-fail-fast"]);
    command.env(URL_VARIABLE, cluster.url());
    if let Some(filter) = &options.filter {
        command.args(["--", filter]);
    }
    run_command(&mut command)
}

/// What happened, told once more at the end, where it is seen.
#[derive(Default)]
struct Summary {
    text: String,
    failed: bool,
}

impl Summary {
    fn step(&mut self, name: &str, run: impl FnOnce() -> Result<(), Failure>) {
        let start = Instant::now();
        let outcome = run();
        let seconds = start.elapsed().as_secs();
        self.failed |= outcome.is_err();
        self.note(&match &outcome {
            Ok(()) => format!("{name}: passed ({seconds} s)"),
            Err(failure) => format!("{name}: FAILED ({seconds} s) {failure}"),
        });
    }

    fn note(&mut self, line: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{line}");
    }

    fn finish(self) -> Result<(), Failure> {
        println!("\n{}", self.text.trim_end());
        if self.failed { Err("tests failed".to_owned()) } else { Ok(()) }
    }
}
