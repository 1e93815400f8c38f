//! Sealing of secrets at rest (DESIGN, section 6): AES-256-GCM under a key derived per table, tenant and row.
//!
//! 1. From each configured secret, HKDF-SHA-256 extracts a root key. The first secret seals, all of them open.
//! 2. The key of a value is expanded from the root with table, tenant and row, so no key ever sees enough values for nonces to
//!    repeat. Table, tenant, row and column are the associated data: a value moved elsewhere does not open.
//! 3. Sealed form: version (1 byte), key id (8 bytes, from the fingerprint of the secret), nonce (12), ciphertext and tag (16).

#[cfg(test)]
mod tests;

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{self, HKDF_SHA256, Prk},
    hmac,
};
use inkan_base::{Rng, RngExt, TenantId};
use zeroize::Zeroizing;

use crate::code::same;

/// Where a sealed value lives. It opens only there.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The table, or another purpose.
    pub table: &'a str,
    /// The tenant of the row.
    pub tenant: TenantId,
    /// The id of the row.
    pub row: &'a str,
    /// The column.
    pub column: &'a str,
}

/// Why no keyring could be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// There is no secret.
    #[error("no secret is configured")]
    Empty,
    /// A secret is too short; the number counts from 1.
    #[error("secret number {0} is shorter than {MIN_SECRET} bytes")]
    TooShort(usize),
    /// The cryptographic library refused.
    #[error("keys could not be derived")]
    Derivation,
}

/// Why a value could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// What should be opened is no sealed value.
    #[error("not a sealed value")]
    Malformed,
    /// None of the configured secrets has sealed this value.
    #[error("sealed under a secret that is not configured")]
    UnknownKey,
    /// The value was changed, or it belongs to another table, tenant, row or column.
    #[error("the sealed value was changed or does not belong here")]
    Rejected,
    /// The cryptographic library refused to seal.
    #[error("the value could not be sealed")]
    Failed,
}

/// The secrets of the server, ready for use. The first one seals and signs, the others only open and verify.
pub struct Keyring {
    first: Key,
    older: Vec<Key>,
}

impl Keyring {
    /// From the configured secrets, the newest first; each of at least [`MIN_SECRET`] bytes.
    ///
    /// # Errors
    /// No secret at all, or one that is too short.
    pub fn new<S: AsRef<str>>(secrets: &[S]) -> Result<Self, KeyringError> {
        let mut keys = Vec::with_capacity(secrets.len());
        for (index, secret) in secrets.iter().enumerate() {
            let secret = secret.as_ref().as_bytes();
            if secret.len() < MIN_SECRET {
                return Err(KeyringError::TooShort(index + 1));
            }
            keys.push(Key::new(secret).ok_or(KeyringError::Derivation)?);
        }
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or(KeyringError::Empty)?;
        Ok(Self { first, older: keys.collect() })
    }

    /// The fingerprint of the first secret, 32 hexadecimal digits. It tells two secrets apart and may be stored (spec 00,
    /// decision 12); nothing can be opened with it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(self.first.fingerprint)
    }

    /// Whether `fingerprint` is that of the first secret or of an older one.
    #[must_use]
    pub fn knows(&self, fingerprint: &str) -> bool {
        self.keys().any(|key| same(hex(key.fingerprint).as_bytes(), fingerprint.as_bytes()))
    }

    /// Seals `plaintext` for its place under the first secret.
    ///
    /// # Errors
    /// [`SealError::Failed`] if the cryptographic library refuses.
    pub fn seal(&self, context: Context<'_>, plaintext: &[u8], rng: &dyn Rng) -> Result<Vec<u8>, SealError> {
        let key = self.first.sealing_key(context).ok_or(SealError::Failed)?;
        let nonce: [u8; NONCE_LEN] = rng.bytes();
        let mut sealed = Vec::with_capacity(HEAD + plaintext.len() + TAG);
        sealed.push(VERSION);
        sealed.extend_from_slice(self.first.id());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let tag = key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated_data(context)),
                &mut sealed[HEAD..],
            )
            .map_err(|_| SealError::Failed)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what [`Keyring::seal`] has sealed for this place, under the first secret or an older one.
    ///
    /// # Errors
    /// [`SealError::Malformed`], [`SealError::UnknownKey`] or [`SealError::Rejected`].
    pub fn open(&self, context: Context<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (id, nonce, ciphertext) = split(sealed).ok_or(SealError::Malformed)?;
        let mut error = SealError::UnknownKey;
        for key in self.keys().filter(|key| key.id() == id) {
            let key = key.sealing_key(context).ok_or(SealError::Rejected)?;
            let mut buffer = Zeroizing::new(ciphertext.to_vec());
            let nonce = Nonce::assume_unique_for_key(nonce);
            match key.open_in_place(nonce, Aad::from(associated_data(context)), &mut buffer) {
                Ok(plaintext) => return Ok(Zeroizing::new(plaintext.to_vec())),
                Err(_) => error = SealError::Rejected,
            }
        }
        Err(error)
    }

    /// Whether `sealed` was not sealed under the first secret, so that it must be sealed anew before older ones can go.
    #[must_use]
    pub fn needs_resealing(&self, sealed: &[u8]) -> bool {
        split(sealed).is_none_or(|(id, ..)| id != self.first.id())
    }

    /// An HMAC-SHA-256 over `purpose` and `parts` under the first secret. Each part goes in with its length, so
    /// `["ab", "c"]` and `["a", "bc"]` differ.
    #[must_use]
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        self.first.mac(purpose, parts)
    }

    /// The MACs that [`Keyring::mac`] makes under each of the secrets, the newest first: to find what was stored under any.
    pub fn macs(&self, purpose: &str, parts: &[&[u8]]) -> impl Iterator<Item = [u8; 32]> {
        self.keys().map(move |key| key.mac(purpose, parts))
    }

    /// Whether `mac` was made by [`Keyring::mac`] under any of the secrets. All are tried, in constant time.
    #[must_use]
    pub fn verify_mac(&self, purpose: &str, parts: &[&[u8]], mac: &[u8]) -> bool {
        self.keys().fold(false, |found, key| same(&key.mac(purpose, parts), mac) | found)
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.older)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("keys", &(1 + self.older.len())).finish_non_exhaustive()
    }
}

/// One secret: its root key, the key of its MACs and its fingerprint.
struct Key {
    root: Prk,
    mac: hmac::Key,
    fingerprint: [u8; 16],
}

impl Key {
    fn new(secret: &[u8]) -> Option<Self> {
        let root = hkdf::Salt::new(HKDF_SHA256, b"inkan keyring v1").extract(secret);
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &*expand::<32>(&root, &[b"mac"])?);
        let fingerprint = *expand::<16>(&root, &[b"fingerprint"])?;
        Some(Self { root, mac, fingerprint })
    }

    fn id(&self) -> &[u8] {
        &self.fingerprint[..KEY_ID]
    }

    fn sealing_key(&self, context: Context<'_>) -> Option<LessSafeKey> {
        let info =
            joined(&[b"seal", context.table.as_bytes(), context.tenant.0.as_bytes(), context.row.as_bytes()]);
        let bytes = expand::<32>(&self.root, &[&info])?;
        UnboundKey::new(&AES_256_GCM, &*bytes).ok().map(LessSafeKey::new)
    }

    fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.mac);
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            context.update(&length(part));
            context.update(part);
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        out
    }
}

fn expand<const N: usize>(root: &Prk, info: &[&[u8]]) -> Option<Zeroizing<[u8; N]>> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut out = Zeroizing::new([0; N]);
    root.expand(info, Length(N)).ok()?.fill(&mut *out).ok()?;
    Some(out)
}

fn associated_data(context: Context<'_>) -> Vec<u8> {
    joined(&[
        context.table.as_bytes(),
        context.tenant.0.as_bytes(),
        context.row.as_bytes(),
        context.column.as_bytes(),
    ])
}

/// The parts, each behind its length, so that no two lists give the same bytes.
fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| length(part).into_iter().chain(part.iter().copied())).collect()
}

fn length(part: &[u8]) -> [u8; 8] {
    u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()
}

/// Key id, nonce, ciphertext with tag.
fn split(sealed: &[u8]) -> Option<(&[u8], [u8; NONCE_LEN], &[u8])> {
    let (version, rest) = sealed.split_first()?;
    let (id, rest) = rest.split_at_checked(KEY_ID)?;
    let (nonce, ciphertext) = rest.split_first_chunk()?;
    (*version == VERSION && ciphertext.len() >= TAG).then_some((id, *nonce, ciphertext))
}

fn hex(fingerprint: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(fingerprint))
}

/// The least number of bytes in a secret (spec 05, section 3.2).
pub const MIN_SECRET: usize = 16;

const VERSION: u8 = 1;
const KEY_ID: usize = 8;
const TAG: usize = 16;
const HEAD: usize = 1 + KEY_ID + NONCE_LEN;
