//! The computations themselves, on one thread of the pool.

use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::{HashError, PasswordPolicy, Verified, memory::Memory};
use crate::code::same;

/// Computes hashes of one policy and keeps the memory for it from one to the next.
pub(super) struct Hasher {
    params: Params,
    memory: Memory,
}

impl Hasher {
    pub(super) fn new(policy: &PasswordPolicy) -> Result<Self, HashError> {
        let params = Params::new(policy.memory_kib, policy.iterations, policy.parallelism, Some(OUTPUT))
            .map_err(|_| HashError::Policy)?;
        if !is_affordable(&params) {
            return Err(HashError::Policy);
        }
        Ok(Self { params, memory: Memory::new() })
    }

    /// The PHC string of `password`.
    pub(super) fn hash(&mut self, password: &[u8], salt: [u8; 16]) -> Result<String, HashError> {
        let output = self.compute(password, &salt)?;
        let (m, t, p) = (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(*output));
        Ok(format!("$argon2id$v=19$m={m},t={t},p={p}${salt}${output}"))
    }

    /// Compares; every call computes exactly one hash.
    pub(super) fn verify(&mut self, password: &[u8], stored: Option<&str>) -> Result<Verified, HashError> {
        match stored.and_then(Stored::parse) {
            Some(Stored::Argon2(stored)) => self.verify_argon2(password, &stored),
            Some(Stored::Bcrypt(stored)) => Ok(verify_bcrypt(password, stored)),
            None => {
                self.compute(password, b"nobody's salt...")?;
                Ok(Verified::default())
            }
        }
    }

    /// Gives the memory back.
    pub(super) fn release(&mut self) {
        self.memory.release();
    }

    fn verify_argon2(&mut self, password: &[u8], stored: &StoredArgon2) -> Result<Verified, HashError> {
        let mut output = Zeroizing::new(vec![0; stored.output.len()]);
        let argon2 = Argon2::new(stored.algorithm, stored.version, stored.params.clone());
        if stored.params.block_count() <= self.params.block_count() {
            argon2.hash_password_into_with_memory(
                password,
                &stored.salt,
                &mut output,
                self.memory.blocks(self.params.block_count()),
            )
        } else {
            argon2.hash_password_into(password, &stored.salt, &mut output)
        }
        .map_err(|_| HashError::Failed)?;
        let matches = same(&output, &stored.output);
        Ok(Verified { matches, rehash: matches && self.is_weaker(stored) })
    }

    fn is_weaker(&self, stored: &StoredArgon2) -> bool {
        stored.algorithm != Algorithm::Argon2id
            || stored.version != Version::V0x13
            || stored.params.m_cost() < self.params.m_cost()
            || stored.params.t_cost() < self.params.t_cost()
            || stored.params.p_cost() < self.params.p_cost()
            || stored.output.len() < OUTPUT
    }

    fn compute(&mut self, password: &[u8], salt: &[u8]) -> Result<Zeroizing<[u8; OUTPUT]>, HashError> {
        let mut output = Zeroizing::new([0; OUTPUT]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
            .hash_password_into_with_memory(
                password,
                salt,
                &mut *output,
                self.memory.blocks(self.params.block_count()),
            )
            .map_err(|_| HashError::Failed)?;
        Ok(output)
    }
}

/// A stored hash of a kind that this server knows.
enum Stored<'a> {
    Argon2(Box<StoredArgon2>),
    Bcrypt(&'a str),
}

struct StoredArgon2 {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl<'a> Stored<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        if text.starts_with("$argon2") && text.len() <= 512 {
            return StoredArgon2::parse(text).map(Box::new).map(Self::Argon2);
        }
        let cost = ["$2a$", "$2b$", "$2y$"].iter().find_map(|kind| text.strip_prefix(kind))?.get(..2)?;
        let well_formed = text.parse::<bcrypt::HashParts>().is_ok();
        let affordable = cost.parse().is_ok_and(|cost: u32| (4..=MAX_BCRYPT_COST).contains(&cost));
        (well_formed && affordable).then_some(Self::Bcrypt(text))
    }
}

impl StoredArgon2 {
    fn parse(text: &str) -> Option<Self> {
        let hash = PasswordHash::new(text).ok()?;
        let params = Params::try_from(&hash).ok()?;
        let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
        let output = hash.hash?.as_bytes().to_vec();
        let known = Self {
            algorithm: hash.algorithm.as_str().parse().ok()?,
            version,
            salt: hash.salt?.as_ref().to_vec(),
            params,
            output,
        };
        (known.output.len() >= 16 && is_affordable(&known.params)).then_some(known)
    }
}

/// bcrypt looks at 72 bytes and ends at a NUL: what it would not see must not be there. The work is done all the same.
fn verify_bcrypt(password: &[u8], stored: &str) -> Verified {
    let whole = password.len() <= 72 && !password.contains(&0);
    let matches = bcrypt::verify(password, stored).unwrap_or(false) && whole;
    Verified { matches, rehash: matches }
}

/// An imported hash must not cost minutes or all memory.
fn is_affordable(params: &Params) -> bool {
    params.m_cost() <= 1024 * 1024
        && params.t_cost() <= 32
        && params.p_cost() <= 16
        && u64::from(params.m_cost()) * u64::from(params.t_cost()) <= 4 * 1024 * 1024
}

/// Bytes of a hash.
const OUTPUT: usize = 32;

/// Some five seconds; imported hashes are usually at 10 to 12.
const MAX_BCRYPT_COST: u32 = 16;
