//! One-time passwords of authenticator apps (spec 05, section 10; RFC 6238 and RFC 4226).
//!
//! 1. A secret of 20 random bytes is shown once, as base32 and in a QR code, and sealed at rest.
//! 2. A password has six digits: HMAC-SHA-1 of the number of 30-second steps since 1970, truncated.
//! 3. The password of the current step is accepted, of the next one and of the one before: clocks and fingers are slow.
//! 4. The step that matched is stored, and from then on only later ones are accepted (RFC 6238, section 5.2). A clock that
//!    runs backwards therefore brings no password back.

mod sealed;
#[cfg(test)]
mod tests;

use std::fmt;

use inkan_base::{Rng, RngExt, Timestamp};
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use crate::code::same;

/// The secret that an authenticator app and the server share.
#[derive(Clone)]
pub struct TotpSecret(Zeroizing<[u8; SECRET]>);

/// What somebody typed, if it can be a password at all: six digits.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpCode(Zeroizing<String>);

/// Whether a password is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TotpVerdict {
    /// It is right and was not used before.
    Accepted {
        /// The step to store; passwords of this step and earlier ones are no longer accepted.
        step: i64,
    },
    /// It would be right, but a password of this step or a later one was accepted before.
    Replayed,
    /// It belongs to none of the steps around now.
    Wrong,
}

impl TotpSecret {
    /// A new secret.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        Self(Zeroizing::new(rng.bytes()))
    }

    /// The secret with these 20 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The 20 bytes, for a place that is sealed as a whole.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &*self.0
    }

    /// As people type it into an app: 32 characters of base32 (RFC 4648, section 6), which need no padding.
    #[must_use]
    pub fn base32(&self) -> Zeroizing<String> {
        let symbols = self.0.chunks_exact(5).flat_map(|chunk| {
            let bits = chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            (0..8).rev().map(move |at| BASE32[usize::try_from(bits >> (5 * at) & 31).unwrap_or(0)])
        });
        // Room for all of it at once: a string that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(SECRET / 5 * 8));
        text.extend(symbols.map(char::from));
        text
    }

    /// What the QR code says: an address that authenticator apps understand, with the parameters in alphabetical order. Only the
    /// first part of a very long `issuer` or `account` goes in, so that there is always a QR code for it.
    #[must_use]
    pub fn provisioning_uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let (issuer, account) = (escaped(issuer, MAX_ISSUER), escaped(account, MAX_ACCOUNT));
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?algorithm=SHA1&digits={DIGITS}&issuer={issuer}&period={PERIOD}&secret={}",
            *self.base32()
        ))
    }

    /// Judges a password at `now`, when the last accepted one was that of `last_step` (`None` at set-up). The step of an
    /// accepted one is stored in the same transaction, by a statement that stores only a later step than is there.
    #[must_use]
    pub fn verify(&self, code: &TotpCode, now: Timestamp, last_step: Option<i64>) -> TotpVerdict {
        let current = now.seconds().div_euclid(PERIOD);
        // All three are computed in any case, so the time tells nothing.
        let matching = [0, 1, -1].map(|drift| {
            let step = current.saturating_add(drift);
            self.is_of_step(code, step).then_some(step)
        });
        let mut matching = matching.into_iter().flatten().peekable();
        if matching.peek().is_none() {
            return TotpVerdict::Wrong;
        }
        matching
            .find(|step| last_step.is_none_or(|last| *step > last))
            .map_or(TotpVerdict::Replayed, |step| TotpVerdict::Accepted { step })
    }

    /// The password at `now`, as an app shows it: for tests and tools, the server never needs it.
    #[must_use]
    pub fn password_at(&self, now: Timestamp) -> String {
        self.totp().generate(u64::try_from(now.seconds()).unwrap_or(0)).to_string()
    }

    /// Compared in constant time.
    fn is_of_step(&self, code: &TotpCode, step: i64) -> bool {
        let start = step.checked_mul(PERIOD).and_then(|start| u64::try_from(start).ok());
        start.is_some_and(|start| self.totp().check(&code.0, start).is_some())
    }

    fn totp(&self) -> Totp {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_step_duration(PERIOD.unsigned_abs())
            .with_skew(0)
            .with_secret(*self.0)
            .build_noncompliant() // does not check what is constant here
    }
}

impl Eq for TotpSecret {}

/// In constant time.
impl PartialEq for TotpSecret {
    fn eq(&self, other: &Self) -> bool {
        same(&*self.0, &*other.0)
    }
}

/// Without the secret.
impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(..)")
    }
}

impl TotpCode {
    /// Reads what was typed. Apps show `123 456`, so blanks are left out wherever they stand. `None` if the rest is not six
    /// digits.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let mut code = Zeroizing::new(String::with_capacity(CODE));
        for c in typed.chars().filter(|c| !c.is_whitespace()) {
            if !c.is_ascii_digit() || code.len() == CODE {
                return None;
            }
            code.push(c);
        }
        (code.len() == CODE).then_some(Self(code))
    }
}

/// Without the digits.
impl fmt::Debug for TotpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpCode(..)")
    }
}

/// Percent-encoded (RFC 3986, section 2), whole characters only, at most `limit` bytes. `@` may stand in both places.
fn escaped(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let before = out.len();
        if c.is_ascii_alphanumeric() || "-._~@".contains(c) {
            out.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let digits = [byte >> 4, byte & 15].map(|digit| char::from(HEX[usize::from(digit)]));
                out.push('%');
                out.extend(digits);
            }
        }
        if out.len() > limit {
            out.truncate(before);
            break;
        }
    }
    out
}

const SECRET: usize = 20;
const DIGITS: u8 = 6;
const CODE: usize = DIGITS as usize;

/// Seconds of a step.
const PERIOD: i64 = 30;

const HEX: &[u8; 16] = b"0123456789ABCDEF";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Bytes of issuer and account in the address, percent-encoded. With the issuer in it twice, about 1,500 bytes are the most:
/// a QR code holds 2,331.
const MAX_ISSUER: usize = 300;
const MAX_ACCOUNT: usize = 770;
