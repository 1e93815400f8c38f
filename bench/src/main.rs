//! Load tests against any server of this protocol: `cargo xtask bench` runs the suite, this program runs its parts.
//!
//! - `suite`: starts the baseline and the server on each database, runs all scenarios, writes the tables;
//! - `run`: one scenario against a base URL, also of another server;
//! - `baseline`: a bare handler that answers a constant body, to compare with in the same run.

#![expect(clippy::disallowed_methods, reason = "a load tool measures real time")]

mod baseline;
mod flow;
mod http;
mod load;
mod process;
mod report;
mod scenarios;
mod seed;
mod smtp;
mod suite;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What went wrong, as a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(name = "inkan-bench", about = "Load tests for servers of the Flow API")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// All scenarios, on SQLite and on PostgreSQL, beside the baseline.
    Suite(suite::Options),
    /// One scenario against a base URL.
    Run(scenarios::Options),
    /// A bare handler that answers `--bytes` bytes.
    Baseline(baseline::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            match arguments.command {
                Command::Suite(options) => suite::run(&options).await,
                Command::Run(options) => scenarios::run(&options).await,
                Command::Baseline(options) => baseline::run(&options).await,
            }
        })
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
