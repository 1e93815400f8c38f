//! Path queries into metadata: names and list positions joined with dots (`theme.dark`, `list.2.x`), `#` for the
//! length of a list, `list.#.x` for `x` of every element. A backslash takes the next character literally.

use crate::limits;
use serde_json::Value;

/// The value at `path` as text: strings without quotes, objects and lists as JSON, empty if there is none.
///
/// # Errors
/// The path is longer than [`limits::PATH`].
pub(super) fn query(value: &Value, path: &str) -> Result<String, String> {
    if path.len() > limits::PATH {
        return Err(format!("paths are at most {} bytes long", limits::PATH));
    }
    Ok(find(value, &segments(path)).map(|value| text(&value)).unwrap_or_default())
}

/// JSON as text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            // Without exponent, and without fraction where there is none.
            Some(float) if number.is_f64() => float.to_string(),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// A part of a path; `literal` if it was written with a backslash, so that `\#` is a name.
struct Segment {
    name: String,
    literal: bool,
}

fn segments(path: &str) -> Vec<Segment> {
    let mut segments = vec![Segment { name: String::new(), literal: false }];
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        if c == '.' {
            segments.push(Segment { name: String::new(), literal: false });
        } else if let Some(segment) = segments.last_mut() {
            segment.literal |= c == '\\';
            segment.name.extend(if c == '\\' { chars.next() } else { Some(c) });
        }
    }
    segments
}

fn find(value: &Value, path: &[Segment]) -> Option<Value> {
    let mut value = value;
    for (index, segment) in path.iter().enumerate() {
        value = match value {
            Value::Object(entries) => entries.get(&segment.name)?,
            Value::Array(items) if segment.name == "#" && !segment.literal => {
                let rest = path.get(index + 1..).unwrap_or_default();
                if rest.is_empty() {
                    return Some(Value::from(items.len()));
                }
                // Goes one level down into the metadata, whose depth JSON parsing limits.
                return Some(Value::Array(items.iter().filter_map(|item| find(item, rest)).collect()));
            }
            Value::Array(items) => items.get(segment.name.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value.clone())
}
