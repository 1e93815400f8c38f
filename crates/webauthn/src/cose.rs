//! Public keys of credentials: COSE (RFC 9052, RFC 9053, RFC 8230, RFC 8812; WebAuthn §5.8.5 binds each algorithm to one curve).

use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey,
    RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};

use crate::cbor::{self, Value, Writer};

/// A signature algorithm, by its COSE number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
}

const NUMBERS: [(Algorithm, i64); 10] = [
    (Algorithm::Es256, -7),
    (Algorithm::EdDsa, -8),
    (Algorithm::Es384, -35),
    (Algorithm::Es512, -36),
    (Algorithm::Rs256, -257),
    (Algorithm::Rs384, -258),
    (Algorithm::Rs512, -259),
    (Algorithm::Ps256, -37),
    (Algorithm::Ps384, -38),
    (Algorithm::Ps512, -39),
];

impl Algorithm {
    /// What registration offers and accepts, in order of preference. Imported credentials of the others may still sign in.
    pub const OFFERED: [Self; 4] = [Self::Es256, Self::EdDsa, Self::Es384, Self::Rs256];

    /// The number in COSE's registry.
    #[must_use]
    pub fn number(self) -> i64 {
        NUMBERS.iter().find(|(algorithm, _)| *algorithm == self).map_or(0, |(_, number)| *number)
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        NUMBERS.iter().find(|(_, known)| *known == number).map(|(algorithm, _)| *algorithm)
    }

    /// For keys that are not RSA.
    fn verification(self) -> Option<&'static dyn VerificationAlgorithm> {
        match self {
            Self::Es256 => Some(&ECDSA_P256_SHA256_ASN1),
            Self::Es384 => Some(&ECDSA_P384_SHA384_ASN1),
            Self::Es512 => Some(&ECDSA_P521_SHA512_ASN1),
            Self::EdDsa => Some(&ED25519),
            _ => None,
        }
    }

    fn rsa(self) -> Option<&'static RsaParameters> {
        match self {
            Self::Rs256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
            Self::Rs384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
            Self::Rs512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
            Self::Ps256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
            Self::Ps384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
            Self::Ps512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
            _ => None,
        }
    }

    /// How a certificate's key verifies signatures of this algorithm.
    pub(crate) fn for_certificates(self) -> Option<&'static dyn VerificationAlgorithm> {
        self.verification().or_else(|| self.rsa().map(|rsa| rsa as &'static dyn VerificationAlgorithm))
    }

    /// COSE's number of the curve and the length of a coordinate.
    const fn curve(self) -> Option<(i64, usize)> {
        match self {
            Self::Es256 => Some((1, 32)),
            Self::Es384 => Some((2, 48)),
            Self::Es512 => Some((3, 66)),
            _ => None,
        }
    }
}

/// Why a key is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyError {
    /// It is not a key, or not one that fits its algorithm.
    Malformed,
    /// A well-formed key of an algorithm that is not known here.
    Algorithm,
}

/// A public key with its algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    pub(crate) algorithm: Algorithm,
    pub(crate) material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Material {
    /// The uncompressed point: 4, x, y.
    Ec(Vec<u8>),
    /// An Ed25519 key.
    Okp(Vec<u8>),
    /// Modulus and exponent, big-endian without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

const KTY: i64 = 1;
const ALG: i64 = 3;
const KTY_OKP: i64 = 1;
const KTY_EC2: i64 = 2;
const KTY_RSA: i64 = 3;
const CRV_ED25519: i64 = 6;

impl PublicKey {
    /// From the bytes of a stored key.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        Self::from_cbor(&cbor::read(bytes).map_err(|_| KeyError::Malformed)?)
    }

    /// From a map that was read. The point is checked to be on its curve.
    pub(crate) fn from_cbor(map: &Value<'_>) -> Result<Self, KeyError> {
        let number = |key| map.by_number(key).and_then(Value::int).ok_or(KeyError::Malformed);
        let bytes = |key| map.by_number(key).and_then(Value::bytes).ok_or(KeyError::Malformed);
        let kty = number(KTY)?;
        let algorithm = Algorithm::from_number(number(ALG)?).ok_or(KeyError::Algorithm)?;
        let material = if let Some((curve, length)) = algorithm.curve() {
            let (x, y) = (bytes(-2)?, bytes(-3)?);
            let fits = kty == KTY_EC2 && number(-1)? == curve && x.len() == length && y.len() == length;
            fits.then(|| Material::Ec([&[4], x, y].concat()))
        } else if algorithm == Algorithm::EdDsa {
            let x = bytes(-2)?;
            let fits = kty == KTY_OKP && number(-1)? == CRV_ED25519 && x.len() == 32;
            fits.then(|| Material::Okp(x.to_vec()))
        } else {
            let (n, e) = (trimmed(bytes(-1)?), trimmed(bytes(-2)?));
            let fits = kty == KTY_RSA && (256..=1024).contains(&n.len()) && (1..=4).contains(&e.len());
            fits.then(|| Material::Rsa { n: n.to_vec(), e: e.to_vec() })
        };
        let key = Self { algorithm, material: material.ok_or(KeyError::Malformed)? };
        if key.is_valid() { Ok(key) } else { Err(KeyError::Malformed) }
    }

    /// The canonical encoding (CTAP 2.1 §8), which is what gets stored.
    pub(crate) fn to_cbor(&self) -> Vec<u8> {
        let alg = self.algorithm.number();
        match &self.material {
            Material::Ec(point) => {
                let (curve, length) = self.algorithm.curve().unwrap_or_default();
                let (x, y) = point[1..].split_at(length);
                let head =
                    Writer::default().map(5).int(KTY).int(KTY_EC2).int(ALG).int(alg).int(-1).int(curve);
                head.int(-2).bytes(x).int(-3).bytes(y).finish()
            }
            Material::Okp(x) => {
                let head = Writer::default().map(4).int(KTY).int(KTY_OKP).int(ALG).int(alg);
                head.int(-1).int(CRV_ED25519).int(-2).bytes(x).finish()
            }
            Material::Rsa { n, e } => {
                let head = Writer::default().map(4).int(KTY).int(KTY_RSA).int(ALG).int(alg);
                head.int(-1).bytes(n).int(-2).bytes(e).finish()
            }
        }
    }

    /// Whether `signature` is this key's over `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Ec(key) | Material::Okp(key) => {
                self.algorithm.verification().is_some_and(|algorithm| {
                    signature::UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
                })
            }
            Material::Rsa { n, e } => self.algorithm.rsa().is_some_and(|parameters| {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }),
        }
    }

    fn is_valid(&self) -> bool {
        match &self.material {
            Material::Ec(key) | Material::Okp(key) => self
                .algorithm
                .verification()
                .is_some_and(|algorithm| ParsedPublicKey::new(algorithm, key).is_ok()),
            Material::Rsa { n, e } => {
                n.last().is_some_and(|last| last & 1 == 1)
                    && e != &[1]
                    && e.last().is_some_and(|last| last & 1 == 1)
            }
        }
    }
}

/// Without leading zeros.
pub(crate) fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
