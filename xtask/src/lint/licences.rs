//! Licences of all dependencies: permissive or MPL-2.0. Expressions are those of SPDX 3, annex "license expressions",
//! and the older `MIT/Apache-2.0`, where the slash means OR.

use super::{Exceptions, Project};

const ALLOWED: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Additions to a licence that only permit more.
const ALLOWED_ADDITIONS: [&str; 1] = ["LLVM-exception"];

/// One violation for each package whose licence is not acceptable.
pub(super) fn check(project: &Project, exceptions: &Exceptions) -> Vec<String> {
    let packages = project.packages().iter().filter_map(|package| {
        let name = package["name"].as_str()?;
        let licence = package["license"].as_str().unwrap_or("NONE");
        let accepted =
            acceptable(licence, &|id| ALLOWED.contains(&id) || exceptions.allow("licence", name, id));
        (accepted != Some(true)).then(|| format!("licence of {name}: {licence}"))
    });
    packages.collect()
}

/// Whether the expression can be met with accepted licences; `None` if it is not an expression.
fn acceptable(expression: &str, accepted: &dyn Fn(&str) -> bool) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = Words { words: spaced.split_whitespace().collect(), accepted };
    words.words.reverse();
    let outcome = words.alternatives()?;
    words.words.is_empty().then_some(outcome)
}

/// The words still to be read, the next one last.
struct Words<'a> {
    words: Vec<&'a str>,
    accepted: &'a dyn Fn(&str) -> bool,
}

impl Words<'_> {
    // OR binds least, then AND, then WITH. Both sides are always read: `|` and `&`, not `||` and `&&`.
    fn alternatives(&mut self) -> Option<bool> {
        let mut outcome = self.together()?;
        while self.next_is("OR") {
            outcome |= self.together()?;
        }
        Some(outcome)
    }

    fn together(&mut self) -> Option<bool> {
        let mut outcome = self.single()?;
        while self.next_is("AND") {
            outcome &= self.single()?;
        }
        Some(outcome)
    }

    fn single(&mut self) -> Option<bool> {
        if self.next_is("(") {
            let outcome = self.alternatives()?;
            return self.next_is(")").then_some(outcome);
        }
        let id = self.words.pop().filter(|word| !["AND", "OR", "WITH", ")"].contains(word))?;
        let mut outcome = (self.accepted)(id);
        if self.next_is("WITH") {
            outcome &= ALLOWED_ADDITIONS.contains(&self.words.pop()?);
        }
        Some(outcome)
    }

    fn next_is(&mut self, word: &str) -> bool {
        let is = self.words.last() == Some(&word);
        if is {
            self.words.pop();
        }
        is
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_judged_by_what_one_must_accept() {
        let judge = |expression| acceptable(expression, &|id| ALLOWED.contains(&id));
        let cases = [
            ("MIT", Some(true)),
            ("MIT/Apache-2.0", Some(true)),
            ("GPL-3.0-only OR MIT", Some(true)),
            ("GPL-3.0-only AND MIT", Some(false)),
            ("MIT OR GPL-3.0-only AND LGPL-3.0-only", Some(true)),
            ("(MIT OR GPL-3.0-only) AND LGPL-3.0-only", Some(false)),
            ("Apache-2.0 WITH LLVM-exception", Some(true)),
            ("GPL-2.0 WITH Classpath-exception-2.0", Some(false)),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", Some(true)),
            ("ISC AND (Apache-2.0 OR ISC) AND OpenSSL", Some(false)),
            ("NONE", Some(false)),
            ("", None),
            ("MIT OR", None),
            ("(MIT", None),
            ("MIT Apache-2.0", None),
        ];
        for (expression, expected) in cases {
            assert_eq!(judge(expression), expected, "{expression}");
        }
    }
}
