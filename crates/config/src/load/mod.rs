//! From file and environment to a checked configuration. Spec 10 §2 and §3.
//!
//! 1. [`yaml`] reads the file, [`walk`] turns it into canonical keys and values, [`legacy`] knows older keys.
//! 2. [`env`](mod@env) lays the environment over it.
//! 3. [`resolve`] fills in what follows from other settings.
//! 4. [`crate::check`] and [`crate::features`] look at the result.
//!
//! No stage stops at the first problem; all are reported together.

mod claims;
mod env;
mod file;
pub(crate) mod keys;
pub(crate) mod legacy;
mod resolve;
mod scalar;
mod suggest;
mod tree;
mod walk;
mod yaml;

use std::path::Path;

use serde_json::Value;

use crate::error::{ConfigErrors, ErrorKind, Report};
use crate::{Config, check};

pub(crate) use suggest::most_similar;

/// The file that is used when none is named and it exists.
pub const DEFAULT_FILE: &str = "./config/config.yaml";

/// A checked configuration and what its operator should know.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// One line per older key, key without effect, or value that is probably not meant.
    pub warnings: Vec<String>,
}

impl Config {
    /// Loads the configuration: defaults, then the file, then the environment.
    ///
    /// A named file must exist. Without a name, [`DEFAULT_FILE`] is used if it exists.
    ///
    /// # Errors
    /// All problems at once: an unreadable or broken file, unknown keys, wrong values, values that do not fit together,
    /// and values that demand what this version cannot do.
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Loaded, ConfigErrors> {
        let mut report = Report::default();
        let document = match document(file) {
            Ok(document) => document,
            Err((name, message)) => {
                report.push(ErrorKind::File, name, message);
                return Err(ConfigErrors(report.errors));
            }
        };
        build(&document, &env.into_iter().collect(), report)
    }

    /// A configuration from the text of a file, without environment.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_yaml(text: &str) -> Result<Self, ConfigErrors> {
        Self::from_yaml_and_env(text, []).map(|loaded| loaded.config)
    }

    /// A configuration from the text of a file and an environment.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_yaml_and_env(
        text: &str,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Loaded, ConfigErrors> {
        let mut report = Report::default();
        match yaml::parse(text) {
            Ok(document) => build(&document, &env.into_iter().collect(), report),
            Err(message) => {
                report.push(ErrorKind::File, "the file", message);
                Err(ConfigErrors(report.errors))
            }
        }
    }
}

/// What the file says; the error names the file.
fn document(file: Option<&Path>) -> Result<Value, (String, String)> {
    let path = match file {
        Some(path) if path.as_os_str().is_empty() => {
            return Err(("--config".to_owned(), "the name of the file is empty".to_owned()));
        }
        Some(path) => path,
        None => {
            let path = Path::new(DEFAULT_FILE);
            match path.try_exists() {
                Ok(false) => return Ok(Value::Object(serde_json::Map::new())),
                Ok(true) | Err(_) => path,
            }
        }
    };
    file::read(path, yaml::MAX_BYTES as u64)
        .and_then(|text| yaml::parse(&text))
        .map_err(|message| (path.display().to_string(), message))
}

fn build(document: &Value, variables: &env::Variables, mut report: Report) -> Result<Loaded, ConfigErrors> {
    let mut settings = walk::canonical(document, &mut report);
    env::apply(variables, &mut settings, &mut report);
    match typed(&settings) {
        Ok(mut config) => {
            resolve::resolve(&mut config, &settings, &mut report);
            check::check(&config, &mut report);
            report.errors.extend(config.unsupported());
            report.warnings.extend(claims::warnings(&config));
            if report.errors.is_empty() {
                return Ok(Loaded { config, warnings: report.warnings });
            }
        }
        Err(message) => report.value("the file", message),
    }
    Err(ConfigErrors(report.errors))
}

/// The settings over the defaults. Secrets are masked in the serialised defaults, so theirs come from the structs.
fn typed(settings: &Value) -> Result<Config, String> {
    let mut all = serde_json::to_value(Config::default()).map_err(|error| error.to_string())?;
    if let Some(database) = all.get_mut("database").and_then(Value::as_object_mut) {
        database.remove("password");
    }
    tree::overlay(&mut all, settings);
    serde_json::from_value(all).map_err(|error| error.to_string())
}
