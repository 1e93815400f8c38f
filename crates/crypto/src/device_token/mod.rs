//! The cookie of devices on which users are not asked for a second factor (spec 05, section 9).
//!
//! 1. A token has 64 random bytes, written as base64url with padding. Stored is its SHA-256 only.
//! 2. The cookie holds one `<user id>:<token>` for each user who trusts the device, joined by `|`, the newest first.
//! 3. An older form of the cookie is a single token without a user. It is read; the first change of the cookie drops it.

#[cfg(test)]
mod tests;

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE};
use inkan_base::{Rng, RngExt, UserId};

use crate::code::sha256;

/// What proves that a device is trusted.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceToken(String);

impl DeviceToken {
    /// A new token: 64 random bytes, 88 characters.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        Self(URL_SAFE.encode(rng.bytes::<64>()))
    }

    /// The form in which it is stored.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }

    /// The token in clear, for the cookie.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
        (!text.is_empty() && text.len() <= MAX_TOKEN && text.bytes().all(known))
            .then(|| Self(text.to_owned()))
    }
}

/// Without the token.
impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken(..)")
    }
}

/// The value of the cookie. `Display` gives what goes into the cookie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceCookie {
    /// The newest first, one for each user.
    entries: Vec<(UserId, DeviceToken)>,
    /// The only token of the older form.
    bare: Option<DeviceToken>,
}

impl DeviceCookie {
    /// Reads a cookie. Entries that are none are skipped; of several entries of one user the first counts.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        if !value.contains([ENTRIES, PARTS]) {
            return Self { entries: Vec::new(), bare: DeviceToken::parse(value) };
        }
        let mut cookie = Self::default();
        for entry in value.split(ENTRIES).take(MAX_READ) {
            if let Some((user, token)) = parse_entry(entry)
                && cookie.entries.iter().all(|(other, _)| *other != user)
            {
                cookie.entries.push((user, token));
            }
        }
        cookie
    }

    /// The token to look up for the user. One of the older form may be anybody's, so whose it is must be looked up, too.
    #[must_use]
    pub fn token_of(&self, user: UserId) -> Option<&DeviceToken> {
        let entry = self.entries.iter().find(|(other, _)| *other == user);
        entry.map(|(_, token)| token).or(self.bare.as_ref())
    }

    /// Puts the user's new token first and removes his older one. Of the others as many stay as `max_users` allows and a cookie
    /// holds; the oldest go.
    pub fn trust(&mut self, user: UserId, token: DeviceToken, max_users: usize) {
        self.forget(user);
        self.entries.insert(0, (user, token));
        self.entries.truncate(max_users.max(1));
        let mut size = 0;
        self.entries.retain(|(_, token)| {
            size += UUID + 2 + token.0.len();
            size <= MAX_VALUE
        });
    }

    /// Removes the user's token, and one of the older form.
    pub fn forget(&mut self, user: UserId) {
        self.entries.retain(|(other, _)| *other != user);
        self.bare = None;
    }

    /// Whether nobody is left, so that the cookie can go.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.bare.is_none()
    }
}

impl fmt::Display for DeviceCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(token) = &self.bare {
            return f.write_str(token.as_str());
        }
        for (index, (user, token)) in self.entries.iter().enumerate() {
            let separator = if index == 0 { "" } else { "|" };
            write!(f, "{separator}{user}{PARTS}{}", token.as_str())?;
        }
        Ok(())
    }
}

fn parse_entry(entry: &str) -> Option<(UserId, DeviceToken)> {
    let (user, token) = entry.split_once(PARTS)?;
    let user = (user.len() == UUID).then(|| user.parse().ok())??;
    Some((user, DeviceToken::parse(token)?))
}

const ENTRIES: char = '|';
const PARTS: char = ':';

/// Characters of a user's id.
const UUID: usize = 36;

/// Characters of a token that is read; ours have 88.
const MAX_TOKEN: usize = 128;

/// Entries that are read; more do not fit into a cookie.
const MAX_READ: usize = 64;

/// Bytes of the value. Browsers keep 4,096 of a cookie, its name and attributes included; 30 users fit.
const MAX_VALUE: usize = 3_800;
