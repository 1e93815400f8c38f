//! Inputs: how an action declares them and how submitted values are read against the declaration (spec 01, section 7).

use std::fmt;

use serde_json::{Map, Value};

use crate::{InputDocument, InputError};

/// The type of an input on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Email,
    Password,
    Boolean,
    Json,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Email => "email",
            Self::Password => "password",
            Self::Boolean => "boolean",
            Self::Json => "json",
        }
    }
}

/// One of the values an input may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// What is submitted.
    pub value: String,
    /// What is shown.
    pub name: String,
}

/// The declaration of one input of an action.
#[derive(Clone, Debug)]
pub struct Input {
    pub(crate) name: &'static str,
    /// Another name under which it is accepted.
    alias: Option<&'static str>,
    pub(crate) kind: Kind,
    pub(crate) min: Option<usize>,
    pub(crate) max: Option<usize>,
    pub(crate) required: Option<bool>,
    pub(crate) hidden: Option<bool>,
    pub(crate) allowed: Option<Vec<Allowed>>,
    pub(crate) preserved: bool,
    normalised: bool,
    lengths_are_hints: bool,
}

impl Input {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            alias: None,
            kind,
            min: None,
            max: None,
            required: None,
            hidden: None,
            allowed: None,
            preserved: false,
            normalised: false,
            lengths_are_hints: false,
        }
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// A text.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Text)
    }

    /// An e-mail address; trimmed and lower-cased.
    #[must_use]
    pub const fn email(name: &'static str) -> Self {
        Self::new(name, Kind::Email).normalised()
    }

    /// A password, taken as it is.
    #[must_use]
    pub const fn password(name: &'static str) -> Self {
        Self::new(name, Kind::Password)
    }

    /// A yes or no; never rejected, anything unreadable is no.
    #[must_use]
    pub const fn boolean(name: &'static str) -> Self {
        Self::new(name, Kind::Boolean)
    }

    /// An object, or its text; read by the action (spec 03, section 6.5).
    #[must_use]
    pub const fn json(name: &'static str) -> Self {
        Self::new(name, Kind::Json)
    }

    /// Accepted under another name too.
    #[must_use]
    pub const fn or_named(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    /// At least `length` characters.
    #[must_use]
    pub const fn min(mut self, length: usize) -> Self {
        self.min = Some(length);
        self
    }

    /// At most `length` characters.
    #[must_use]
    pub const fn max(mut self, length: usize) -> Self {
        self.max = Some(length);
        self
    }

    /// Whether it must be given; shown on the wire either way.
    #[must_use]
    pub const fn required(mut self, required: bool) -> Self {
        self.required = Some(required);
        self
    }

    /// Not for the eyes of the user.
    #[must_use]
    pub const fn hidden(mut self) -> Self {
        self.hidden = Some(true);
        self
    }

    /// Surrounding white space goes, letters become lower case; numbers and the like are taken as their text.
    #[must_use]
    pub const fn normalised(mut self) -> Self {
        self.normalised = true;
        self
    }

    /// The submitted value is shown again after a rejection.
    #[must_use]
    pub const fn preserved(mut self) -> Self {
        self.preserved = true;
        self
    }

    /// The lengths help the client but are not enforced: a code of another length is simply a wrong code (spec 01, D5).
    #[must_use]
    pub const fn lengths_as_hints(mut self) -> Self {
        self.lengths_are_hints = true;
        self
    }

    /// Only these values; an empty list allows nothing (spec 01, W17).
    #[must_use]
    pub fn allowed(mut self, values: Vec<Allowed>) -> Self {
        self.allowed = Some(values);
        self
    }

    /// The value as the action gets it.
    fn read(&self, submitted: &Map<String, Value>) -> Value {
        let given = submitted.get(self.name).or_else(|| submitted.get(self.alias?));
        let value = given.unwrap_or(&Value::Null);
        match self.kind {
            Kind::Boolean => Value::Bool(truthy(value)),
            Kind::Json => value.clone(),
            _ if self.normalised => Value::String(as_text(value).trim().to_lowercase()),
            _ => Value::String(value.as_str().unwrap_or_default().to_owned()),
        }
    }

    fn check(&self, value: &Value) -> Option<InputError> {
        let text = match self.kind {
            Kind::Boolean | Kind::Json => return None,
            _ => value.as_str().unwrap_or_default(),
        };
        let required = self.required == Some(true);
        if text.is_empty() {
            return required.then(InputError::missing);
        }
        let length = text.chars().count();
        if !self.lengths_are_hints {
            if self.min.is_some_and(|min| length < min) {
                return Some(InputError::too_short());
            }
            if self.max.is_some_and(|max| length > max) {
                return Some(InputError::too_long());
            }
        }
        if self.kind == Kind::Email && !is_email(text) {
            return Some(InputError::invalid());
        }
        match &self.allowed {
            Some(allowed) if !allowed.iter().any(|a| a.value == text) => {
                let names: Vec<&str> = allowed.iter().map(|a| a.value.as_str()).collect();
                Some(InputError::not_allowed(&names))
            }
            _ => None,
        }
    }

    /// How the input stands in a document. `submitted` is what this very action was just executed with.
    #[must_use]
    pub fn document(&self, submitted: Option<&Inputs>, error: Option<&InputError>) -> InputDocument {
        let value = self.preserved.then(|| submitted.map_or(Value::Null, |inputs| inputs.value(self.name)));
        InputDocument::new(self, value, error)
    }
}

/// Values that passed their declarations.
#[derive(Clone, Default)]
pub struct Inputs(Map<String, Value>);

/// What was rejected, by input.
pub type InputErrors = Vec<(&'static str, InputError)>;

/// Without values, which may be secrets.
impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs").finish_non_exhaustive()
    }
}

impl Inputs {
    /// Reads `submitted` by the declarations. Members that are not declared are ignored. All inputs are checked, and the
    /// values come back even when some were rejected, so that they can be shown again.
    #[must_use]
    pub fn read(declared: &[Input], submitted: &Map<String, Value>) -> (Self, InputErrors) {
        let mut values = Map::new();
        let mut errors = InputErrors::new();
        for input in declared {
            let value = input.read(submitted);
            if let Some(error) = input.check(&value) {
                errors.push((input.name, error));
            }
            values.insert(input.name.to_owned(), value);
        }
        (Self(values), errors)
    }

    /// A text; empty when it was not given or not declared.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A yes or no.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A JSON value; null when it was not given.
    #[must_use]
    pub fn json(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    fn value(&self, name: &str) -> Value {
        self.0.get(name).cloned().unwrap_or(Value::Null)
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn truthy(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64().is_some_and(|n| n != 0.0),
        Value::String(text) => ["1", "t", "true"].iter().any(|yes| text.eq_ignore_ascii_case(yes)),
        _ => false,
    }
}

/// The address pattern of spec 01, section 7.2, rule 6, and no two dots in a row and none at the ends of the local part
/// (spec 03, section 17: mail servers refuse those, so they are refused at once).
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let Some((host, top)) = domain.rsplit_once('.') else { return false };
    let local_ok =
        !local.is_empty() && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"._%+-".contains(&b));
    let host_ok = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b));
    let top_ok = top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic());
    let dots_ok =
        !text.contains("..") && !local.starts_with('.') && !local.ends_with('.') && !host.starts_with('.');
    local_ok && host_ok && top_ok && dots_ok
}

#[cfg(test)]
mod tests;
