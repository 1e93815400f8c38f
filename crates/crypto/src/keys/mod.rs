//! Signing keys and the tokens made with them: JWS compact form (RFC 7515), JWK Set (RFC 7517). Spec 05, sections 2 and 3.
//!
//! Keys are parsed once. The newest signs; all verify, so rotation invalidates no live token. Times are compared with the `now` of
//! the caller, without leeway.

mod private;
#[cfg(test)]
mod tests;
mod token;

use aws_lc_rs::signature::ParsedPublicKey;
use inkan_base::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

pub use private::{Algorithm, PrivateKey};

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no key at all.
    #[error("there is no signing key")]
    Empty,
    /// Two keys have the same id.
    #[error("two signing keys have the id {0}")]
    Duplicate(String),
    /// Not a key of this algorithm, or one that is too weak.
    #[error("not a usable {0:?} key")]
    Rejected(Algorithm),
    /// The cryptographic library refused to generate or to sign.
    #[error("the {0:?} key could not be generated or used")]
    Failed(Algorithm),
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than [`MAX_TOKEN`] bytes.
    #[error("the token is too long")]
    TooLong,
    /// Not a signed token in compact form with an object of claims and the times as whole seconds.
    #[error("the token is malformed")]
    Malformed,
    /// Signed with a key that is not known.
    #[error("the key of the token is unknown")]
    UnknownKey,
    /// The header names another algorithm than that of the key.
    #[error("the algorithm of the token is not that of its key")]
    WrongAlgorithm,
    /// The signature is wrong.
    #[error("the signature is wrong")]
    WrongSignature,
    /// `exp` is not in the future, or missing.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` is in the future.
    #[error("the token is not yet valid")]
    NotYetValid,
}

/// The signing keys of a tenant.
pub struct SigningKeys {
    keys: Vec<SigningKey>,
    jwks: String,
}

impl SigningKeys {
    /// From key ids and keys, oldest first: the last one signs, all verify.
    ///
    /// # Errors
    /// No key, or two with the same id.
    pub fn new(keys: Vec<(String, PrivateKey)>) -> Result<Self, KeyError> {
        let mut parsed: Vec<SigningKey> = Vec::with_capacity(keys.len());
        for (kid, private) in keys {
            if parsed.iter().any(|key| key.kid == kid) {
                return Err(KeyError::Duplicate(kid));
            }
            parsed.push(SigningKey::new(kid, private)?);
        }
        if parsed.is_empty() {
            return Err(KeyError::Empty);
        }
        let jwks = token::json(&Jwks { keys: parsed.iter().map(SigningKey::jwk).collect() });
        Ok(Self { keys: parsed, jwks })
    }

    /// A token over `claims`, members in alphabetical order on every level, signed with the newest key.
    ///
    /// # Errors
    /// [`KeyError::Failed`] if the cryptographic library refuses.
    pub fn sign(&self, claims: &Map<String, Value>) -> Result<String, KeyError> {
        let key = self.keys.last().ok_or(KeyError::Empty)?;
        token::sign(key, claims)
    }

    /// The claims of a token that one of these keys has signed and that is valid at `now`: `exp` is required and must be in the
    /// future, `nbf` and `iat` must not be. Audience, issuer and type are for the caller to check.
    ///
    /// # Errors
    /// See [`TokenError`]; the signature is checked before the times.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Map<String, Value>, TokenError> {
        let claims = token::verify(token, |kid| self.keys.iter().find(|key| key.kid == kid))?;
        token::check_times(&claims, now)?;
        Ok(claims)
    }

    /// The public keys as a JWK Set, in the order given, members in alphabetical order.
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// The id of the key that signs.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.keys.last().map_or("", |key| &key.kid)
    }
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| (&key.kid, key.private.algorithm()))).finish()
    }
}

struct SigningKey {
    kid: String,
    private: PrivateKey,
    public: ParsedPublicKey,
}

impl SigningKey {
    fn new(kid: String, private: PrivateKey) -> Result<Self, KeyError> {
        let public = private.public()?;
        Ok(Self { kid, private, public })
    }

    fn jwk(&self) -> Jwk<'_> {
        let algorithm = self.private.algorithm();
        let mut jwk = Jwk { alg: algorithm.name(), kid: &self.kid, r#use: "sig", ..Jwk::default() };
        self.private.describe(&mut jwk);
        jwk
    }
}

#[derive(Serialize)]
struct Jwks<'a> {
    keys: Vec<Jwk<'a>>,
}

/// A public key: the members that its kind has, in alphabetical order.
#[derive(Default, Serialize)]
struct Jwk<'a> {
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    kid: &'a str,
    kty: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    r#use: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

/// The greatest length of a token in bytes.
pub const MAX_TOKEN: usize = 8 * 1024;
