//! Settings from environment variables. Spec 10 §2.3 and §2.4.
//!
//! Each setting has the peer's name (`EMAIL_USEASLOGINIDENTIFIER`) and the one derived from its path
//! (`EMAIL_USE_AS_LOGIN_IDENTIFIER`); both also with the prefix `INKAN_`, which wins. Texts and secrets may stand in a
//! file that `<NAME>_FILE` names.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::keys::{Node, SETTINGS, Setting, TextKind, derived_env};
use super::legacy::ALIASES;
use super::{file, scalar, suggest, tree, walk};
use crate::error::{ConfigError, ErrorKind, Report};

const PREFIX: &str = "INKAN_";
/// The longest accepted file behind a `…_FILE` variable.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The environment.
pub(crate) type Variables = BTreeMap<String, String>;

/// Lays the environment over the settings of the file.
pub(crate) fn apply(variables: &Variables, settings: &mut Value, report: &mut Report) {
    for setting in SETTINGS.iter() {
        if let Some(value) = from_names(setting, &current_names(setting), variables, report) {
            tree::set(settings, &setting.path, value);
            continue;
        }
        for (old, name) in older_names(setting) {
            let names = [format!("{PREFIX}{name}"), name];
            if let Some(value) = from_names(setting, &names, variables, report) {
                report.warn(
                    &names[1],
                    format_args!("this variable belongs to the old key {old}; use {}", setting.env),
                );
                tree::set(settings, &setting.path, value);
                break;
            }
        }
    }
    warn_of_typos(variables, report);
}

/// The names of a setting, the strongest first.
pub(crate) fn current_names(setting: &Setting<'_>) -> Vec<String> {
    let (peer, derived) = (&setting.env, setting.derived_env());
    let mut names = vec![format!("{PREFIX}{peer}"), format!("{PREFIX}{derived}"), peer.clone(), derived];
    if names[0] == names[1] {
        names.truncate(3);
        names.remove(1);
    }
    names
}

/// Names of older keys whose value goes to this setting, each with that key.
fn older_names(setting: &Setting<'_>) -> Vec<(String, String)> {
    let mut names = Vec::new();
    for alias in ALIASES {
        for new in alias.new {
            if let Some(rest) = setting.path.strip_prefix(new).filter(|r| r.is_empty() || r.starts_with('.'))
            {
                let old = format!("{}{rest}", alias.old);
                names.push((old.clone(), derived_env(&old)));
            }
        }
    }
    names
}

/// The value under the first of these names that is set.
fn from_names(
    setting: &Setting<'_>,
    names: &[String],
    variables: &Variables,
    report: &mut Report,
) -> Option<Value> {
    for name in names {
        let text = match read(setting, name, variables) {
            Ok(Some(text)) => text,
            Ok(None) => continue,
            Err(message) => {
                report.errors.push(error(setting, name, message));
                return None;
            }
        };
        if is_foreign(setting, name, &text) {
            report.warn(
                name,
                format_args!("{} is not a value of {} and is ignored", shown(&text), setting.path),
            );
            continue;
        }
        return match value(&setting.key.node, &text) {
            Ok(value) => walk::single(&setting.key.node, &value, &setting.path, name, report),
            Err(message) => {
                report.errors.push(error(setting, name, message));
                None
            }
        };
    }
    None
}

fn error(setting: &Setting<'_>, name: &str, message: String) -> ConfigError {
    let (key, given_as) = (setting.path.clone(), Some(name.to_owned()));
    ConfigError { key, given_as, message, kind: ErrorKind::Value }
}

fn shown(text: &str) -> String {
    scalar::shown(&Value::String(text.to_owned()))
}

/// The text of a variable, or of the file that `<NAME>_FILE` names.
fn read(setting: &Setting<'_>, name: &str, variables: &Variables) -> Result<Option<String>, String> {
    let direct = variables.get(name);
    let file_name = format!("{name}_FILE");
    let Some(path) = variables.get(&file_name).filter(|_| may_be_in_file(&setting.key.node)) else {
        return Ok(direct.cloned());
    };
    if direct.is_some_and(|text| !text.is_empty()) {
        return Err(format!("{name} and {file_name} are both set; unset one"));
    }
    let text = file::read(Path::new(path), MAX_FILE_BYTES)
        .map_err(|message| format!("the file {path} named by {file_name} {message}"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    let list = matches!(setting.key.node, Node::List(_));
    Ok(Some(if list { text.lines().collect::<Vec<_>>().join(",") } else { text.to_owned() }))
}

fn may_be_in_file(node: &Node) -> bool {
    match node {
        Node::Text(kind) => matches!(kind, TextKind::Plain | TextKind::Secret),
        Node::List(item) => may_be_in_file(item) || matches!(**item, Node::Text(TextKind::KeyHash)),
        _ => false,
    }
}

/// Whether a variable is probably not meant for this server: a one-word name such as `DEBUG` with a value of another
/// program, or the address that container platforms put into `<SERVICE>_PORT`.
fn is_foreign(setting: &Setting<'_>, name: &str, text: &str) -> bool {
    let one_word = !name.contains('_');
    let wrong = scalar::convert(&setting.key.node, &Value::String(text.to_owned())).is_err();
    let platform = name.ends_with("_PORT") && (text.starts_with("tcp://") || text.starts_with("udp://"));
    one_word && wrong || platform && !name.starts_with(PREFIX)
}

/// The tree behind the text of a variable.
fn value(node: &Node, text: &str) -> Result<Value, String> {
    match node {
        Node::List(item) if matches!(**item, Node::Section(_)) => objects(text).map(Value::Array),
        Node::List(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(Value::from).collect()))
        }
        Node::Map { .. } => match serde_json::from_str(text) {
            Ok(value @ Value::Object(_)) => Ok(value),
            _ => Err("expected a JSON object".to_owned()),
        },
        _ => Ok(Value::String(text.to_owned())),
    }
}

/// JSON objects separated by `;`, or one JSON list of objects.
fn objects(text: &str) -> Result<Vec<Value>, String> {
    let mut objects = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        match stream.next() {
            Some(Ok(object @ Value::Object(_))) => objects.push(object),
            Some(Ok(Value::Array(items))) => objects.extend(items),
            _ => return Err("expected JSON objects separated by ;".to_owned()),
        }
        let after = rest[stream.byte_offset()..].trim_start();
        rest = match after.strip_prefix(';') {
            Some(next) => next.trim_start(),
            None if after.is_empty() => after,
            None => return Err("expected JSON objects separated by ;".to_owned()),
        };
    }
    Ok(objects)
}

/// A variable with our prefix that is almost the name of a setting is a typing mistake.
fn warn_of_typos(variables: &Variables, report: &mut Report) {
    let known: Vec<String> = SETTINGS
        .iter()
        .flat_map(|setting| {
            current_names(setting).into_iter().chain(older_names(setting).into_iter().map(|n| n.1))
        })
        .collect();
    for name in variables.keys().filter(|name| name.starts_with(PREFIX)) {
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        let is_known = |n: &str| known.iter().any(|k| k == n || Some(k.as_str()) == n.strip_prefix(PREFIX));
        if is_known(name) || is_known(plain) {
            continue;
        }
        let prefixed = known.iter().filter(|known| known.starts_with(PREFIX)).cloned().collect();
        if let Some(nearest) = suggest::most_similar(name, prefixed, 0.85) {
            report.warn(name, format_args!("there is no such variable; did you mean {nearest}?"));
        }
    }
}
