//! What a rendering yields: the text, and which parts of it were printed by actions.

use crate::error::Fault;
use crate::limits;
use crate::value::{Origin, Text};
use std::ops::Range;

/// The result of a rendering.
#[derive(Debug, Clone, Default)]
pub struct Rendered {
    text: String,
    printed: Vec<Printed>,
    literals: bool,
}

/// A value that an action printed.
#[derive(Debug, Clone)]
pub struct Printed {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Who wrote it.
    pub origin: Origin,
}

impl Rendered {
    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text by value.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// Every printed value in order, empty ones included.
    #[must_use]
    pub fn printed(&self) -> &[Printed] {
        &self.printed
    }

    /// The only printed value, if the text is nothing but this.
    #[must_use]
    pub fn single(&self) -> Option<&Printed> {
        match &self.printed[..] {
            [only] if !self.literals => Some(only),
            _ => None,
        }
    }

    pub(crate) fn literal(&mut self, text: &str) -> Result<(), Fault> {
        self.literals = true;
        self.push(text)
    }

    pub(crate) fn print(&mut self, text: &Text) -> Result<(), Fault> {
        let start = self.text.len();
        self.push(&text.value)?;
        self.printed.push(Printed { range: start..self.text.len(), origin: text.origin });
        Ok(())
    }

    fn push(&mut self, text: &str) -> Result<(), Fault> {
        if self.text.len() + text.len() > limits::OUTPUT {
            return Err(Fault::Output);
        }
        self.text.push_str(text);
        Ok(())
    }
}
