//! Links between the documents: each relative link leads to a file, each anchor to a heading.

use std::{
    collections::{HashMap, HashSet},
    path::{Component, Path, PathBuf},
};

use super::Project;
use crate::process::root;

/// One violation for each link that leads nowhere.
pub(super) fn check(project: &Project) -> Vec<String> {
    let documents = project.files.iter().filter(|(path, _)| path.extension().is_some_and(|ext| ext == "md"));
    let prose: Vec<(&Path, String)> = documents.map(|(path, text)| (path.as_path(), prose(text))).collect();
    let anchors: HashMap<&Path, HashSet<String>> =
        prose.iter().map(|(path, text)| (*path, anchors(text))).collect();
    let mut violations = Vec::new();
    for (path, text) in &prose {
        for (line, target) in targets(text) {
            if let Some(problem) = problem(path, target, &anchors) {
                violations.push(format!("{}:{line}: {target}: {problem}", path.display()));
            }
        }
    }
    violations
}

fn problem(from: &Path, target: &str, anchors: &HashMap<&Path, HashSet<String>>) -> Option<&'static str> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let path = if file.is_empty() { Some(from.to_owned()) } else { resolve(from, file) };
    let Some(path) = path.filter(|path| root().join(path).exists()) else {
        return Some("there is no such file");
    };
    let anchor = anchor?;
    let found = anchors.get(path.as_path()).is_some_and(|known| known.contains(anchor));
    (!found).then_some("there is no such heading")
}

/// The path that a link of the document `from` means, relative to the root; `None` if it leads out of the project.
fn resolve(from: &Path, link: &str) -> Option<PathBuf> {
    let mut path = from.parent()?.to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir if path.pop() => {}
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(path)
}

/// The text with blocks of code emptied; lines stay where they are.
fn prose(text: &str) -> String {
    let mut fence = None;
    let mut prose = String::with_capacity(text.len());
    for line in text.lines() {
        let marks = line.trim_start().bytes().take_while(|byte| *byte == b'`').count();
        match fence {
            None if marks >= 3 => fence = Some(marks),
            Some(open) if marks >= open => fence = None,
            Some(_) => {}
            None => prose.push_str(line),
        }
        prose.push('\n');
    }
    prose
}

/// What is linked to: number of the line, target.
fn targets(prose: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(prose.lines()) {
        let mut rest = line;
        while let Some(start) = rest.find("](") {
            let in_code = line[..line.len() - rest.len() + start].matches('`').count() % 2 == 1;
            rest = &rest[start + 2..];
            let end = rest.find([')', ' ']).unwrap_or(rest.len());
            if !in_code {
                found.push((number, &rest[..end]));
            }
        }
    }
    found
}

/// The anchors of the headings, as GitHub makes them.
fn anchors(prose: &str) -> HashSet<String> {
    let mut anchors = HashSet::new();
    for line in prose.lines() {
        let text = line.trim_start_matches('#');
        let Some(title) = text.strip_prefix(' ').filter(|_| text.len() < line.len()) else { continue };
        let slug = slug(title.trim());
        let mut anchor = slug.clone();
        let mut again = 0;
        while !anchors.insert(anchor) {
            again += 1;
            anchor = format!("{slug}-{again}");
        }
    }
    anchors
}

fn slug(title: &str) -> String {
    let mut slug = String::new();
    let mut target = false;
    for (position, letter) in title.char_indices() {
        match letter {
            '(' if title[..position].ends_with(']') => target = true,
            ')' if target => target = false,
            _ if target => {}
            ' ' => slug.push('-'),
            letter if letter.is_alphanumeric() || matches!(letter, '-' | '_') => {
                slug.extend(letter.to_lowercase());
            }
            _ => {}
        }
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_the_anchors_that_github_gives_them() {
        let text = "# What is there, and what `comes` later\n```\n# no heading\n```\n## [Twice](x.md)\n## Twice\n#tag\n";
        let expected = ["what-is-there-and-what-comes-later", "twice", "twice-1"];
        assert_eq!(anchors(&prose(text)), expected.map(str::to_owned).into());
    }

    #[test]
    fn links_are_found_outside_of_code() {
        let text = "[a](b.md#c) `[d](e)` and [f](g)\n```\n[h](i)\n```\n[j](k \"title\")\n";
        assert_eq!(targets(&prose(text)), [(1, "b.md#c"), (1, "g"), (5, "k")]);
    }

    #[test]
    fn links_are_relative_to_their_document() {
        let from = Path::new("docs/guide/a.md");
        assert_eq!(resolve(from, "../../README.md"), Some("README.md".into()));
        assert_eq!(resolve(from, "./b.md"), Some("docs/guide/b.md".into()));
        assert_eq!(resolve(from, "../../../b.md"), None);
    }
}
