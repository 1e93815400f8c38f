//! Reads YAML into a tree of values. The first document counts; anchors, aliases and merge keys work; a key given twice
//! is an error; what expands without bound is refused by the parser.

use serde::Deserialize;
use serde_json::{Map, Value};
use serde_yaml_ng::Value as Yaml;

/// The longest accepted file.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;

/// Reads the first document of a YAML text; an empty text is an empty section.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("is longer than {MAX_BYTES} bytes"));
    }
    let Some(document) = serde_yaml_ng::Deserializer::from_str(text).next() else {
        return Ok(Value::Object(Map::new()));
    };
    let mut yaml = Yaml::deserialize(document).map_err(|error| format!("is not valid YAML: {error}"))?;
    yaml.apply_merge().map_err(|error| format!("is not valid YAML: {error}"))?;
    match value(yaml)? {
        Value::Null => Ok(Value::Object(Map::new())),
        value => Ok(value),
    }
}

fn value(yaml: Yaml) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(b) => Value::Bool(b),
        Yaml::Number(number) => number
            .as_u64()
            .map(Value::from)
            .or_else(|| number.as_i64().map(Value::from))
            .or_else(|| number.as_f64().filter(|n| n.is_finite()).map(Value::from))
            .unwrap_or_else(|| Value::String(number.to_string())),
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(value).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (name, entry) in entries {
                let name = match value(name)? {
                    Value::String(name) => name,
                    name @ (Value::Bool(_) | Value::Number(_)) => name.to_string(),
                    _ => return Err("is not valid: a key must be a text".to_owned()),
                };
                map.insert(name, value(entry)?);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => return Err(format!("is not valid: the tag {} is not known", tagged.tag)),
    })
}
