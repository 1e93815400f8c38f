//! Key pairs of every algorithm a credential may have.

use aws_lc_rs::{
    agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521},
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{
        self, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
        EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
    },
};

use super::Cbor;

/// A signature algorithm of COSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256.
    Es256,
    /// ECDSA on P-384.
    Es384,
    /// ECDSA on P-521.
    Es512,
    /// Ed25519.
    Ed25519,
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

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Ed25519,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
    ];

    /// The number in COSE's registry.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::Ed25519 => -8,
            Self::Es384 => -35,
            Self::Es512 => -36,
            Self::Rs256 => -257,
            Self::Rs384 => -258,
            Self::Rs512 => -259,
            Self::Ps256 => -37,
            Self::Ps384 => -38,
            Self::Ps512 => -39,
        }
    }
}

/// A key pair.
pub struct Key {
    algorithm: Algorithm,
    pair: Pair,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// RSA keys cannot be derived from a seed, so all tests share this one.
const RSA_KEY: &[u8] = include_bytes!("rsa2048.der");

impl Key {
    /// The key that belongs to a seed of 32 bytes.
    ///
    /// # Panics
    /// The seed is not 32 bytes long.
    #[must_use]
    pub fn derive(algorithm: Algorithm, seed: &[u8]) -> Self {
        let pair = match algorithm {
            Algorithm::Es256 => Pair::Ec(ec(&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDH_P256, seed, 32)),
            Algorithm::Es384 => Pair::Ec(ec(&ECDSA_P384_SHA384_ASN1_SIGNING, &ECDH_P384, seed, 48)),
            Algorithm::Es512 => Pair::Ec(ec(&ECDSA_P521_SHA512_ASN1_SIGNING, &ECDH_P521, seed, 66)),
            Algorithm::Ed25519 => Pair::Ed(Ed25519KeyPair::from_seed_unchecked(seed).expect("32 bytes")),
            _ => Pair::Rsa(RsaKeyPair::from_der(RSA_KEY).expect("the key of the tests")),
        };
        Self { algorithm, pair }
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// A signature over `message`.
    ///
    /// # Panics
    /// Never with keys made here.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => pair.sign(&random, message).expect("a signature").as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(self.rsa_encoding(), &random, message, &mut signature).expect("a signature");
                signature
            }
        }
    }

    /// The uncompressed point of an elliptic key, the bytes of an Ed25519 key, `RSAPublicKey` of an RSA key.
    #[must_use]
    pub fn public(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Ec(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// The modulus of an RSA key.
    ///
    /// # Panics
    /// For other keys.
    #[must_use]
    pub fn modulus(&self) -> Vec<u8> {
        let Pair::Rsa(pair) = &self.pair else { panic!("only RSA keys have a modulus") };
        pair.public_key().modulus().big_endian_without_leading_zero().to_vec()
    }

    /// PKCS #8 of an elliptic key.
    ///
    /// # Panics
    /// For other keys.
    #[must_use]
    pub fn pkcs8(&self) -> Vec<u8> {
        let Pair::Ec(pair) = &self.pair else { panic!("only elliptic keys are exported") };
        pair.to_pkcs8v1().expect("PKCS #8").as_ref().to_vec()
    }

    /// The public key as authenticators write it.
    #[must_use]
    pub fn cose(&self) -> Vec<u8> {
        let number = |key, value| (Cbor::Int(key), Cbor::Int(value));
        let bytes = |key, value: &[u8]| (Cbor::Int(key), Cbor::Bytes(value.to_vec()));
        let alg = number(3, self.algorithm.number());
        let entries = match &self.pair {
            Pair::Ec(_) => {
                let point = self.public();
                let (x, y) = point[1..].split_at(point.len() / 2);
                let curve = match x.len() {
                    32 => 1,
                    48 => 2,
                    _ => 3,
                };
                vec![number(1, 2), alg, number(-1, curve), bytes(-2, x), bytes(-3, y)]
            }
            Pair::Ed(_) => vec![number(1, 1), alg, number(-1, 6), bytes(-2, &self.public())],
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                let n = public.modulus().big_endian_without_leading_zero().to_vec();
                let e = public.exponent().big_endian_without_leading_zero().to_vec();
                vec![number(1, 3), alg, bytes(-1, &n), bytes(-2, &e)]
            }
        };
        Cbor::Map(entries).encode()
    }

    fn rsa_encoding(&self) -> &'static dyn RsaEncoding {
        match self.algorithm {
            Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
            Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
            Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
            Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
            Algorithm::Ps512 => &signature::RSA_PSS_SHA512,
            _ => &signature::RSA_PKCS1_SHA256,
        }
    }
}

/// The scalar is a hash of the seed behind zeros: below the order of each of the curves, except for P-256 with a chance of
/// 2⁻³², where the next hash is taken.
fn ec(
    signing: &'static EcdsaSigningAlgorithm,
    curve: &'static agreement::Algorithm,
    seed: &[u8],
    length: usize,
) -> EcdsaKeyPair {
    let mut hash = digest(&SHA256, seed);
    loop {
        let mut scalar = vec![0; length - 32];
        scalar.extend(hash.as_ref());
        if let Ok(private) = agreement::PrivateKey::from_private_key(curve, &scalar) {
            let public = private.compute_public_key().expect("a public key");
            return EcdsaKeyPair::from_private_key_and_public_key(signing, &scalar, public.as_ref())
                .expect("a key pair");
        }
        hash = digest(&SHA256, hash.as_ref());
    }
}
