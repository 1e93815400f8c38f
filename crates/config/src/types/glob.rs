//! Patterns of the redirect allow-lists (spec 10 §2.5).
//!
//! `*` is any run without `.` and `/`, `**` any run, `?` one character other than `.` and `/`, `[abc]`, `[a-z]` and
//! `[!a]` one character of a class, `{a,b}` alternatives, `\` takes the next character literally. A pattern is
//! compiled to a small non-deterministic automaton, so matching takes time proportional to text × pattern and no
//! text can make it slow. A negated class never matches a separator: `[!a]` must not open a path.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The longest accepted pattern, in bytes.
const MAX_PATTERN: usize = 2048;
/// The deepest accepted nesting of alternatives.
const MAX_DEPTH: usize = 8;

/// A compiled pattern.
#[derive(Clone)]
pub struct Glob {
    pattern: String,
    program: Vec<Step>,
}

/// Why a pattern does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// A bracket or brace without its partner.
    #[error("a bracket or brace of the pattern has no partner (write \\[ or \\{{ for the character itself)")]
    Unbalanced,
    /// `[]` or `[z-a]`.
    #[error("a character class of the pattern is empty or runs backwards")]
    BadClass,
    /// `\` at the end.
    #[error("the pattern ends with a backslash")]
    TrailingBackslash,
    /// Too long or too deeply nested.
    #[error("the pattern is too long or nested too deeply")]
    TooLarge,
}

#[derive(Clone)]
enum Step {
    Char(char),
    AnyButSeparator,
    Any,
    Class { ranges: Vec<(char, char)>, negated: bool },
    Split(usize, usize),
    Jump(usize),
}

impl Glob {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// When brackets are unbalanced, a class is empty, or the pattern is too large.
    pub fn compile(pattern: &str) -> Result<Self, GlobError> {
        if pattern.len() > MAX_PATTERN {
            return Err(GlobError::TooLarge);
        }
        let mut compiler = Compiler { rest: pattern.chars().peekable(), program: Vec::new() };
        compiler.sequence(0)?;
        if compiler.rest.next().is_some() {
            return Err(GlobError::Unbalanced);
        }
        Ok(Self { pattern: pattern.to_owned(), program: compiler.program })
    }

    /// Whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut states = States::new(self.program.len());
        states.enter(&self.program, 0);
        for c in text.chars() {
            let mut next = States::new(self.program.len());
            for &at in &states.list {
                if self.program.get(at).is_some_and(|step| step.takes(c)) {
                    next.enter(&self.program, at + 1);
                }
            }
            if next.list.is_empty() {
                return false;
            }
            states = next;
        }
        states.seen[self.program.len()]
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.pattern
    }
}

impl Step {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Char(wanted) => c == *wanted,
            Self::AnyButSeparator => !is_separator(c),
            Self::Any => true,
            Self::Class { ranges, negated } => {
                let listed = ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
                if *negated { !listed && !is_separator(c) } else { listed }
            }
            Self::Split(..) | Self::Jump(_) => false,
        }
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | '/')
}

/// The places of the program that are reachable now.
struct States {
    seen: Vec<bool>,
    list: Vec<usize>,
}

impl States {
    fn new(len: usize) -> Self {
        Self { seen: vec![false; len + 1], list: Vec::new() }
    }

    fn enter(&mut self, program: &[Step], start: usize) {
        let mut todo = vec![start];
        while let Some(at) = todo.pop() {
            if std::mem::replace(&mut self.seen[at], true) {
                continue;
            }
            match program.get(at) {
                Some(Step::Split(a, b)) => todo.extend([*a, *b]),
                Some(Step::Jump(to)) => todo.push(*to),
                _ => self.list.push(at),
            }
        }
    }
}

struct Compiler<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    program: Vec<Step>,
}

impl Compiler<'_> {
    /// Compiles up to the end, or up to a `,` or `}` inside of alternatives.
    fn sequence(&mut self, depth: usize) -> Result<(), GlobError> {
        while let Some(&c) = self.rest.peek() {
            if depth > 0 && matches!(c, ',' | '}') {
                return Ok(());
            }
            self.rest.next();
            match c {
                '*' => self.star(),
                '?' => self.program.push(Step::AnyButSeparator),
                '[' => self.class()?,
                '{' => self.alternatives(depth + 1)?,
                ']' | '}' => return Err(GlobError::Unbalanced),
                '\\' => {
                    let literal = self.rest.next().ok_or(GlobError::TrailingBackslash)?;
                    self.program.push(Step::Char(literal));
                }
                literal => self.program.push(Step::Char(literal)),
            }
        }
        if depth > 0 { Err(GlobError::Unbalanced) } else { Ok(()) }
    }

    fn star(&mut self) {
        let mut step = Step::AnyButSeparator;
        while self.rest.next_if_eq(&'*').is_some() {
            step = Step::Any;
        }
        let at = self.program.len();
        self.program.extend([Step::Split(at + 1, at + 3), step, Step::Jump(at)]);
    }

    fn class(&mut self) -> Result<(), GlobError> {
        let negated = self.rest.next_if(|c| matches!(c, '!' | '^')).is_some();
        let mut ranges = Vec::new();
        loop {
            let from = match self.rest.next().ok_or(GlobError::Unbalanced)? {
                ']' => break,
                c => self.class_char(c)?,
            };
            let to = if self.rest.next_if_eq(&'-').is_some() {
                match self.rest.next().ok_or(GlobError::Unbalanced)? {
                    ']' => return Err(GlobError::BadClass),
                    c => self.class_char(c)?,
                }
            } else {
                from
            };
            if to < from {
                return Err(GlobError::BadClass);
            }
            ranges.push((from, to));
        }
        if ranges.is_empty() {
            return Err(GlobError::BadClass);
        }
        self.program.push(Step::Class { ranges, negated });
        Ok(())
    }

    fn class_char(&mut self, c: char) -> Result<char, GlobError> {
        if c == '\\' { self.rest.next().ok_or(GlobError::TrailingBackslash) } else { Ok(c) }
    }

    fn alternatives(&mut self, depth: usize) -> Result<(), GlobError> {
        if depth > MAX_DEPTH {
            return Err(GlobError::TooLarge);
        }
        let mut ends = Vec::new();
        loop {
            let split = self.program.len();
            self.program.push(Step::Split(split + 1, split + 1));
            self.sequence(depth)?;
            let more = self.rest.next() == Some(',');
            ends.push(self.program.len());
            self.program.push(Step::Jump(0));
            let next = self.program.len();
            if !more {
                for end in ends {
                    self.program[end] = Step::Jump(next);
                }
                return Ok(());
            }
            self.program[split] = Step::Split(split + 1, next);
        }
    }
}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(pattern: &str) -> Result<Self, GlobError> {
        Self::compile(pattern)
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for Glob {}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.pattern, f)
    }
}

impl Serialize for Glob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.pattern)
    }
}

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::compile(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Glob {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Glob".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-kind": "glob" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::compile(pattern).unwrap().matches(text)
    }

    #[test]
    fn accepts() {
        for (pattern, text) in [
            ("https://app.example.com/cb", "https://app.example.com/cb"),
            ("https://*.example.com/cb", "https://foo.example.com/cb"),
            ("https://**.example.com", "https://a.b.example.com"),
            ("http://localhost:8888**", "http://localhost:8888/a/b?c=d#f"),
            ("http://localhost:8888**", "http://localhost:8888"),
            ("https://example.com/*", "https://example.com/"),
            ("https://example.com/**", "https://example.com/page/sub.html"),
            ("a?c", "abc"),
            ("[a-cx]z", "xz"),
            ("[!a]z", "bz"),
            ("{http,https}://{a,b*}/", "https://bcd/"),
            ("{a,{b,c}d}e", "cde"),
            ("{,a}b", "b"),
            ("\\*\\?\\[\\{\\\\", "*?[{\\"),
            ("a,b", "a,b"),
            ("***", "x/y.z"),
            ("[.]", "."),
            ("", ""),
            ("ä*", "äöü"),
        ] {
            assert!(matches(pattern, text), "{pattern} should match {text}");
        }
    }

    #[test]
    fn rejects() {
        for (pattern, text) in [
            ("https://*.example.com/cb", "https://a.foo.example.com/cb"),
            ("https://*.example.com/cb", "https://foo.example.com/cb/x"),
            ("https://**.example.com", "https://example.com"),
            ("https://example.com/*", "https://example.com/page/sub"),
            ("http://localhost:8888**", "HTTP://localhost:8888/x"),
            ("a?c", "a.c"),
            ("[!a]", "/"),
            ("[!a]", "a"),
            ("{a,b}", "c"),
            ("a", "ab"),
            ("", "a"),
        ] {
            assert!(!matches(pattern, text), "{pattern} should not match {text}");
        }
    }

    #[test]
    fn refuses_broken_patterns() {
        for pattern in ["[a", "a]", "{a", "a}", "{a,b", "[]", "[z-a]", "[a-]", "a\\", "[\\", "{[}"] {
            assert!(Glob::compile(pattern).is_err(), "{pattern}");
        }
        assert!(Glob::compile(&"a".repeat(4096)).is_err());
        assert!(Glob::compile(&"{".repeat(100)).is_err());
    }

    #[test]
    fn is_never_slow() {
        let pattern = "**a".repeat(100) + "b";
        assert!(!matches(&pattern, &"a".repeat(2000)));
    }
}
