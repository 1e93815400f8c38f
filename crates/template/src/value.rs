//! The values that templates work on.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

/// A value in a template.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing: a missing object. False, prints as empty text.
    Nil,
    /// A truth value.
    Bool(bool),
    /// A whole number; also the type of character constants and of bytes taken from a text.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text and where it came from.
    Text(Text),
    /// A list, for `range`, `index`, `len`, `slice`.
    List(Arc<Vec<Value>>),
    /// A map, walked in the order of its keys.
    Map(Arc<BTreeMap<String, Value>>),
    /// Something with fields and methods.
    Object(Arc<dyn Object>),
}

/// Something with fields and methods.
pub trait Object: Debug + Send + Sync {
    /// The field or method `name`, called with `args` (none for a field).
    ///
    /// # Errors
    /// [`MemberError`]; its text must not contain values of the user.
    fn member(&self, name: &str, args: &[Value]) -> Result<Value, MemberError>;

    /// The text that printing the object yields, by convention JSON.
    fn print(&self) -> Text;

    /// What `if` makes of it.
    fn truth(&self) -> bool {
        true
    }
}

/// Why [`Object::member`] has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberError {
    /// There is no such member.
    Unknown,
    /// It is a field and takes no arguments.
    NotCallable,
    /// The method does not take these arguments.
    Arguments(String),
}

/// A text and where it came from.
#[derive(Debug, Clone)]
pub struct Text {
    /// The characters.
    pub value: Arc<str>,
    /// Who wrote them.
    pub origin: Origin,
}

/// Who wrote a text; decides whether output that contains it may become JSON (see [`crate::claims`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The operator, the administrators or the server.
    Operator,
    /// The user, in a field that the server checks (address, username) or only limits (names, picture).
    User,
    /// The user, in free form.
    Unsafe,
    /// A function made it from what a user wrote (`printf`, `print`, `slice`).
    Composed,
}

impl Text {
    /// A text written by `origin`.
    #[must_use]
    pub fn new(value: impl Into<Arc<str>>, origin: Origin) -> Self {
        Self { value: value.into(), origin }
    }
}

impl Value {
    /// A text that the operator or the server wrote.
    #[must_use]
    pub fn text(value: impl Into<Arc<str>>) -> Self {
        Self::Text(Text::new(value, Origin::Operator))
    }

    /// What `if` makes of it: false for nothing, `false`, 0 and what is empty.
    #[must_use]
    pub fn truth(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.value.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
            Self::Object(object) => object.truth(),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "missing object",
            Self::Bool(_) => "truth value",
            Self::Int(_) => "whole number",
            Self::Float(_) => "number",
            Self::Text(_) => "text",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Object(_) => "object",
        }
    }
}
