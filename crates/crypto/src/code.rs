//! One-time codes, random tokens and the small functions around them (spec 02, section 8).

use aws_lc_rs::{constant_time, digest};
use inkan_base::{Rng, RngExt};

/// What a passcode is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// Digits.
    #[default]
    Numeric,
    /// `2-9`, `A-Z` without `I` and `O`, `a-z` without `l`; upper and lower case differ.
    Alphanumeric,
}

/// A passcode of six characters, each uniform: `000000` to `999999`, or 57⁶ values (35 bits).
#[must_use]
pub fn passcode(rng: &dyn Rng, charset: Charset) -> String {
    let alphabet: &[u8] = match charset {
        Charset::Numeric => b"0123456789",
        Charset::Alphanumeric => b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    };
    rng.text(alphabet, 6)
}

/// A random token: 32 characters `0-9A-Za-z` (190 bits).
#[must_use]
pub fn token32(rng: &dyn Rng) -> String {
    rng.text(TOKEN_ALPHABET, TOKEN_LENGTH)
}

/// The token that belongs to `mac`: 32 characters `0-9A-Za-z` (190 bits), each uniform but for one part in 2¹⁶ if `mac` is. For
/// the first CSRF token of a flow, which is derived and not stored (spec 00, decision 7).
#[must_use]
pub fn token32_from(mac: &[u8; 32]) -> String {
    let mut token = String::with_capacity(TOKEN_LENGTH);
    // 64 bits give eight characters, 48 bits of them.
    let (words, _) = mac.as_chunks::<8>();
    for word in words {
        let mut rest = u64::from_be_bytes(*word);
        for _ in 0..TOKEN_LENGTH / words.len() {
            token.push(char::from(TOKEN_ALPHABET[(rest % 62) as usize]));
            rest /= 62;
        }
    }
    token
}

/// How many characters of [`token32_with`] are the number.
const NUMBER_LENGTH: usize = 5;
/// The first number that has no room there.
pub const TOKEN_NUMBERS: u32 = 62_u32.pow(5);

/// A token like that of [`token32_from`], with a number below [`TOKEN_NUMBERS`] in its first five characters; the other 27 (160
/// bits) are of `mac`, which is to be over the number too.
#[must_use]
pub fn token32_with(number: u32, mac: &[u8; 32]) -> String {
    let mut token = String::with_capacity(TOKEN_LENGTH);
    let mut rest = number;
    for _ in 0..NUMBER_LENGTH {
        token.push(char::from(TOKEN_ALPHABET[(rest % 62) as usize]));
        rest /= 62;
    }
    token + &token32_from(mac)[NUMBER_LENGTH..]
}

/// The number in a token that may have been made by [`token32_with`]; anybody can have put it there.
#[must_use]
pub fn number_in(token: &str) -> Option<u32> {
    let digits = token.as_bytes().get(..NUMBER_LENGTH)?;
    digits.iter().rev().try_fold(0_u32, |number, digit| {
        let value = TOKEN_ALPHABET.iter().position(|known| known == digit)?;
        Some(number * 62 + u32::try_from(value).ok()?)
    })
}

/// The SHA-256 digest, under which tokens are stored.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// Whether two secrets are equal, in a time that does not depend on where they differ. Their lengths are no secret.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

const TOKEN_ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TOKEN_LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use inkan_base::SeededRng;

    use super::*;

    #[test]
    fn numeric_codes_are_six_digits_with_leading_zeros() {
        let rng = SeededRng::new(1);
        let codes: Vec<_> = (0..2000).map(|_| passcode(&rng, Charset::Numeric)).collect();
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|c| c.is_ascii_digit())));
        assert!(codes.iter().any(|code| code.starts_with('0')));
        assert!(codes.iter().collect::<HashSet<_>>().len() > 1990);
    }

    #[test]
    fn alphanumeric_codes_use_all_57_characters_and_no_other() {
        let rng = SeededRng::new(2);
        let seen: HashSet<char> = (0..2000)
            .flat_map(|_| passcode(&rng, Charset::Alphanumeric).chars().collect::<Vec<_>>())
            .collect();
        assert_eq!(seen.len(), 57);
        assert!("IOl01".chars().all(|c| !seen.contains(&c)));
    }

    #[test]
    fn tokens_are_32_characters() {
        let rng = SeededRng::new(3);
        let token = token32(&rng);
        assert_eq!(token.len(), 32);
        assert!(token.bytes().all(|c| c.is_ascii_alphanumeric()));
        assert_ne!(token, token32(&rng));
    }

    #[test]
    fn tokens_carry_numbers() {
        for number in [0, 1, 61, 62, 86_400_000 * 8, TOKEN_NUMBERS - 1] {
            let token = token32_with(number, &[7; 32]);
            assert_eq!((token.len(), number_in(&token)), (32, Some(number)));
            assert_eq!(token[NUMBER_LENGTH..], token32_from(&[7; 32])[NUMBER_LENGTH..]);
        }
        for other in ["", "0123", "0123!rest", "ééééé"] {
            assert_eq!(number_in(other), None, "{other}");
        }
    }

    #[test]
    fn derived_tokens_repeat_and_are_uniform() {
        assert_eq!(token32_from(&[7; 32]), token32_from(&[7; 32]));
        assert_ne!(token32_from(&[7; 32]), token32_from(&[8; 32]));
        let mut counts = HashMap::new();
        for n in 0..2000_u32 {
            for c in token32_from(&sha256(&n.to_be_bytes())).chars() {
                *counts.entry(c).or_insert(0) += 1;
            }
        }
        assert_eq!(counts.len(), 62); // 64,000 characters, about 1,032 of each
        assert!(counts.values().all(|n| (880..1190).contains(n)), "{counts:?}");
    }

    #[test]
    fn s125_same_compares_whole_values() {
        assert!(same(b"secret", b"secret"));
        assert!(!same(b"secret", b"secreT"));
        assert!(!same(b"secret", b"secre"));
        assert!(same(b"", b""));
    }
}
