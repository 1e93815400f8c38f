//! What a comparison costs for accounts that do not exist, while imported bcrypt hashes are still about.
//!
//! A bcrypt hash takes ten times as long as one of the usual policy. If unknown accounts always cost the latter, a slow answer would
//! tell that an account exists (spec 02, L1). So as many of the unknown ones are slow as of the known ones, and always the same.

use base64::{
    Engine,
    alphabet::BCRYPT,
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};

use crate::code::sha256;

/// How many stored hashes are bcrypt hashes, and of which cost. The default: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decoys {
    /// Accounts with a bcrypt hash.
    pub bcrypt: u64,
    /// Accounts with a password.
    pub all: u64,
    /// The commonest cost of the bcrypt hashes.
    pub cost: u32,
}

impl Decoys {
    /// The hash to compare with for an unknown account, for [`PasswordPool::verify`](super::PasswordPool::verify): `None`, or a
    /// bcrypt hash that no known password has. `mac` must be a [`Keyring::mac`](crate::Keyring::mac) over the identifier
    /// that was entered, so that nobody outside can compute the choice.
    #[must_use]
    pub fn hash_for(&self, mac: &[u8; 32]) -> Option<String> {
        let (draw, salt) = mac.split_first_chunk::<8>()?;
        // draw / 2^64 < bcrypt / all; an account keeps its kind while the share falls, until it is the turn of it.
        let scaled = (u128::from(u64::from_be_bytes(*draw)) * u128::from(self.all)) >> 64;
        (scaled < u128::from(self.bcrypt)).then(|| {
            let encode = |bytes| GeneralPurpose::new(&BCRYPT, NO_PAD).encode(bytes);
            format!("$2b${:02}${}{}", self.cost, encode(&salt[..16]), encode(&sha256(mac)[..23]))
        })
    }
}
