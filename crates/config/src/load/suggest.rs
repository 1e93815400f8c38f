//! The known name nearest to an unknown one.

use super::keys::{all_paths, join};
use super::legacy::ALIASES;

/// The nearest known key: first among the keys beside it, then the same name elsewhere, then the most similar path.
pub(crate) fn nearest<'a>(path: &str, siblings: impl Iterator<Item = &'a str>) -> Option<String> {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let close = siblings
        .map(|sibling| (strsim::osa_distance(name, sibling), sibling))
        .min()
        .filter(|(distance, _)| *distance <= 1.max(name.chars().count() / 3));
    if let Some((_, sibling)) = close {
        return Some(join(parent, sibling));
    }
    let mut known = all_paths();
    let elsewhere = known
        .iter()
        .filter(|known| known.rsplit('.').next() == Some(name))
        .min_by_key(|known| (known.matches('.').count(), strsim::osa_distance(known, path)));
    if let Some(known) = elsewhere {
        return Some(known.clone());
    }
    known.extend(ALIASES.iter().map(|alias| alias.old.to_owned()));
    most_similar(path, known, 0.75)
}

/// The most similar of the given names, if it is similar enough (0 = nothing in common, 1 = equal).
pub(crate) fn most_similar(name: &str, known: Vec<String>, least: f64) -> Option<String> {
    known
        .into_iter()
        .map(|known| (strsim::normalized_damerau_levenshtein(name, &known), known))
        .filter(|(similarity, _)| *similarity >= least)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
