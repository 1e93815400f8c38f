//! Source to tokens: text, the inside of actions, comments and trim markers. Lexical rules of Go's `text/template`.

use crate::error::{ParseError, Position};
use crate::limits;

/// A token, where it starts, and whether white space stands before it (which separates operands).
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) position: Position,
    pub(crate) spaced: bool,
}

/// Kinds of tokens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Text(String),
    Open,
    Close,
    Dot,
    /// `.name`, without the dot.
    Field(String),
    /// `$name`, without the dollar; empty for `$`.
    Variable(String),
    /// A function name or keyword.
    Word(String),
    String(String),
    Int(i64),
    Float(f64),
    Pipe,
    Comma,
    Declare,
    Assign,
    LeftParen,
    RightParen,
    End,
}

/// All tokens of `source`, the last one [`Kind::End`].
pub(crate) fn tokens(source: &str) -> Result<Vec<Token>, ParseError> {
    let mut lexer = Lexer { rest: source, position: Position { line: 1, column: 1 }, tokens: Vec::new() };
    if source.len() > limits::SOURCE {
        return Err(lexer.error(format!("the template is longer than {} bytes", limits::SOURCE)));
    }
    let mut trim = false;
    while !lexer.rest.is_empty() {
        lexer.text(trim);
        trim = if lexer.rest.is_empty() { false } else { lexer.action()? };
    }
    lexer.push(Kind::End, lexer.position, false);
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    rest: &'a str,
    position: Position,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    /// Text up to the next action. `trim`: the action before ended with a trim marker.
    fn text(&mut self, trim: bool) {
        let position = self.position;
        let end = self.rest.find("{{").unwrap_or(self.rest.len());
        let mut text = self.take(end);
        if trim {
            text = text.trim_start_matches(is_space);
        }
        if left_marker(self.rest) {
            text = text.trim_end_matches(is_space);
        }
        if !text.is_empty() {
            self.push(Kind::Text(text.to_owned()), position, false);
        }
    }

    /// One action or comment; true if it ends with a trim marker.
    fn action(&mut self) -> Result<bool, ParseError> {
        let start = self.position;
        let marked = left_marker(self.rest);
        self.take(if marked { 3 } else { 2 });
        let inside = if marked { self.rest.trim_start_matches(is_space) } else { self.rest };
        if inside.starts_with("/*") {
            self.take(self.rest.len() - inside.len());
            return self.comment(start);
        }
        self.push(Kind::Open, start, false);
        loop {
            let before = self.rest.len();
            self.take(before - self.rest.trim_start_matches(is_space).len());
            let spaced = self.rest.len() != before;
            let position = self.position;
            if self.rest.is_empty() {
                return Err(ParseError::new(start, "this action is not closed"));
            }
            for (end, trim) in [("}}", false), ("-}}", true)] {
                if self.rest.starts_with(end) && (spaced || !trim) {
                    self.take(end.len());
                    self.push(Kind::Close, position, spaced);
                    return Ok(trim);
                }
            }
            let kind = self.token()?;
            self.push(kind, position, spaced);
        }
    }

    fn comment(&mut self, start: Position) -> Result<bool, ParseError> {
        let Some(end) = self.rest.find("*/") else {
            return Err(ParseError::new(start, "this comment is not closed"));
        };
        self.take(end + 2);
        if self.rest.starts_with("}}") {
            self.take(2);
            return Ok(false);
        }
        let marker = self.rest.trim_start_matches(is_space);
        if marker.starts_with("-}}") && marker.len() != self.rest.len() {
            self.take(self.rest.len() - marker.len() + 3);
            return Ok(true);
        }
        Err(self.error("a comment must be the only content of its action"))
    }

    fn token(&mut self) -> Result<Kind, ParseError> {
        if let Some(number) = self.number()? {
            return Ok(number);
        }
        for (text, kind) in [
            (":=", Kind::Declare),
            ("=", Kind::Assign),
            ("|", Kind::Pipe),
            (",", Kind::Comma),
            ("(", Kind::LeftParen),
            (")", Kind::RightParen),
        ] {
            if self.rest.starts_with(text) {
                self.take(text.len());
                return Ok(kind);
            }
        }
        match self.rest.chars().next() {
            Some('"') => self.quoted('"').map(Kind::String),
            Some('`') => self.raw(),
            Some('\'') => self.character(),
            Some('.') => {
                self.take(1);
                let name = self.name()?;
                Ok(if name.is_empty() { Kind::Dot } else { Kind::Field(name) })
            }
            Some('$') => {
                self.take(1);
                self.name().map(Kind::Variable)
            }
            Some(c) if is_letter(c) => self.name().map(Kind::Word),
            _ => Err(self.error("unexpected character")),
        }
    }

    /// A possibly empty name; must end where a name may end.
    fn name(&mut self) -> Result<String, ParseError> {
        let end = self.rest.find(|c| !is_letter(c)).unwrap_or(self.rest.len());
        let name = self.take(end).to_owned();
        let ends =
            self.rest.starts_with(|c| is_space(c) || ".,|:()".contains(c)) || self.rest.starts_with("}}");
        if ends || self.rest.is_empty() { Ok(name) } else { Err(self.error("unexpected character")) }
    }

    fn raw(&mut self) -> Result<Kind, ParseError> {
        let Some(length) = self.rest.get(1..).and_then(|rest| rest.find('`')) else {
            return Err(self.error("this raw string is not closed"));
        };
        let text = self.take(length + 2);
        Ok(Kind::String(text.trim_matches('`').to_owned()))
    }

    fn character(&mut self) -> Result<Kind, ParseError> {
        let start = self.position;
        let text = self.quoted('\'')?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(Kind::Int(i64::from(u32::from(c)))),
            _ => Err(ParseError::new(start, "a character constant holds one character")),
        }
    }

    /// A string in `quote`s with Go's escapes.
    fn quoted(&mut self, quote: char) -> Result<String, ParseError> {
        let start = self.position;
        self.take(1);
        let mut text = Vec::new();
        loop {
            match self.take_char() {
                None | Some('\n') => return Err(ParseError::new(start, "this string is not closed")),
                Some('\\') => self.escape(quote, &mut text)?,
                Some(c) if c == quote => break,
                Some(c) => text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        String::from_utf8(text).map_err(|_| ParseError::new(start, "this string is not valid UTF-8"))
    }

    fn escape(&mut self, quote: char, text: &mut Vec<u8>) -> Result<(), ParseError> {
        let position = self.position;
        let wrong = || ParseError::new(position, "unknown escape sequence");
        let first = self.rest.chars().next().ok_or_else(wrong)?;
        if let Some(byte) = simple_escape(first, quote) {
            self.take(1);
            text.push(byte);
            return Ok(());
        }
        let (skip, digits, radix) = match first {
            'x' => (1, 2, 16),
            'u' => (1, 4, 16),
            'U' => (1, 8, 16),
            _ => (0, 3, 8),
        };
        self.take(skip);
        let number =
            self.rest.get(..digits).filter(|d| d.chars().all(|c| c.is_digit(radix))).ok_or_else(wrong)?;
        let code = u32::from_str_radix(number, radix).map_err(|_| wrong())?;
        self.take(digits);
        if digits < 4 {
            text.push(u8::try_from(code).map_err(|_| wrong())?);
        } else {
            let c = char::from_u32(code).ok_or_else(wrong)?;
            text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(())
    }

    /// A number, if one starts here: decimal, `0x`, `0o`, `0b` or with a fraction or exponent, `_` between digits.
    fn number(&mut self) -> Result<Option<Kind>, ParseError> {
        let unsigned = self.rest.strip_prefix(['+', '-']).unwrap_or(self.rest);
        let digits = unsigned.strip_prefix('.').unwrap_or(unsigned);
        let signed = unsigned.len() != self.rest.len();
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return if signed { Err(self.error("unexpected character")) } else { Ok(None) };
        }
        let hexadecimal = unsigned.starts_with("0x") || unsigned.starts_with("0X");
        let mut end = self.rest.len() - unsigned.len();
        let mut previous = ' ';
        for c in unsigned.chars() {
            let exponent_sign = "+-".contains(c) && matches!(previous, 'e' | 'E') && !hexadecimal;
            if !(is_letter(c) || c == '.' || exponent_sign) {
                break;
            }
            previous = c;
            end += c.len_utf8();
        }
        let number = parse_number(self.rest.get(..end).unwrap_or_default());
        let kind = number.ok_or_else(|| self.error("this is not a number"))?;
        self.take(end);
        Ok(Some(kind))
    }

    /// Moves over `length` bytes and returns them.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        for c in taken.chars() {
            if c == '\n' {
                self.position = Position { line: self.position.line + 1, column: 1 };
            } else {
                self.position.column += 1;
            }
        }
        self.rest = rest;
        taken
    }

    fn take_char(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.take(c.len_utf8());
        Some(c)
    }

    fn push(&mut self, kind: Kind, position: Position, spaced: bool) {
        self.tokens.push(Token { kind, position, spaced });
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError::new(self.position, message)
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_letter(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// `{{-` followed by white space.
fn left_marker(rest: &str) -> bool {
    rest.strip_prefix("{{-").is_some_and(|rest| rest.starts_with(is_space))
}

fn simple_escape(c: char, quote: char) -> Option<u8> {
    Some(match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        c if c == quote => u8::try_from(c).ok()?,
        _ => return None,
    })
}

fn parse_number(text: &str) -> Option<Kind> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    // Underscores stand between digits only, and not at all before a point or exponent.
    if digits.contains("__") || digits.ends_with('_') || digits.starts_with('_') {
        return None;
    }
    let plain = digits.replace('_', "");
    let lower = plain.to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            let valid = rest.chars().all(|c| c.is_digit(radix));
            return valid
                .then(|| i64::from_str_radix(&format!("{sign}{rest}"), radix).ok())
                .flatten()
                .map(Kind::Int);
        }
    }
    if lower.chars().all(|c| c.is_ascii_digit()) {
        let radix = if lower.len() > 1 && lower.starts_with('0') { 8 } else { 10 };
        return i64::from_str_radix(&format!("{sign}{lower}"), radix).ok().map(Kind::Int);
    }
    // Only digits, a point and an exponent, so that `inf` and `nan` are not numbers.
    if digits.contains('_') || !lower.chars().all(|c| c.is_ascii_digit() || ".e+-".contains(c)) {
        return None;
    }
    format!("{sign}{lower}").parse().ok().filter(|number: &f64| number.is_finite()).map(Kind::Float)
}
