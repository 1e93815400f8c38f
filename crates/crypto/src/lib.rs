//! Cryptography of the server (DESIGN, section 6): password hashing, sealing of secrets at rest, signing keys and tokens,
//! one-time codes.
//!
//! Everything is built on aws-lc-rs; randomness comes from [`inkan_base::Rng`] and time is a parameter. The one exception is the
//! generation of signing keys, for which aws-lc-rs draws from the operating system itself ([`keys::PrivateKey::generate`]).

pub mod code;
pub mod common;
pub mod keys;
pub mod password;
pub mod seal;
pub mod secrets;

pub use code::{Charset, passcode, same, sha256, token32, token32_from};
pub use common::is_common;
pub use keys::{Algorithm, KeyError, PrivateKey, SigningKeys, TokenError};
pub use password::{Decoys, HashError, PasswordPolicy, PasswordPool, Verified};
pub use seal::{Keyring, KeyringError, SealError};
pub use secrets::{Secrets, SecretsError};
