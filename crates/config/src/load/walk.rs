//! Walks a tree of values along the tree of keys: finds unknown keys, translates older ones, converts values.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::keys::{self, Node, ROOT, TextKind, join};
use super::legacy::{self, ALIASES, Alias, IGNORED};
use super::{scalar, suggest, tree};
use crate::error::{ConfigError, ErrorKind, Report};

/// Turns what the file says into canonical keys and values.
pub(crate) fn canonical(document: &Value, report: &mut Report) -> Value {
    let mut walk = Walk { report, older: Vec::new(), given_as: None };
    let mut settings = walk.node(&ROOT, document, "").unwrap_or_else(|| Value::Object(Map::new()));
    let mut older = std::mem::take(&mut walk.older);
    // An older section may hold older keys itself (`passwords.min_password_length`).
    while !older.is_empty() {
        for alias in ALIASES {
            for (_, value) in older.iter().filter(|(found, _)| found.old == alias.old) {
                walk.translate(alias, value, &mut settings);
            }
        }
        older = std::mem::take(&mut walk.older);
    }
    settings
}

/// Converts one value given under a name outside of the file's tree, such as an environment variable.
pub(crate) fn single(
    node: &Node,
    value: &Value,
    path: &str,
    name: &str,
    report: &mut Report,
) -> Option<Value> {
    Walk { report, older: Vec::new(), given_as: Some(name.to_owned()) }.node(node, value, path)
}

struct Walk<'a> {
    report: &'a mut Report,
    older: Vec<(&'static Alias, Value)>,
    given_as: Option<String>,
}

impl Walk<'_> {
    /// `None`: absent or wrong (and reported).
    fn node(&mut self, node: &Node, value: &Value, path: &str) -> Option<Value> {
        if value.is_null() && !matches!(node, Node::Anything) {
            return None;
        }
        match node {
            Node::Section(keys) => self.section(keys, value, path),
            Node::List(item) => Some(self.list(item, value, path)),
            Node::Map { value: item, lower_case_keys } => self.map(item, *lower_case_keys, value, path),
            Node::Anything => Some(value.clone()),
            _ => match scalar::convert(node, value) {
                Ok(value) => value,
                Err(_) if matches!(node, Node::Text(TextKind::Secret)) => {
                    self.error(ErrorKind::Value, path, "expected a text");
                    None
                }
                Err(message) => {
                    self.error(ErrorKind::Value, path, message);
                    None
                }
            },
        }
    }

    fn section(&mut self, keys: &[keys::Key], value: &Value, path: &str) -> Option<Value> {
        let Value::Object(given) = value else {
            self.error(ErrorKind::Value, path, format!("expected a section, found {}", scalar::shown(value)));
            return None;
        };
        let mut seen = BTreeSet::new();
        let mut section = Map::new();
        for (name, value) in given {
            let name = name.to_lowercase();
            let path = join(path, &name);
            if !seen.insert(name.clone()) {
                self.error(ErrorKind::Conflict, &path, "is given twice, in upper and lower case");
            } else if let Some((old, reason)) = IGNORED.iter().find(|(old, _)| *old == path) {
                self.report.warn(old, format_args!("this key has no effect: {reason}"));
            } else if let Some(alias) = ALIASES.iter().find(|alias| alias.old == path) {
                self.older.push((alias, value.clone()));
            } else if let Some(key) = keys.iter().find(|key| key.name == name) {
                if let Some(value) = self.node(&key.node, value, &path) {
                    section.insert(name, value);
                }
            } else if legacy::is_above_older_key(&path) {
                self.section(&[], value, &path);
            } else {
                let nearest = suggest::nearest(&path, keys.iter().map(|key| key.name.as_str()));
                let hint = nearest.map_or_else(String::new, |key| format!("; did you mean {key}?"));
                self.error(ErrorKind::UnknownKey, &path, format!("there is no such key{hint}"));
            }
        }
        Some(Value::Object(section))
    }

    fn list(&mut self, item: &Node, value: &Value, path: &str) -> Value {
        let items = match value {
            Value::Array(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        let mut list = Vec::new();
        for (i, value) in items.iter().enumerate() {
            let path = format!("{path}[{i}]");
            if value.is_null() {
                self.error(ErrorKind::Value, &path, "is empty");
            }
            list.extend(self.node(item, value, &path));
        }
        Value::Array(list)
    }

    fn map(&mut self, item: &Node, lower_case_keys: bool, value: &Value, path: &str) -> Option<Value> {
        let Value::Object(given) = value else {
            self.error(ErrorKind::Value, path, format!("expected a section, found {}", scalar::shown(value)));
            return None;
        };
        let mut map = Map::new();
        for (name, value) in given {
            let name = if lower_case_keys { name.to_lowercase() } else { name.clone() };
            let path = join(path, &name);
            if let Some(value) = self.node(item, value, &path)
                && map.insert(name, value).is_some()
            {
                self.error(ErrorKind::Conflict, &path, "is given twice, in upper and lower case");
            }
        }
        Some(Value::Object(map))
    }

    /// Gives the value of an older key to the keys that took its place, unless those are set.
    fn translate(&mut self, alias: &'static Alias, value: &Value, settings: &mut Value) {
        if value.is_null() {
            return;
        }
        let new = alias.new.join(" and ");
        if let Some(set) = alias.unless.filter(|path| tree::find(settings, path).is_some()) {
            self.report
                .warn(alias.old, format_args!("this key is old and has no effect, because {set} is set"));
            return;
        }
        self.report.warn(alias.old, format_args!("this key is old; use {new}"));
        self.given_as = Some(alias.old.to_owned());
        for path in alias.new {
            let value = ROOT.find(path).and_then(|node| self.node(node, value, path));
            if let Some(value) = value {
                tree::fill(settings, path, &value);
            }
        }
        self.given_as = None;
    }

    fn error(&mut self, kind: ErrorKind, path: &str, message: impl Into<String>) {
        let key = if path.is_empty() { "the file" } else { path };
        let given_as = self.given_as.clone();
        self.report.errors.push(ConfigError { key: key.to_owned(), given_as, message: message.into(), kind });
    }
}
