//! The 10,000 commonest passwords, which are refused wherever a password is set (spec 00, decision 30). Built in, no network.

use std::{collections::HashSet, sync::OnceLock};

/// Whether `password` is one of the 10,000 commonest, in any mixture of upper and lower case.
#[must_use]
pub fn is_common(password: &str) -> bool {
    // What is longer than any entry, with four bytes for each character, needs no copy in lower case.
    password.len() <= LONGEST * 4 && common().contains(password.to_lowercase().as_str())
}

fn common() -> &'static HashSet<&'static str> {
    static COMMON: OnceLock<HashSet<&'static str>> = OnceLock::new();
    COMMON.get_or_init(|| LIST.lines().collect())
}

const LIST: &str = include_str!("../data/common-passwords.txt");

/// Characters of the longest entry.
const LONGEST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s030_common_passwords_are_known_in_any_case() {
        for common in [
            "123456", "password", "PassWord", "qwerty", "iloveyou", "daniel", "money", "TRUSTNO1", "1qaz2wsx",
        ] {
            assert!(is_common(common), "{common}");
        }
        for uncommon in ["", "correct horse battery staple", "password ", "pässword", &"a".repeat(1024)] {
            assert!(!is_common(uncommon), "{uncommon}");
        }
    }

    #[test]
    fn list_has_ten_thousand_distinct_lower_case_entries() {
        assert_eq!(LIST.lines().count(), 10_000);
        assert_eq!(common().len(), 10_000);
        assert!(
            LIST.lines()
                .all(|entry| !entry.is_empty() && entry.len() <= LONGEST && entry == entry.to_lowercase())
        );
    }
}
