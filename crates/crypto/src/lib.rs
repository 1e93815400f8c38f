//! Cryptography of the server (DESIGN, section 6): password hashing, sealing of secrets at rest, signing keys and tokens,
//! one-time codes, secrets of second factors.
//!
//! Everything is built on aws-lc-rs; randomness comes from [`inkan_base::Rng`] and time is a parameter. The one exception is the
//! generation of signing keys, for which aws-lc-rs draws from the operating system itself ([`keys::PrivateKey::generate`]).

pub mod code;
pub mod common;
pub mod device_token;
pub mod keys;
pub mod password;
pub mod qr;
pub mod recovery_code;
pub mod seal;
pub mod secrets;
pub mod totp;

pub use code::{
    Charset, TOKEN_NUMBERS, number_in, passcode, same, sha256, token32, token32_from, token32_with,
};
pub use common::is_common;
pub use device_token::{DeviceCookie, DeviceToken};
pub use keys::{Algorithm, KeyError, PrivateKey, SigningKeys, TokenError};
pub use password::{Decoys, HashError, PasswordPolicy, PasswordPool, Verified};
pub use qr::{QrError, qr_data_url};
pub use recovery_code::{RECOVERY_CODES, RecoveryCode};
pub use seal::{Keyring, KeyringError, SealError};
pub use secrets::{Secrets, SecretsError};
pub use totp::{TotpCode, TotpSecret, TotpVerdict};
