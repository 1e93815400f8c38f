//! What is generated from the structs: the JSON Schema, the reference for people, and the configuration as it is in force.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use crate::Config;
use crate::load::keys::{self, Key, Node, ROOT, SETTINGS, Setting, TextKind};
use crate::load::legacy::{ALIASES, IGNORED};

const INTRODUCTION: &str = "\
# Configuration

<!-- Generated from crates/config; rewrite it with: UPDATE_DOCS=1 cargo test -p inkan-config -->

Every setting has a default; an empty file is a working configuration. Values come from, the later wins: the defaults, the
YAML file (`--config`, else `./config/config.yaml` if it exists), the environment.

- `inkan config check` reports everything that is wrong with file and environment at once, `inkan config show` prints what
  is in force with secrets masked, `inkan config schema` prints the JSON Schema for editors.
- A key that does not exist is an error, as is a file that is named and missing.
- Durations are written with units: `30s`, `5m`, `12h`, `1h30m`. A number alone is refused.
- Every variable below may also be written as the upper-cased path (`EMAIL_USE_AS_LOGIN_IDENTIFIER`) and with the prefix
  `INKAN_`, which wins. Lists are separated by commas. Texts and secrets may come from a file: `<NAME>_FILE=/run/secrets/x`;
  in such a file a list has one item per line.
- Sections with free names and lists of sections are given as JSON: `WEBHOOKS_HOOKS={\"callback\":\"https://…\",\"events\":[\"user\"]}`,
  several objects separated by `;`.
";

/// The reference of all settings in Markdown.
#[must_use]
pub fn reference_markdown() -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n## General\n\n");
    let defaults = defaults();
    table(&mut text, SETTINGS.iter().filter(|s| !s.path.contains('.')), &defaults);
    if let Node::Section(sections) = &*ROOT {
        for section in sections.iter().filter(|key| matches!(key.node, Node::Section(_))) {
            let _ = write!(text, "\n## {}\n\n{}\n\n", section.name, section.doc);
            let prefix = format!("{}.", section.name);
            table(&mut text, SETTINGS.iter().filter(|s| s.path.starts_with(&prefix)), &defaults);
            for setting in SETTINGS.iter().filter(|s| s.path.starts_with(&prefix)) {
                entries(&mut text, setting);
            }
        }
    }
    older_keys(&mut text);
    text
}

impl Config {
    /// The JSON Schema of the file (current names only).
    #[must_use]
    pub fn json_schema() -> Value {
        published(keys::schema())
    }

    /// The whole configuration as YAML, secrets masked.
    #[must_use]
    pub fn show(&self) -> String {
        serde_yaml_ng::to_string(self).unwrap_or_else(|error| format!("# {error}\n"))
    }
}

fn defaults() -> Value {
    serde_json::to_value(Config::default()).unwrap_or_default()
}

/// Without `x-…`, and with members in alphabetical order whatever order the JSON library keeps.
fn published(schema: Value) -> Value {
    match schema {
        Value::Object(members) => {
            let members: BTreeMap<_, _> =
                members.into_iter().filter(|(name, _)| !name.starts_with("x-")).collect();
            Value::Object(members.into_iter().map(|(name, member)| (name, published(member))).collect())
        }
        Value::Array(items) => items.into_iter().map(published).collect(),
        value => value,
    }
}

fn table<'a>(text: &mut String, settings: impl Iterator<Item = &'a Setting<'static>>, defaults: &Value) {
    text.push_str("| key | variable | type | default | meaning |\n|---|---|---|---|---|\n");
    for setting in settings {
        let default = setting.path.split('.').try_fold(defaults, |tree, name| tree.get(name));
        let _ = writeln!(
            text,
            "| `{}` | `{}` | {} | {} | {} |",
            setting.path,
            setting.env,
            kind(&setting.key.node),
            default.map_or_else(String::new, shown),
            cell(&setting.key.doc),
        );
    }
}

/// The keys of the entries of a list of sections, or of a section with free names.
fn entries(text: &mut String, setting: &Setting<'_>) {
    let (item, path) = match &setting.key.node {
        Node::List(item) => (item, format!("{}[]", setting.path)),
        Node::Map { value, .. } => (value, format!("{}.<key>", setting.path)),
        _ => return,
    };
    let Node::Section(keys) = &**item else { return };
    let _ = write!(text, "\nEach entry of `{}`:\n\n| key | type | meaning |\n|---|---|---|\n", setting.path);
    entry_rows(text, keys, &path, "");
}

/// `of` describes the section, for keys whose name says enough.
fn entry_rows(text: &mut String, keys: &[Key], path: &str, of: &str) {
    for key in keys {
        let path = format!("{path}.{}", key.name);
        match &key.node {
            Node::Section(keys) => entry_rows(text, keys, &path, &key.doc),
            node => {
                let doc = if key.doc.is_empty() { of } else { &key.doc };
                let _ = writeln!(text, "| `{path}` | {} | {} |", kind(node), cell(doc));
            }
        }
    }
}

fn older_keys(text: &mut String) {
    text.push_str("\n## Older keys\n\nThese keep working; each use is a warning. A current key wins over an older one.\n\n");
    text.push_str("| older key | current key |\n|---|---|\n");
    for alias in ALIASES {
        let _ = writeln!(text, "| `{}` | `{}` |", alias.old, alias.new.join("`, `"));
    }
    text.push_str("\nThese have no effect:\n\n");
    for (key, reason) in IGNORED {
        let _ = writeln!(text, "- `{key}`: {reason}.");
    }
}

fn kind(node: &Node) -> String {
    match node {
        Node::Bool => "boolean".to_owned(),
        Node::Number { min, max, unit } => {
            let unit = if unit.is_empty() { "number" } else { unit };
            if *max < u64::from(u32::MAX) { format!("{unit}, {min} to {max}") } else { unit.to_owned() }
        }
        Node::Text(TextKind::Plain) => "text".to_owned(),
        Node::Text(TextKind::Secret) => "secret".to_owned(),
        Node::Text(TextKind::Duration) => "duration".to_owned(),
        Node::Text(TextKind::Glob) => "pattern".to_owned(),
        Node::Text(TextKind::Network) => "network".to_owned(),
        Node::Text(TextKind::KeyHash) => "SHA-256".to_owned(),
        Node::Word { words, .. } => format!("`{}`", words.join("`, `")),
        Node::List(item) => format!("list of {}", kind(item)),
        Node::Map { .. } | Node::Section(_) => "section".to_owned(),
        Node::Anything => "any".to_owned(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Array(items) if items.is_empty() => "empty".to_owned(),
        Value::Object(members) if members.is_empty() => "empty".to_owned(),
        value => format!("`{value}`"),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
