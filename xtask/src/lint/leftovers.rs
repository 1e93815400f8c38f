//! Left-overs in committed text: work put off, and paths of somebody's machine.

use super::Project;

/// Written in two parts, so that this file does not find itself.
const LEFTOVERS: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
];

/// One violation for each line with a left-over.
pub(super) fn check(project: &Project) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, text) in &project.files {
        for (number, line) in text.lines().enumerate() {
            if let Some(what) = leftover(line) {
                violations.push(format!("{}:{}: {what} must not stay", path.display(), number + 1));
            }
        }
    }
    violations
}

fn leftover(line: &str) -> Option<&'static str> {
    LEFTOVERS.into_iter().find(|leftover| {
        let mut rest = line;
        std::iter::from_fn(|| {
            let start = rest.find(leftover)?;
            let (before, after) = (&rest[..start], &rest[start + leftover.len()..]);
            rest = after;
            Some((before.chars().next_back(), after.chars().next()))
        })
        .any(|(before, after)| {
            !part_of_word(before) && (leftover.ends_with(['(', '/']) || !part_of_word(after))
        })
    })
}

fn part_of_word(neighbour: Option<char>) -> bool {
    neighbour
        .is_some_and(|neighbour| neighbour.is_ascii_alphanumeric() || neighbour == '_' || neighbour == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_found_as_words() {
        for leftover_text in LEFTOVERS {
            assert!(leftover(&format!("x {leftover_text} y")).is_some(), "{leftover_text}");
        }
        assert_eq!(leftover("MASTODON, https://example.com/work/list and mytodo!()"), None);
        assert_eq!(leftover(concat!("`/wo", "rk/main`")), Some(concat!("/wo", "rk/")));
    }
}
