//! Recovery codes: ten codes on paper, each good for one sign-in without the second factor.
//!
//! A code has ten symbols of Crockford's base32 (50 bits), written as `xxxxx-xxxxx`. Only its MAC is stored, bound to tenant and
//! user: it is found by that, so nothing is compared symbol by symbol.

use std::fmt;

use inkan_base::{Rng, RngExt, TenantId, UserId};
use zeroize::Zeroizing;

use crate::seal::Keyring;

/// How many codes a set has.
pub const RECOVERY_CODES: usize = 10;

/// A recovery code in clear.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<String>);

impl RecoveryCode {
    /// A new set of codes, all different.
    #[must_use]
    pub fn generate_set(rng: &dyn Rng) -> [Self; RECOVERY_CODES] {
        let mut codes: Vec<Self> = Vec::with_capacity(RECOVERY_CODES);
        while codes.len() < RECOVERY_CODES {
            let code = Self(Zeroizing::new(rng.text(ALPHABET, SYMBOLS)));
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        std::array::from_fn(|at| codes[at].clone())
    }

    /// Reads what was typed: in upper or lower case, with blanks and hyphens anywhere, `o` for `0`, `i` and `l` for `1`. `None`
    /// if it cannot be a code.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let mut code = Zeroizing::new(String::with_capacity(SYMBOLS));
        for c in typed.chars().filter(|c| !c.is_whitespace() && !HYPHENS.contains(c)) {
            let symbol = match c.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            };
            let known = u8::try_from(symbol).is_ok_and(|symbol| ALPHABET.contains(&symbol));
            if !known || code.len() == SYMBOLS {
                return None;
            }
            code.push(symbol);
        }
        (code.len() == SYMBOLS).then_some(Self(code))
    }

    /// As people get to see it: `xxxxx-xxxxx`.
    #[must_use]
    pub fn formatted(&self) -> Zeroizing<String> {
        let (left, right) = self.0.split_at(SYMBOLS / 2);
        Zeroizing::new(format!("{left}-{right}"))
    }

    /// The MAC to store.
    #[must_use]
    pub fn mac(&self, keyring: &Keyring, tenant: TenantId, user: UserId) -> [u8; 32] {
        keyring.mac(PURPOSE, &self.parts(&tenant, &user))
    }

    /// The MACs under which the code may be stored: one for each secret of the keyring, the newest first.
    #[must_use]
    pub fn macs(&self, keyring: &Keyring, tenant: TenantId, user: UserId) -> Vec<[u8; 32]> {
        keyring.macs(PURPOSE, &self.parts(&tenant, &user)).collect()
    }

    fn parts<'a>(&'a self, tenant: &'a TenantId, user: &'a UserId) -> [&'a [u8]; 3] {
        [tenant.0.as_bytes(), user.0.as_bytes(), self.0.as_bytes()]
    }
}

/// Without the code.
impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

const PURPOSE: &str = "recovery code";

/// Crockford's base32: no `i`, `l`, `o`, which look like digits, and no `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

const SYMBOLS: usize = 10;

/// Word processors and phones make other ones of the hyphen.
const HYPHENS: [char; 7] = ['-', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2212}'];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use inkan_base::SeededRng;
    use uuid::Uuid;

    use super::*;

    const USER: UserId = UserId(Uuid::from_u128(7));

    fn code(typed: &str) -> RecoveryCode {
        RecoveryCode::parse(typed).unwrap()
    }

    #[test]
    fn set_has_ten_different_codes_that_are_read_as_they_are_shown() {
        let codes = RecoveryCode::generate_set(&SeededRng::new(1));
        let shown: HashSet<String> = codes.iter().map(|code| code.formatted().to_string()).collect();
        assert_eq!(shown.len(), 10);
        for code in &codes {
            let shown = code.formatted();
            assert_eq!((shown.len(), shown.find('-')), (11, Some(5)));
            assert_eq!(RecoveryCode::parse(&shown).as_ref(), Some(code));
        }
        assert_ne!(codes, RecoveryCode::generate_set(&SeededRng::new(2)));
    }

    #[test]
    fn all_symbols_come_up_and_none_looks_like_another() {
        let rng = SeededRng::new(3);
        let seen: HashSet<char> = (0..200)
            .flat_map(|_| RecoveryCode::generate_set(&rng).map(|code| code.0.chars().collect::<Vec<_>>()))
            .flatten()
            .collect();
        assert_eq!(seen.len(), 32);
        assert!("ilou".chars().all(|c| !seen.contains(&c)));
    }

    #[test]
    fn case_blanks_hyphens_and_look_alikes_are_forgiven() {
        let plain = code("01a1b-0xyz9");
        for typed in [
            "01A1B-0XYZ9",
            "01a1b0xyz9",
            " 01a1b 0xyz9\n",
            "0 1 a 1 b 0 x y z 9",
            "oIalb-oXYZ9",
            "OLAiB–0xyz9",
            "01a1b\u{a0}\u{2011}0xyz9",
            "--01a1b--0xyz9--",
        ] {
            assert_eq!(code(typed), plain, "{typed:?}");
        }
        for typed in [
            "",
            "-----",
            "01a1b-0xyz",
            "01a1b-0xyz99",
            "01a1b-0xyzu",
            "01a1b-0xyz!",
            "01a1b-0xyzé",
            "01a1b_0xyz9",
        ] {
            assert_eq!(RecoveryCode::parse(typed), None, "{typed:?}");
        }
        assert_eq!(RecoveryCode::parse(&"0".repeat(1 << 20)), None);
    }

    #[test]
    fn stored_form_is_bound_to_tenant_user_and_secret_of_the_server() {
        let keyring = Keyring::new(&["a secret of the operator"]).unwrap();
        let (code, other) = (code("01a1b-0xyz9"), code("01a1b-0xyz8"));
        let mac = code.mac(&keyring, TenantId::DEFAULT, USER);
        assert_eq!(mac, code.mac(&keyring, TenantId::DEFAULT, USER));
        let different = [
            other.mac(&keyring, TenantId::DEFAULT, USER),
            code.mac(&keyring, TenantId(Uuid::from_u128(2)), USER),
            code.mac(&keyring, TenantId::DEFAULT, UserId(Uuid::from_u128(8))),
            code.mac(&Keyring::new(&["another secret here"]).unwrap(), TenantId::DEFAULT, USER),
        ];
        assert!(!different.contains(&mac));
    }

    #[test]
    fn code_is_found_after_the_secret_was_replaced() {
        let old = Keyring::new(&["the secret before it"]).unwrap();
        let both = Keyring::new(&["a secret of the operator", "the secret before it"]).unwrap();
        let (code, tenant) = (code("01a1b-0xyz9"), TenantId::DEFAULT);
        let macs = code.macs(&both, tenant, USER);
        assert_eq!(macs, [code.mac(&both, tenant, USER), code.mac(&old, tenant, USER)]);
    }

    #[test]
    fn s025_debug_shows_no_code() {
        assert_eq!(format!("{:?}", code("01a1b-0xyz9")), "RecoveryCode(..)");
    }
}
