//! `inkan config`: check, show, schema, reference.

use clap::Subcommand;
use inkan_base::{Clock as _, SystemClock};
use inkan_config::{Config, reference_markdown};

use super::{Common, Failure};
use crate::metadata;

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say whether the configuration is good, with every problem.
    Check,
    /// Print the JSON Schema of the configuration file.
    Schema,
    /// Print the effective configuration, secrets masked.
    Show,
    /// Print the reference of all settings as Markdown.
    Reference,
}

pub(super) fn run(command: &Command, common: &Common) -> Result<(), Failure> {
    match command {
        Command::Check => {
            let loaded = Config::load(common.config.as_deref(), std::env::vars())?;
            for warning in &loaded.warnings {
                eprintln!("warning: {warning}");
            }
            if let Some(warning) = metadata::check(&loaded.config, SystemClock.now())? {
                eprintln!("warning: {warning}");
            }
            super::print(format_args!("The configuration is good."))?;
        }
        Command::Schema => super::print(serde_json::to_string_pretty(&Config::json_schema())?)?,
        Command::Show => {
            let loaded = Config::load(common.config.as_deref(), std::env::vars())?;
            super::print(loaded.config.show().trim_end())?;
        }
        Command::Reference => super::print(reference_markdown().trim_end())?,
    }
    Ok(())
}
