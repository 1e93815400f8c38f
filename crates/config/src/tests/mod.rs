//! Tests of the whole way from text and environment to a checked configuration.

mod accepted;
mod docs;
mod environment;
mod failures;
mod files;
mod legacy;
mod values;
mod weaknesses;

use crate::{Config, ConfigError, ErrorKind, Loaded};

/// The configuration from a file's text.
fn yaml(text: &str) -> Config {
    Config::from_yaml(text).unwrap()
}

/// The configuration and the warnings.
fn loaded(text: &str, env: &[(&str, &str)]) -> Loaded {
    Config::from_yaml_and_env(text, variables(env)).unwrap()
}

/// The configuration from the environment alone.
fn env(variables: &[(&str, &str)]) -> Config {
    loaded("", variables).config
}

/// What is wrong with a file's text.
fn errors(text: &str) -> Vec<ConfigError> {
    errors_with(text, &[])
}

/// What is wrong with a file's text and an environment.
fn errors_with(text: &str, env: &[(&str, &str)]) -> Vec<ConfigError> {
    let errors = Config::from_yaml_and_env(text, variables(env)).expect_err(text);
    errors.iter().cloned().collect()
}

/// Asserts that exactly one problem is found, apart from features that are missing: of this kind, at this key.
#[track_caller]
fn fails(text: &str, kind: ErrorKind, key: &str) -> String {
    let errors: Vec<_> = errors(text).into_iter().filter(|e| e.kind != ErrorKind::Unsupported).collect();
    assert_eq!(errors.iter().map(|e| (e.kind, e.key.as_str())).collect::<Vec<_>>(), [(kind, key)], "{text}");
    errors[0].message.clone()
}

fn variables(env: &[(&str, &str)]) -> Vec<(String, String)> {
    env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
