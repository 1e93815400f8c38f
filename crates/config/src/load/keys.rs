//! The tree of known keys, read off the JSON Schema of [`Config`], so that the structs stay the only table.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::Config;

/// What may stand at one place of the file.
#[derive(Debug)]
pub(crate) enum Node {
    /// A mapping with these keys.
    Section(Vec<Key>),
    /// A list of such values.
    List(Box<Node>),
    /// A mapping with free keys and such values.
    Map { value: Box<Node>, lower_case_keys: bool },
    /// Anything.
    Anything,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Number { min: u64, max: u64, unit: &'static str },
    /// A text.
    Text(TextKind),
    /// One of these words.
    Word { words: Vec<String>, empty_is_default: bool },
}

/// What a text must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextKind {
    /// Any text.
    Plain,
    /// A text that is never shown.
    Secret,
    /// A duration with unit.
    Duration,
    /// A redirect pattern.
    Glob,
    /// A network in CIDR notation.
    Network,
    /// The SHA-256 of an API key.
    KeyHash,
}

/// One key of a section.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    /// Segment of the peer's environment variable.
    pub(crate) env: String,
    pub(crate) doc: String,
    pub(crate) node: Node,
}

/// A key that has a value of its own: not a section.
#[derive(Debug)]
pub(crate) struct Setting<'a> {
    pub(crate) path: String,
    /// The peer's environment variable.
    pub(crate) env: String,
    pub(crate) key: &'a Key,
}

/// The whole tree.
pub(crate) static ROOT: LazyLock<Node> = LazyLock::new(|| node(&schema()));

/// All settings in alphabetical order.
pub(crate) static SETTINGS: LazyLock<Vec<Setting<'static>>> = LazyLock::new(|| {
    let mut settings = Vec::new();
    flatten(&ROOT, "", "", &mut settings);
    settings
});

/// The JSON Schema with the annotations of this crate (`x-…`).
pub(crate) fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Config>().to_value()
}

impl Node {
    /// The node at a dotted path.
    pub(crate) fn find(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self, |node, name| match node {
            Node::Section(keys) => keys.iter().find(|key| key.name == name).map(|key| &key.node),
            _ => None,
        })
    }
}

impl Setting<'_> {
    /// The environment variable derived from the path.
    pub(crate) fn derived_env(&self) -> String {
        derived_env(&self.path)
    }
}

/// `email.use_as_login_identifier` → `EMAIL_USE_AS_LOGIN_IDENTIFIER`.
pub(crate) fn derived_env(path: &str) -> String {
    path.to_ascii_uppercase().replace('.', "_")
}

/// Paths of all sections and settings.
pub(crate) fn all_paths() -> Vec<String> {
    fn collect(node: &Node, prefix: &str, paths: &mut Vec<String>) {
        if let Node::Section(keys) = node {
            for key in keys {
                let path = join(prefix, &key.name);
                paths.push(path.clone());
                collect(&key.node, &path, paths);
            }
        }
    }
    let mut paths = Vec::new();
    collect(&ROOT, "", &mut paths);
    paths
}

/// Appends a name to a dotted path.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn flatten<'a>(node: &'a Node, path: &str, env: &str, settings: &mut Vec<Setting<'a>>) {
    let Node::Section(keys) = node else { return };
    for key in keys {
        let path = join(path, &key.name);
        let env = if env.is_empty() { key.env.clone() } else { format!("{env}_{}", key.env) };
        match key.node {
            Node::Section(_) => flatten(&key.node, &path, &env, settings),
            _ => settings.push(Setting { path, env, key }),
        }
    }
}

fn text<'a>(schema: &'a Value, member: &str) -> Option<&'a str> {
    schema.get(member).and_then(Value::as_str)
}

fn node(schema: &Value) -> Node {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let mut keys: Vec<Key> = properties.iter().map(|(name, schema)| key(name, schema)).collect();
        keys.sort_by(|a, b| a.name.cmp(&b.name));
        return Node::Section(keys);
    }
    if let Some(words) = words(schema) {
        return Node::Word { words, empty_is_default: text(schema, "x-empty") == Some("default") };
    }
    match text(schema, "type") {
        Some("boolean") => Node::Bool,
        Some("integer") => number(schema),
        Some("string") => Node::Text(match text(schema, "x-kind") {
            Some("secret") => TextKind::Secret,
            Some("duration") => TextKind::Duration,
            Some("glob") => TextKind::Glob,
            Some("network") => TextKind::Network,
            Some("key_hash") => TextKind::KeyHash,
            _ => TextKind::Plain,
        }),
        Some("array") => Node::List(Box::new(schema.get("items").map_or(Node::Anything, node))),
        Some("object") => Node::Map {
            value: Box::new(schema.get("additionalProperties").map_or(Node::Anything, node)),
            lower_case_keys: text(schema, "x-map") == Some("lower"),
        },
        _ => Node::Anything,
    }
}

fn key(name: &str, schema: &Value) -> Key {
    Key {
        name: name.to_owned(),
        env: text(schema, "x-env").map_or_else(|| name.to_ascii_uppercase(), str::to_owned),
        doc: text(schema, "description").unwrap_or_default().replace('\n', " "),
        node: node(schema),
    }
}

/// The words of an enumeration, described (`oneOf` of constants) or not (`enum`).
fn words(schema: &Value) -> Option<Vec<String>> {
    let (list, member) = match (schema.get("oneOf"), schema.get("enum")) {
        (Some(list), _) => (list, "const"),
        (None, Some(list)) => (list, ""),
        (None, None) => return None,
    };
    let word = |item: &Value| item.get(member).unwrap_or(item).as_str().map(str::to_owned);
    list.as_array()?.iter().map(word).collect()
}

fn number(schema: &Value) -> Node {
    let bound = |member: &str| schema.get(member).and_then(Value::as_u64);
    let width = match text(schema, "format") {
        Some("uint16") => u64::from(u16::MAX),
        Some("uint32") => u64::from(u32::MAX),
        _ => i64::MAX.unsigned_abs(),
    };
    let unit = match text(schema, "x-kind") {
        Some("seconds") => "seconds",
        Some("milliseconds") => "milliseconds",
        _ => "",
    };
    Node::Number { min: bound("minimum").unwrap_or(0), max: bound("maximum").unwrap_or(width), unit }
}
