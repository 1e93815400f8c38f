//! Why a template is refused or fails. The texts name what the operator wrote, never a value of the user, because
//! they end in logs.

use std::fmt;

/// A place in a template, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A template that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {message}")]
pub struct ParseError {
    /// Where.
    pub position: Position,
    /// What is wrong.
    pub message: String,
}

impl ParseError {
    pub(crate) fn new(position: Position, message: impl Into<String>) -> Self {
        Self { position, message: message.into() }
    }
}

/// A template that fails for the values at hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {fault}")]
pub struct RenderError {
    /// The command or block that failed.
    pub position: Position,
    /// What went wrong.
    pub fault: Fault,
}

/// What can go wrong in an evaluation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The object has no such field.
    #[error("there is no field {0:?}")]
    UnknownField(String),
    /// A field of something that is not there.
    #[error("field {0:?} of a missing object")]
    MissingObject(String),
    /// A field of a text, number, truth value or list.
    #[error("field {name:?} of a {kind}")]
    NotAnObject {
        /// The field.
        name: String,
        /// What it was asked of.
        kind: &'static str,
    },
    /// Arguments for something that takes none.
    #[error("{0} takes no arguments")]
    NotCallable(String),
    /// Wrong number or kind of arguments.
    #[error("{function}: {message}")]
    Arguments {
        /// The function or method.
        function: String,
        /// What it wants.
        message: String,
    },
    /// Values of these kinds cannot be compared.
    #[error("{0}: these values cannot be compared")]
    NotComparable(&'static str),
    /// Something that `range` cannot walk.
    #[error("range over a {0}")]
    NotIterable(&'static str),
    /// More than [`limits::STEPS`](crate::limits::STEPS).
    #[error("the template takes too many steps")]
    Steps,
    /// More than [`limits::OUTPUT`](crate::limits::OUTPUT).
    #[error("the text becomes too long")]
    Output,
    /// Values nested deeper than [`limits::DEPTH`](crate::limits::DEPTH).
    #[error("the value is nested too deep")]
    Depth,
}

impl Fault {
    pub(crate) fn arguments(function: &str, message: impl Into<String>) -> Self {
        Self::Arguments { function: function.to_owned(), message: message.into() }
    }

    pub(crate) fn at(self, position: Position) -> RenderError {
        RenderError { position, fault: self }
    }
}
