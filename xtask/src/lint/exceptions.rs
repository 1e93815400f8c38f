//! The list of accepted exceptions. It may only shrink: an exception that is not needed any more, or wider than needed,
//! is itself a violation.

use std::cell::RefCell;

use crate::{Failure, machine::read, process::root};

const FILE: &str = "xtask/exceptions.txt";

/// The accepted exceptions, and which of them were made use of.
pub(super) struct Exceptions {
    entries: Vec<Entry>,
    used: RefCell<Vec<bool>>,
}

struct Entry {
    rule: String,
    subject: String,
    value: String,
}

impl Exceptions {
    /// Reads the list from its file.
    pub(super) fn read() -> Result<Self, Failure> {
        Self::parse(&read(&root().join(FILE))?)
    }

    /// Reads lines of `rule subject value reason`.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let mut entries = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            let mut words = line.split_whitespace().map(str::to_owned);
            let (Some(rule), Some(subject), Some(value), Some(_reason)) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                return Err(format!("{FILE}: rule, subject, value and reason are needed: {line}"));
            };
            entries.push(Entry { rule, subject, value });
        }
        let used = RefCell::new(vec![false; entries.len()]);
        Ok(Self { entries, used })
    }

    /// Whether the list accepts this value for the subject.
    pub(super) fn allow(&self, rule: &str, subject: &str, value: &str) -> bool {
        self.find(rule, subject, |accepted| accepted == value).is_some()
    }

    /// The measure up to which the list accepts the subject.
    pub(super) fn limit(&self, rule: &str, subject: &str) -> Option<usize> {
        self.find(rule, subject, |accepted| accepted.parse::<usize>().is_ok())?.parse().ok()
    }

    /// A violation for each exception that was not needed.
    pub(super) fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        let unused = self.entries.iter().zip(used.iter()).filter(|(_, used)| !**used);
        unused
            .map(|(entry, _)| {
                format!("{FILE}: not needed any more: {} {} {}", entry.rule, entry.subject, entry.value)
            })
            .collect()
    }

    fn find(&self, rule: &str, subject: &str, accepts: impl Fn(&str) -> bool) -> Option<&str> {
        let position = self
            .entries
            .iter()
            .position(|entry| entry.rule == rule && entry.subject == subject && accepts(&entry.value))?;
        if let Some(used) = self.used.borrow_mut().get_mut(position) {
            *used = true;
        }
        self.entries.get(position).map(|entry| entry.value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_that_is_not_needed_is_a_violation() {
        let exceptions =
            Exceptions::parse("# why\nlicence a OpenSSL old code\nlines b.rs 700 generated\n").unwrap();

        assert!(exceptions.allow("licence", "a", "OpenSSL"));
        assert!(!exceptions.allow("licence", "a", "GPL-3.0"));
        assert_eq!(exceptions.unused().len(), 1);
        assert_eq!(exceptions.limit("lines", "b.rs"), Some(700));
        assert!(exceptions.unused().is_empty());
    }

    #[test]
    fn an_exception_needs_a_reason() {
        assert!(Exceptions::parse("licence a OpenSSL\n").is_err());
    }
}
