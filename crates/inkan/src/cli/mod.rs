//! The command line (spec 09 D). Data go to standard output, everything else to standard error. Exit codes: 0, 1.

mod cleanup;
mod config;
mod flows;
mod isready;
mod jwk;
mod migrate;
mod serve;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use inkan_config::{Config, LogFormat};

use crate::logging;

/// An authentication server that an application puts beside itself.
#[derive(Debug, Parser)]
#[command(name = "inkan", version, disable_help_subcommand = false)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args, Debug)]
struct Common {
    /// The configuration file [default: ./config/config.yaml if it exists].
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The form of log lines [default: text on a terminal, else as configured].
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<Format>,
    /// Which log lines are written: error, warn, info, debug, trace [default: as configured].
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Json,
    Text,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (the default).
    Serve {
        /// Which APIs are served.
        #[arg(value_enum, default_value_t = serve::What::All)]
        what: serve::What,
    },
    /// Check and show the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Draw the flows.
    Flows(flows::Arguments),
    /// Change the database to the form that this version needs.
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Remove what has expired (the server does so by itself).
    Cleanup(cleanup::Arguments),
    /// Ask a server on this machine whether it is ready; exit code 0 if so.
    Isready {
        /// Which API is asked.
        #[arg(value_enum)]
        what: isready::What,
    },
    /// Print the version.
    Version,
    /// Make signing keys.
    #[command(subcommand)]
    Jwk(jwk::Command),
}

/// Why a command failed; its text goes to standard error.
type Failure = Box<dyn std::error::Error>;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            drop(error.print());
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("inkan: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes a line to the standard output. A reader that has gone (`| head`) is no failure.
fn print(line: impl std::fmt::Display) -> Result<(), Failure> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let common = &cli.common;
    match cli.command.unwrap_or(Command::Serve { what: serve::What::All }) {
        Command::Serve { what } => block_on(serve::run(common.load()?, what)),
        Command::Config(command) => config::run(&command, common),
        Command::Flows(arguments) => flows::run(&arguments),
        Command::Migrate(migrate::Command::Up) => block_on(migrate::up(common.load()?)),
        Command::Cleanup(arguments) => block_on(cleanup::run(common.load()?, arguments)),
        Command::Isready { what } => block_on(isready::run(common.load()?, what)),
        Command::Version => print(concat!("v", env!("CARGO_PKG_VERSION"))),
        Command::Jwk(jwk::Command::Create) => jwk::create(),
    }
}

impl Common {
    /// The configuration; logging starts with it.
    fn load(&self) -> Result<Config, Failure> {
        let loaded = Config::load(self.config.as_deref(), std::env::vars())?;
        let format = self.log_format.map(|format| match format {
            Format::Json => LogFormat::Json,
            Format::Text => LogFormat::Text,
        });
        logging::start(&loaded.config.log, format, self.log_level.as_deref());
        for warning in &loaded.warnings {
            tracing::warn!("configuration: {warning}");
        }
        Ok(loaded.config)
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_everything_is_served() {
        assert!(Cli::try_parse_from(["inkan"]).unwrap().command.is_none());
        for line in [
            "inkan serve all --config x",
            "inkan --config=x serve public",
            "inkan config check",
            "inkan flows --format markdown login",
            "inkan migrate up",
            "inkan cleanup --run",
            "inkan isready admin",
            "inkan jwk create",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
        for line in ["inkan serve everything", "inkan isready", "inkan migrate", "inkan unknown"] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
