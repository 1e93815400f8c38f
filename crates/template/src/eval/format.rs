//! Printing: what an action prints, and `print`, `println`, `printf`, as Go's `fmt` does it.

use super::{Budget, float};
use crate::error::Fault;
use crate::limits;
use crate::value::{Origin, Text, Value};

/// The text that an action prints for `value`.
pub(super) fn print(value: &Value, budget: &mut Budget) -> Result<Text, Fault> {
    if let Value::Text(text) = value {
        budget.charge(text.value.len())?;
        return Ok(text.clone());
    }
    let mut writer = Writer::new();
    writer.value(value, 0)?;
    budget.charge(writer.text.len())?;
    Ok(Text::new(writer.text, writer.origin))
}

/// `print`: a space between two values of which neither is a text. `println`: spaces everywhere and a line break.
pub(super) fn sprint(args: &[Value], line: bool, budget: &mut Budget) -> Result<Value, Fault> {
    let mut writer = Writer::new();
    let mut previous_text = true;
    for (index, arg) in args.iter().enumerate() {
        let text = matches!(arg, Value::Text(_));
        if index > 0 && (line || !(text || previous_text)) {
            writer.push(" ")?;
        }
        writer.value(arg, 0)?;
        previous_text = text;
    }
    if line {
        writer.push("\n")?;
    }
    writer.finish(budget)
}

/// `printf`.
pub(super) fn sprintf(args: &[Value], budget: &mut Budget) -> Result<Value, Fault> {
    let Some((Value::Text(format), args)) = args.split_first() else {
        return Err(Fault::arguments("printf", "the first argument must be a text"));
    };
    let mut writer = Writer::new();
    writer.origin = format.origin;
    let mut args = args.iter();
    let mut rest: &str = &format.value;
    while let Some((text, directive)) = rest.split_once('%') {
        writer.push(text)?;
        let (spec, after) = Spec::parse(directive)?;
        rest = after;
        if spec.verb == '%' {
            writer.push("%")?;
            continue;
        }
        let arg =
            args.next().ok_or_else(|| Fault::arguments("printf", "there are fewer values than verbs"))?;
        writer.formatted(arg, &spec, 0)?;
    }
    writer.push(rest)?;
    if args.next().is_some() {
        return Err(Fault::arguments("printf", "there are more values than verbs"));
    }
    writer.finish(budget)
}

/// A bounded text that remembers the least trusted of its writers.
struct Writer {
    text: String,
    origin: Origin,
}

impl Writer {
    fn new() -> Self {
        Self { text: String::new(), origin: Origin::Operator }
    }

    fn push(&mut self, text: &str) -> Result<(), Fault> {
        if self.text.len() + text.len() > limits::OUTPUT {
            return Err(Fault::Output);
        }
        self.text.push_str(text);
        Ok(())
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Fault> {
        self.formatted(value, &Spec::PLAIN, depth)
    }

    fn formatted(&mut self, value: &Value, spec: &Spec<'_>, depth: usize) -> Result<(), Fault> {
        if depth > limits::DEPTH {
            return Err(Fault::Depth);
        }
        match value {
            Value::List(items) => {
                self.push("[")?;
                for (index, item) in items.iter().enumerate() {
                    self.push(if index > 0 { " " } else { "" })?;
                    self.formatted(item, spec, depth + 1)?;
                }
                self.push("]")
            }
            Value::Map(entries) => {
                self.push("map[")?;
                for (index, (key, item)) in entries.iter().enumerate() {
                    self.push(if index > 0 { " " } else { "" })?;
                    self.formatted(&Value::text(key.as_str()), spec, depth + 1)?;
                    self.push(":")?;
                    self.formatted(item, spec, depth + 1)?;
                }
                self.push("]")
            }
            Value::Object(object) => self.formatted(&Value::Text(object.print()), spec, depth + 1),
            Value::Nil => self.push(&spec.text("")?),
            Value::Bool(value) => self.push(&spec.boolean(*value)?),
            Value::Int(value) => self.push(&spec.integer(*value)?),
            Value::Float(value) => self.push(&spec.float(*value)?),
            Value::Text(text) => {
                self.origin = self.origin.max(text.origin);
                self.push(&spec.text(&text.value)?)
            }
        }
    }

    fn finish(self, budget: &mut Budget) -> Result<Value, Fault> {
        budget.charge(self.text.len())?;
        Ok(Value::Text(Text::new(self.text, composed(self.origin))))
    }
}

/// The origin of what a function makes of a text.
pub(super) fn composed(origin: Origin) -> Origin {
    if origin == Origin::Operator { Origin::Operator } else { Origin::Composed }
}

/// One verb of `printf` with its flags.
#[derive(Debug)]
struct Spec<'a> {
    flags: &'a str,
    width: usize,
    precision: Option<usize>,
    verb: char,
}

impl<'a> Spec<'a> {
    const PLAIN: Self = Self { flags: "", width: 0, precision: None, verb: 'v' };

    /// The directive after a `%`, and what follows it.
    fn parse(directive: &'a str) -> Result<(Self, &'a str), Fault> {
        let end = directive.find(|c| !"-+# 0".contains(c)).unwrap_or(directive.len());
        let (flags, mut rest) = directive.split_at(end);
        let mut spec = Self { flags, ..Self::PLAIN };
        (spec.width, rest) = number(rest)?;
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = number(after)?;
            spec.precision = Some(precision);
            rest = after;
        }
        let mut chars = rest.chars();
        spec.verb =
            chars.next().ok_or_else(|| Fault::arguments("printf", "the format ends within a verb"))?;
        Ok((spec, chars.as_str()))
    }

    fn flag(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    fn text(&self, value: &str) -> Result<String, Fault> {
        let cut: String;
        let value = match self.precision {
            Some(length) => {
                cut = value.chars().take(length).collect();
                &cut
            }
            None => value,
        };
        match self.verb {
            'v' | 's' => Ok(self.pad(value.to_owned(), false)),
            'q' => Ok(self.pad(quote(value, '"'), false)),
            'x' => Ok(self.pad(hex(value), false)),
            'X' => Ok(self.pad(hex(value).to_uppercase(), false)),
            _ => Err(self.unsuitable("text")),
        }
    }

    fn boolean(&self, value: bool) -> Result<String, Fault> {
        match self.verb {
            'v' | 't' => Ok(self.pad(value.to_string(), false)),
            _ => Err(self.unsuitable("truth value")),
        }
    }

    fn integer(&self, value: i64) -> Result<String, Fault> {
        let magnitude = value.unsigned_abs();
        let (prefix, digits) = match self.verb {
            'v' | 'd' => ("", magnitude.to_string()),
            'x' => ("0x", format!("{magnitude:x}")),
            'X' => ("0X", format!("{magnitude:X}")),
            'o' => ("0", format!("{magnitude:o}")),
            'b' => ("0b", format!("{magnitude:b}")),
            'U' => return Ok(self.pad(format!("U+{magnitude:04X}"), false)),
            'c' | 'q' => {
                let c =
                    u32::try_from(value).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
                let text = if self.verb == 'c' { c.to_string() } else { quote(&c.to_string(), '\'') };
                return Ok(self.pad(text, false));
            }
            _ => return Err(self.unsuitable("whole number")),
        };
        let prefix = if self.flag('#') { prefix } else { "" };
        let zeros = "0".repeat(self.precision.unwrap_or(0).saturating_sub(digits.len()));
        Ok(self.pad(format!("{}{prefix}{zeros}{digits}", self.sign(value < 0)), self.precision.is_none()))
    }

    fn float(&self, value: f64) -> Result<String, Fault> {
        let magnitude = value.abs();
        let text = match self.verb {
            'v' | 'g' => float::general(magnitude, self.precision),
            'G' => float::general(magnitude, self.precision).to_uppercase(),
            'e' => float::exponential(magnitude, self.precision.unwrap_or(6)),
            'E' => float::exponential(magnitude, self.precision.unwrap_or(6)).to_uppercase(),
            'f' | 'F' => float::fixed(magnitude, self.precision.unwrap_or(6)),
            _ => return Err(self.unsuitable("number")),
        };
        Ok(self.pad(format!("{}{text}", self.sign(value.is_sign_negative())), true))
    }

    fn sign(&self, negative: bool) -> &'static str {
        // With `%v`, a plus asks for names of fields, which there are none of.
        match (negative, self.flag('+') && self.verb != 'v', self.flag(' ')) {
            (true, _, _) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        }
    }

    /// Fills up to the width; zeros go behind the sign of a number.
    fn pad(&self, text: String, number: bool) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        if missing == 0 {
            return text;
        }
        if self.flag('-') {
            return text + &" ".repeat(missing);
        }
        if !self.flag('0') {
            return " ".repeat(missing) + &text;
        }
        let signed = number && text.starts_with(['-', '+', ' ']);
        let (sign, digits) = text.split_at(usize::from(signed));
        format!("{sign}{}{digits}", "0".repeat(missing))
    }

    fn unsuitable(&self, kind: &str) -> Fault {
        Fault::arguments("printf", format!("%{} does not fit a {kind}", self.verb.escape_default()))
    }
}

/// Leading digits as a number (0 if there are none) and the rest.
fn number(text: &str) -> Result<(usize, &str), Fault> {
    let (digits, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let value = if digits.is_empty() { Ok(0) } else { digits.parse() };
    match value {
        Ok(value) if value <= limits::WIDTH => Ok((value, rest)),
        _ => Err(Fault::arguments("printf", format!("widths are at most {}", limits::WIDTH))),
    }
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len() * 2), |mut hex, byte| {
        hex.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0')));
        hex
    })
}

/// A Go string or character constant.
fn quote(text: &str, quote: char) -> String {
    let mut quoted = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            c if c == quote => quoted.extend(['\\', c]),
            c if c.is_ascii_control() => quoted.extend(format!("\\x{:02x}", u32::from(c)).chars()),
            c if c.is_control() => quoted.extend(format!("\\u{:04x}", u32::from(c)).chars()),
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}
