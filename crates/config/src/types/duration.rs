//! Durations as the peer writes them (spec 10 §2.2): `12h`, `1h30m`, `1.5h`, `250ms`.
//!
//! A number without a unit is refused: the peer reads it as nanoseconds, which is never what was meant. A negative
//! duration is refused as well; `0s` switches off what can be switched off.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing was given.
    #[error("a duration must not be empty; write e.g. 30s, 5m or 12h")]
    Empty,
    /// A number without unit.
    #[error("a duration needs a unit; write e.g. 30s, 5m or 12h")]
    NoUnit,
    /// A negative duration.
    #[error("a duration must not be negative (0s switches it off)")]
    Negative,
    /// Not a sequence of numbers and units, or too long to be represented.
    #[error("not a duration; write numbers with the units ns, us, ms, s, m or h, e.g. 90s or 1h30m")]
    Malformed,
}

const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The longest accepted duration: 290 years, as in the peer.
const MAX_NANOS: u128 = i64::MAX as u128;

/// Reads a duration such as `1h30m`, `1.5h` or `0`.
///
/// # Errors
/// When the text is empty, has no unit, is negative or is not a duration at all.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    let (negative, mut rest) = match text.as_bytes().first() {
        None => return Err(DurationError::Empty),
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        Some(_) => (false, text),
    };
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(DurationError::Malformed);
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let (nanos, tail) = parse_part(rest)?;
        total = total.checked_add(nanos).filter(|t| *t <= MAX_NANOS).ok_or(DurationError::Malformed)?;
        rest = tail;
    }
    if negative && total > 0 {
        return Err(DurationError::Negative);
    }
    u64::try_from(total).map(Duration::from_nanos).map_err(|_| DurationError::Malformed)
}

/// One number with its unit, and what follows.
fn parse_part(text: &str) -> Result<(u128, &str), DurationError> {
    let number_len = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or(DurationError::NoUnit)?;
    let (number, rest) = text.split_at(number_len);
    let unit_len = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
    let (unit, tail) = rest.split_at(unit_len);
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(DurationError::Malformed)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || whole.len() > 20 || fraction.contains('.') {
        return Err(DurationError::Malformed);
    }
    let whole: u128 =
        if whole.is_empty() { 0 } else { whole.parse().map_err(|_| DurationError::Malformed)? };
    let mut nanos = whole.checked_mul(*scale).ok_or(DurationError::Malformed)?;
    let mut place = *scale;
    for digit in fraction.bytes() {
        place /= 10;
        nanos += u128::from(digit - b'0') * place;
    }
    Ok((nanos, tail))
}

/// Writes a duration in the largest units that fit: `12h`, `1h30m`, `1m30s`, `250ms`, `0s`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
        (u64::from(nanos / 1_000_000), "ms"),
        (u64::from(nanos / 1_000 % 1_000), "us"),
        (u64::from(nanos % 1_000), "ns"),
    ];
    let mut text = String::new();
    for (count, unit) in parts.iter().filter(|(count, _)| *count > 0) {
        text.push_str(&count.to_string());
        text.push_str(unit);
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

macro_rules! schema_marker {
    ($(#[$doc:meta])* $name:ident = $schema:tt) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

schema_marker!(
    /// Schema of a setting written as a duration with units.
    DurationText = { "type": "string", "x-kind": "duration", "pattern": "^([0-9.]+(ns|us|µs|ms|s|m|h))+$|^0$" }
);
schema_marker!(
    /// Schema of a setting written as a whole number of seconds.
    SecondsNumber = { "type": "integer", "minimum": 1, "x-kind": "seconds" }
);
schema_marker!(
    /// Schema of a network in CIDR notation.
    NetworkText = { "type": "string", "x-kind": "network" }
);
schema_marker!(
    /// Schema of a setting written as a whole number of milliseconds.
    MillisNumber = { "type": "integer", "minimum": 1, "x-kind": "milliseconds" }
);

/// serde form of a setting written as `12h`.
pub(crate) mod as_duration {
    use super::{Duration, format_duration, parse_duration};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_duration(*value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        parse_duration(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// serde form of a setting written as a number of seconds.
pub(crate) mod as_seconds {
    use super::Duration;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(value.as_secs())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_secs)
    }
}

/// serde form of a setting written as a number of milliseconds.
pub(crate) mod as_millis {
    use super::Duration;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_peer_reads() {
        for (text, millis) in [
            ("12h", 43_200_000),
            ("1h30m10.5s", 5_410_500),
            ("1.5h", 5_400_000),
            ("250ms", 250),
            ("+1m", 60_000),
            (".5s", 500),
            ("1.s", 1000),
            ("0", 0),
            ("-0s", 0),
            ("0m", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(parse_duration("1us2ns"), Ok(Duration::from_nanos(1002)));
        assert_eq!(parse_duration("1µs"), Ok(Duration::from_micros(1)));
    }

    #[test]
    fn refuses_the_rest() {
        use DurationError::{Empty, Malformed, Negative, NoUnit};
        for (text, error) in [
            ("", Empty),
            (" ", Empty),
            ("60", NoUnit),
            ("1h30", NoUnit),
            ("-5m", Negative),
            ("-", Malformed),
            ("abc", Malformed),
            ("1d", Malformed),
            ("1.2.3s", Malformed),
            (".s", Malformed),
            ("9999999999999999999h", Malformed),
            ("99999999999999999999999999999h", Malformed),
        ] {
            assert_eq!(parse_duration(text), Err(error), "{text}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for text in ["12h", "1h30m", "1m30s", "250ms", "1us", "3ns", "0s", "720h"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
    }
}
