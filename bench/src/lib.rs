//! Load and endurance tests against the server's program: `cargo xtask bench`, `crash-test` and `soak` run them, this
//! program runs its parts, and the tests run small shares of [`crash`] and [`soak`].
//!
//! - `suite`: starts the baseline and the server on each database, runs all scenarios, writes the tables;
//! - `run`: one scenario against a base URL, also of another server;
//! - `baseline`: a bare handler that answers a constant body, to compare with in the same run;
//! - `flame`: draws where the time goes;
//! - `crash`: kills the server, or its database, at random moments under load and checks what it promised ([`crash`]);
//! - `soak`: a steady load, watching that nothing grows ([`soak`]).

#![expect(clippy::disallowed_methods, reason = "a load tool measures real time")]

mod asked;
mod baseline;
mod book;
mod check;
pub mod crash;
mod flame;
mod flow;
mod http;
mod load;
pub mod place;
mod process;
mod report;
mod scenarios;
mod seed;
mod smtp;
pub mod soak;
mod suite;
mod visitor;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What went wrong, as a sentence.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

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
    /// A flame graph of what `perf script` prints.
    Flame(flame::Options),
    /// Kills server and database under load and checks what was promised.
    Crash(crash::Arguments),
    /// A steady load; fails if memory or tables grow.
    Soak(soak::Arguments),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            match arguments.command {
                Command::Suite(options) => suite::run(&options).await,
                Command::Run(options) => scenarios::run(&options).await,
                Command::Baseline(options) => baseline::run(&options).await,
                Command::Flame(options) => flame::run(&options),
                Command::Crash(arguments) => crash::run_arguments(&arguments).await,
                Command::Soak(arguments) => soak::run_arguments(&arguments).await,
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
