//! Sizes: what does not fit on a few screens is split. Blank lines and comments do not count.

use std::path::Path;

use super::{Exceptions, Project, source};

const FILE_LIMIT: usize = 500;
const FILE_WITH_TESTS_LIMIT: usize = 600;
const FUNCTION_LIMIT: usize = 100;

/// One violation for each file and function that is too long.
pub(super) fn check(project: &Project, exceptions: &Exceptions) -> Vec<String> {
    let rust =
        project.files.iter().filter(|(path, _)| path.extension().is_some_and(|extension| extension == "rs"));
    rust.flat_map(|(path, text)| file(path, text, exceptions)).collect()
}

fn file(path: &Path, text: &str, exceptions: &Exceptions) -> Vec<String> {
    let path = path.display().to_string();
    let blanked = source::blank(text);
    let whole = source::code_lines(&blanked);
    let only_tests = path.ends_with("tests.rs") || path.contains("tests/");
    let code = if only_tests { 0 } else { source::code_lines(without_tests(&blanked)) };

    let mut violations = Vec::new();
    let mut judge = |rule: &str, subject: String, lines: usize, limit: usize| {
        if lines <= limit {
            return;
        }
        match exceptions.limit(rule, &subject) {
            Some(accepted) if lines == accepted => {}
            Some(accepted) if lines < accepted => {
                violations.push(format!("{subject}: {lines} lines; lower its exception from {accepted}"));
            }
            _ => violations.push(format!("{subject}: {lines} lines, {limit} are allowed ({rule})")),
        }
    };
    judge("file", path.clone(), code, FILE_LIMIT);
    judge("file-with-tests", path.clone(), whole, FILE_WITH_TESTS_LIMIT);
    for (name, _, lines) in source::functions(&blanked) {
        judge("function", format!("{path}:{name}"), lines, FUNCTION_LIMIT);
    }
    violations
}

/// The file up to its inline test module, which by the house style stands last.
fn without_tests(blanked: &str) -> &str {
    let start = blanked.find("#[cfg(test)]\nmod tests {").unwrap_or(blanked.len());
    &blanked[..start]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(path: &str, text: &str, exceptions: &str) -> Vec<String> {
        file(Path::new(path), text, &Exceptions::parse(exceptions).unwrap())
    }

    #[test]
    fn comments_and_tests_have_their_own_measure() {
        let code = "const A: u8 = 1;\n";
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", code.repeat(90));

        assert!(
            violations("a.rs", &format!("{}{}{tests}", "// why\n".repeat(900), code.repeat(500)), "")
                .is_empty()
        );
        assert_eq!(violations("a.rs", &code.repeat(501), "").len(), 1);
        assert!(violations("a/tests.rs", &code.repeat(600), "").is_empty());
        assert_eq!(violations("a/tests.rs", &code.repeat(601), "").len(), 1);
        assert_eq!(violations("a.rs", &format!("fn a() {{\n{}}}\n", "b();\n".repeat(99)), "").len(), 1);
    }

    #[test]
    fn an_exception_fits_exactly() {
        let code = "const A: u8 = 1;\n".repeat(510);

        assert!(violations("a.rs", &code, "file a.rs 510 a table\n").is_empty());
        assert_eq!(violations("a.rs", &code, "file a.rs 520 a table\n").len(), 1);
        assert_eq!(violations("a.rs", &code, "file a.rs 505 a table\n").len(), 1);
    }
}
