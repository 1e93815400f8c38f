//! What can be wrong with a configuration. All problems are collected and reported together.

use std::fmt;

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The key as it is written in the file (`email.limit`), or the file itself.
    pub key: String,
    /// Where the value came from, if not from that key of the file: an environment variable or an older key.
    pub given_as: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
    /// The family of the problem.
    pub kind: ErrorKind,
}

/// The family of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The file is missing, unreadable or not YAML.
    File,
    /// No such key.
    UnknownKey,
    /// The value has the wrong type, form or range.
    Value,
    /// Values that are right on their own do not fit together, or something is missing.
    Conflict,
    /// The value demands what this version cannot do.
    Unsupported,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.given_as {
            Some(source) => write!(f, "{} (given as {source}): {}", self.key, self.message),
            None => write!(f, "{}: {}", self.key, self.message),
        }
    }
}

/// Every problem of a configuration, one per line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(pub(crate) Vec<ConfigError>);

impl ConfigErrors {
    /// The problems; there is at least one.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0.len() == 1 { "problem" } else { "problems" };
        write!(f, "the configuration has {} {noun}:", self.0.len())?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

/// Where problems and warnings are collected.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) errors: Vec<ConfigError>,
    pub(crate) warnings: Vec<String>,
}

impl Report {
    /// A value with the wrong form or range.
    pub(crate) fn value(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.push(ErrorKind::Value, key, message);
    }

    /// Values that do not fit together, or a missing one.
    pub(crate) fn conflict(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.push(ErrorKind::Conflict, key, message);
    }

    /// Something that works but is probably not meant.
    pub(crate) fn warn(&mut self, key: &str, message: impl fmt::Display) {
        self.warnings.push(format!("{key}: {message}"));
    }

    pub(crate) fn push(&mut self, kind: ErrorKind, key: impl Into<String>, message: impl Into<String>) {
        self.errors.push(ConfigError { key: key.into(), given_as: None, message: message.into(), kind });
    }
}
