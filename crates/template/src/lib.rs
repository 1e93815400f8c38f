//! The template language of custom session claims (spec 05 §2.5): the part of Go's `text/template` that
//! claims need, with limits, and the claims themselves.
//!
//! A template is text with actions between `{{` and `}}`:
//!
//! 1. `lexer` cuts the source into tokens and applies comments and trim markers;
//! 2. `parser` builds the tree of `ast`, resolving variables and functions, so that most mistakes are found
//!    at start-up;
//! 3. `eval` walks the tree over a [`Value`] and notes where each printed value came from.
//!
//! [`claims`] turns the configured claims and a user into the claims of one token.
//!
//! Nothing here can be made to run long or deep: source, nesting, steps and output are limited ([`limits`]).
//!
//! Where this differs from Go: there is no `define`, `template`, `block`, `call`, `html`, `js` and `urlquery`;
//! nothing prints as `<nil>` or `<no value>` (a missing object and a missing map entry print as empty text); and a
//! `printf` verb that does not fit its value fails instead of printing `%!d(string=…)` into a token.

mod ast;
pub mod claims;
mod error;
mod eval;
mod lexer;
pub mod limits;
mod parser;
mod value;

#[cfg(test)]
mod tests;

pub use error::{Fault, ParseError, Position, RenderError};
pub use eval::{Printed, Rendered};
pub use value::{MemberError, Object, Origin, Text, Value};

/// A parsed template. Parse once, render often.
#[derive(Debug, Clone)]
pub struct Template {
    body: Vec<ast::Node>,
}

impl Template {
    /// Parses `source`.
    ///
    /// # Errors
    /// The first mistake with its place: bad syntax, an unknown function or variable, or a limit
    /// ([`limits::SOURCE`], [`limits::DEPTH`]).
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        parser::parse(lexer::tokens(source)?).map(|body| Self { body })
    }

    /// Evaluates the template with `root` as `.` and `$`.
    ///
    /// # Errors
    /// An unknown field, access through a missing object, unsuitable arguments, or a limit ([`limits::STEPS`],
    /// [`limits::OUTPUT`]). The message names what the template says, never a value of the user.
    pub fn render(&self, root: &Value) -> Result<Rendered, RenderError> {
        eval::render(&self.body, root)
    }
}
