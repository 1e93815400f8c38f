//! Private keys: generation, PKCS#8, signatures.

use std::fmt;

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
        KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{Jwk, KeyError};

/// How tokens are signed (spec 00, decision 13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256; new keys have 2048 bits.
    #[default]
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl Algorithm {
    /// The name in token headers and key sets.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
        }
    }

    /// The algorithm of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::RS256, Self::ES256, Self::EdDSA].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A private signing key.
pub struct PrivateKey(Kind);

enum Kind {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
    Ed(Box<Ed25519KeyPair>),
}

impl PrivateKey {
    /// A new key. The randomness is drawn by aws-lc-rs from the operating system, not from the server's `Rng`: the library
    /// offers no other way, and repeatable keys would be of no use but to an attacker.
    ///
    /// # Errors
    /// [`KeyError::Failed`] if the library refuses.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Failed(algorithm);
        Ok(Self(match algorithm {
            Algorithm::RS256 => Kind::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?)),
            Algorithm::ES256 => {
                Kind::Ec(Box::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?))
            }
            Algorithm::EdDSA => Kind::Ed(Box::new(Ed25519KeyPair::generate().map_err(failed)?)),
        }))
    }

    /// From PKCS#8 (DER). RSA keys may have 2048 to 8192 bits.
    ///
    /// # Errors
    /// [`KeyError::Rejected`] if this is no such key.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let rejected = |_| KeyError::Rejected(algorithm);
        let key = Self(match algorithm {
            Algorithm::RS256 => Kind::Rsa(Box::new(RsaKeyPair::from_pkcs8(pkcs8).map_err(rejected)?)),
            Algorithm::ES256 => Kind::Ec(Box::new(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(rejected)?,
            )),
            Algorithm::EdDSA => Kind::Ed(Box::new(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(rejected)?)),
        });
        key.public()?;
        Ok(key)
    }

    /// As PKCS#8 (DER), to be sealed.
    ///
    /// # Errors
    /// [`KeyError::Failed`] if the library refuses.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let document = match &self.0 {
            Kind::Rsa(key) => key.as_der().map(|der| der.as_ref().to_vec()),
            Kind::Ec(key) => key.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Kind::Ed(key) => key.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
        };
        document.map(Zeroizing::new).map_err(|_| KeyError::Failed(self.algorithm()))
    }

    /// The algorithm that this key signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            Kind::Rsa(_) => Algorithm::RS256,
            Kind::Ec(_) => Algorithm::ES256,
            Kind::Ed(_) => Algorithm::EdDSA,
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let rng = SystemRandom::new();
        match &self.0 {
            Kind::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature).map(|()| signature)
            }
            Kind::Ec(key) => key.sign(&rng, message).map(|signature| signature.as_ref().to_vec()),
            Kind::Ed(key) => key.try_sign(message).map(|signature| signature.as_ref().to_vec()),
        }
        .map_err(|_| KeyError::Failed(self.algorithm()))
    }

    pub(super) fn public(&self) -> Result<ParsedPublicKey, KeyError> {
        match &self.0 {
            Kind::Rsa(key) => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key()),
            Kind::Ec(key) => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key()),
            Kind::Ed(key) => ParsedPublicKey::new(&ED25519, key.public_key()),
        }
        .map_err(|_| KeyError::Rejected(self.algorithm()))
    }

    /// Fills in the public members (RFC 7518, section 6; RFC 8037, section 2).
    pub(super) fn describe(&self, jwk: &mut Jwk<'_>) {
        let encode = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
        match &self.0 {
            Kind::Rsa(key) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
                (jwk.kty, jwk.n, jwk.e) = ("RSA", encode(&public.n), encode(&public.e));
            }
            Kind::Ec(key) => {
                // An uncompressed point: 4, then both coordinates.
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                (jwk.kty, jwk.crv, jwk.x, jwk.y) = ("EC", Some("P-256"), encode(x), encode(y));
            }
            Kind::Ed(key) => {
                (jwk.kty, jwk.crv, jwk.x) = ("OKP", Some("Ed25519"), encode(key.public_key().as_ref()));
            }
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PrivateKey").field(&self.algorithm()).finish()
    }
}
