//! The lenient conversion of single values (spec 10 §2.2), stricter where the peer's leniency does harm: numbers
//! without unit are no durations, negative numbers no counts, other words no enumeration values.

use ipnet::IpNet;
use serde_json::Value;

use super::keys::{Node, TextKind};
use crate::types::{ApiKeyHash, Glob, parse_duration};

/// A value in its canonical form; `None`: as if the key were absent.
pub(crate) type Converted = Result<Option<Value>, String>;

/// Converts a value that is neither section, list nor map.
pub(crate) fn convert(node: &Node, value: &Value) -> Converted {
    match node {
        Node::Bool => boolean(value).map(|b| Some(b.into())),
        Node::Number { min, max, unit } => number(value, *min, *max, unit).map(|n| Some(n.into())),
        Node::Text(kind) => text(*kind, value).map(|text| Some(text.into())),
        Node::Word { words, empty_is_default } => word(words, *empty_is_default, value),
        _ => Ok(Some(value.clone())),
    }
}

fn boolean(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(b) => Ok(*b),
        Value::Number(n) => Ok(n.as_f64() != Some(0.0)),
        Value::String(text) => match text.trim() {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
            _ => Err(format!("expected true or false, found {}", shown(value))),
        },
        _ => Err(format!("expected true or false, found {}", shown(value))),
    }
}

fn number(value: &Value, min: u64, max: u64, unit: &str) -> Result<u64, String> {
    let wrong = || {
        let of = if unit.is_empty() { String::new() } else { format!(" of {unit}") };
        format!("expected a whole number{of}, found {}", shown(value))
    };
    let number = match value {
        Value::Number(n) if n.is_f64() => n.as_f64().map(f64::trunc).and_then(whole),
        Value::Number(n) => n.as_u64().map(i128::from).or_else(|| n.as_i64().map(i128::from)),
        Value::String(text) => parse_integer(text.trim()),
        _ => None,
    };
    let number = number.ok_or_else(wrong)?;
    match u64::try_from(number) {
        Ok(n) if (min..=max).contains(&n) => Ok(n),
        _ if max >= u64::from(u32::MAX) => Err(format!("must be at least {min}, found {number}")),
        _ => Err(format!("must be between {min} and {max}, found {number}")),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
fn whole(number: f64) -> Option<i128> {
    (number.abs() < 9e15).then_some(number as i128)
}

/// Decimal, `0x…`, `0o…`, `0b…`, or octal with a leading zero, as in the peer.
fn parse_integer(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || digits.len() > 40 {
        return None;
    }
    let prefix = digits.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits) = match prefix.as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some(_) if digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    let digits = if digits.starts_with(['+', '-']) { "" } else { digits };
    i128::from_str_radix(digits, radix).ok().map(|n| sign * n)
}

fn text(kind: TextKind, value: &Value) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) if kind == TextKind::Duration && value.as_f64() != Some(0.0) => {
            return Err(format!(
                "a duration needs a unit: {value} would be nanoseconds; write e.g. {value}s or {value}m"
            ));
        }
        Value::Number(number) => number.to_string(),
        Value::Bool(b) => if *b { "1" } else { "0" }.to_owned(),
        _ => return Err(format!("expected a text, found {}", shown(value))),
    };
    let described = |error: String| format!("{error}; found {}", shown(value));
    match kind {
        TextKind::Plain | TextKind::Secret => {}
        TextKind::Duration => {
            parse_duration(&text).map_err(|e| described(e.to_string()))?;
        }
        TextKind::Glob => {
            Glob::compile(&text).map_err(|e| described(e.to_string()))?;
        }
        TextKind::Network => {
            text.trim().parse::<IpNet>().map_err(|_| {
                described("expected a network in CIDR notation, such as 10.0.0.0/8 or 192.0.2.7/32".into())
            })?;
            return Ok(text.trim().to_owned());
        }
        TextKind::KeyHash => {
            text.parse::<ApiKeyHash>().map_err(|e| e.to_string())?;
        }
    }
    Ok(text)
}

fn word(words: &[String], empty_is_default: bool, value: &Value) -> Converted {
    if empty_is_default && value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(None);
    }
    let found = value.as_str().and_then(|text| words.iter().find(|w| w.eq_ignore_ascii_case(text.trim())));
    match found {
        Some(word) => Ok(Some(word.clone().into())),
        None => Err(format!("expected one of {}, found {}", words.join(", "), shown(value))),
    }
}

/// A value as it may stand in a message: short, on one line.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "a section".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) if text.chars().count() > 60 => {
            format!("{:?}…", text.chars().take(60).collect::<String>())
        }
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}
