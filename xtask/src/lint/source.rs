//! As much understanding of Rust as counting lines needs.

/// The text with comments and the contents of literals replaced by spaces; lines stay where they are.
pub(super) fn blank(text: &str) -> String {
    let mut blanked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_word = blanked.ends_with(|last: char| last.is_ascii_alphanumeric() || last == '_');
        let (keep, length) = match first {
            '/' if rest.starts_with("//") => (false, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (false, block_comment(rest)),
            '"' => (false, string(rest)),
            '\'' => match character(rest) {
                Some(length) => (false, length),
                None => (true, 1),
            },
            'r' | 'b' | 'c' if !after_word => match prefixed(rest) {
                Some(length) => (false, length),
                None => (true, 1),
            },
            _ => (true, first.len_utf8()),
        };
        let (piece, remainder) = rest.split_at(length);
        if keep {
            blanked.push_str(piece);
        } else if piece.starts_with("//") || piece.starts_with("/*") {
            blanked.extend(piece.chars().map(|char| if char == '\n' { '\n' } else { ' ' }));
        } else {
            // A literal is code on each of its lines.
            blanked.extend(piece.chars().map(|char| if char == '\n' { '\n' } else { '"' }));
        }
        rest = remainder;
    }
    blanked
}

/// Lines with code, in a text without comments.
pub(super) fn code_lines(blanked: &str) -> usize {
    blanked.lines().filter(|line| !line.trim().is_empty()).count()
}

/// Name, first line and number of code lines of each function with a body.
pub(super) fn functions(blanked: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (position, _) in blanked.match_indices("fn ") {
        let before = blanked[..position].chars().next_back();
        if before.is_some_and(|char| char.is_ascii_alphanumeric() || char == '_') {
            continue;
        }
        let rest = &blanked[position..];
        let name: String = rest[3..]
            .trim_start()
            .chars()
            .take_while(|char| char.is_ascii_alphanumeric() || *char == '_')
            .collect();
        if name.is_empty() {
            continue;
        }
        if let Some(length) = body_end(rest) {
            let line = blanked[..position].matches('\n').count() + 1;
            found.push((name, line, code_lines(&rest[..length])));
        }
    }
    found
}

/// Where the body of the function that starts the text ends; `None` if it has none.
fn body_end(text: &str) -> Option<usize> {
    let mut depth = 0_i32;
    let mut in_body = false;
    for (position, char) in text.char_indices() {
        match char {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ';' if depth == 0 && !in_body => return None,
            '{' => {
                in_body |= depth == 0;
                depth += 1;
            }
            '}' => {
                depth -= 1;
                if depth == 0 && in_body {
                    return Some(position + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut position = 0;
    while position < text.len() {
        let rest = &text[position..];
        if rest.starts_with("/*") {
            depth += 1;
            position += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            position += 2;
            if depth == 0 {
                return position;
            }
        } else {
            position += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a string literal that starts with its quotation mark.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (position, char) in text.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return position + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal; `None` for a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        chars.next()?;
        return chars.find(|(_, char)| *char == '\'').map(|(position, _)| position + 1);
    }
    chars.next().filter(|(_, char)| *char == '\'').map(|(position, _)| position + 1)
}

/// The length of a literal with a prefix: `r"…"`, `br#"…"#`, `b"…"`, `b'…'`, `c"…"`.
fn prefixed(text: &str) -> Option<usize> {
    let prefix = text.find(|char| !matches!(char, 'r' | 'b' | 'c')).filter(|length| *length <= 2)?;
    let (letters, rest) = text.split_at(prefix);
    if letters.ends_with('r') {
        let marks = rest.len() - rest.trim_start_matches('#').len();
        let content = rest[marks..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(marks));
        let length = content.find(&end).map_or(content.len(), |found| found + end.len());
        return Some(prefix + marks + 1 + length);
    }
    match rest.chars().next()? {
        '"' => Some(prefix + string(rest)),
        '\'' if letters == "b" => Some(prefix + character(rest)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_do_not_confuse() {
        let text = "/* { /* } */ */\nfn a<'x>(c: &'x str) { // }\n  let d = ['{', '\\'', b'}'];\n  r#\"}\"\n\"#;\n  \"\\\"}\";\n}\nfn b();\n";
        let blanked = blank(text);

        assert_eq!(blanked.lines().count(), text.lines().count());
        assert_eq!(functions(&blanked), [("a".to_owned(), 2, 6)]);
        assert_eq!(code_lines(&blanked), 7);
    }

    #[test]
    fn signatures_with_arrays_and_closures_have_the_right_body() {
        let text = "fn a(x: [u8; 4]) -> impl Fn(u8)\nwhere\n    u8: Copy,\n{\n    |y| { y }\n}\nstruct B { f: fn (u8) }\n";

        assert_eq!(functions(text), [("a".to_owned(), 1, 6)]);
    }
}
