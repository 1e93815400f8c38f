//! Text to claim value, rule 3, with the limits on what users can do described in [`crate::claims`].

use crate::{Origin, Printed, Rendered};
use serde_json::Value;

/// The claim value of an evaluated template.
pub(super) fn convert(rendered: Rendered) -> Value {
    let text = rendered.text();
    if text == "true" || text == "false" {
        if may_convert(&rendered) {
            return Value::Bool(text == "true");
        }
    } else if text.starts_with('{') && text.ends_with('}') || text.starts_with('[') && text.ends_with(']') {
        match serde_json::from_str(text) {
            Ok(value) if may_convert(&rendered) => return value,
            _ => {}
        }
    }
    Value::String(rendered.into_text())
}

fn may_convert(rendered: &Rendered) -> bool {
    if let Some(only) = rendered.single() {
        return only.origin != Origin::Composed;
    }
    let mut user_written = Vec::new();
    for printed in rendered.printed() {
        match printed.origin {
            Origin::Operator => {}
            Origin::User => user_written.push(printed),
            Origin::Unsafe | Origin::Composed => return false,
        }
    }
    user_written.is_empty() || inside_strings(rendered.text(), &user_written)
}

/// Whether all `parts` (in order) of the JSON `text` lie inside string values and cannot end them. Names of members do
/// not count, because a second member of the same name would replace the first.
fn inside_strings(text: &str, parts: &[&Printed]) -> bool {
    let bytes = text.as_bytes();
    let mut parts = parts.iter().peekable();
    let (mut in_string, mut escaped, mut user_written) = (false, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        while let Some(part) = parts.next_if(|part| part.range.start == at) {
            let harmless = |byte: &u8| !matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let content = bytes.get(part.range.clone()).unwrap_or_default();
            if !in_string || escaped || !content.iter().all(harmless) {
                return false;
            }
            user_written = true;
        }
        match (in_string, escaped, byte) {
            (true, true, _) => escaped = false,
            (true, false, b'\\') => escaped = true,
            (true, false, b'"') => {
                let rest = text.get(at + 1..).unwrap_or_default();
                if user_written && rest.trim_start().starts_with(':') {
                    return false;
                }
                (in_string, user_written) = (false, false);
            }
            (false, _, b'"') => in_string = true,
            _ => {}
        }
    }
    // What is left stands behind the end.
    parts.next().is_none()
}
