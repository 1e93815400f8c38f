//! X.509 certificates (RFC 5280) as far as attestation needs them. Parsing is x509-parser's; signatures are verified by
//! aws-lc-rs.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use inkan_base::Timestamp;
use x509_parser::{
    certificate::X509Certificate,
    prelude::{FromDer, X509Version},
};

use crate::refusal::Unreadable;

/// Longest certificate that is looked at.
const MAX_LENGTH: usize = 8 * 1024;

/// A certificate that was read.
#[derive(Debug)]
pub(crate) struct Certificate<'a> {
    der: &'a [u8],
    parsed: X509Certificate<'a>,
}

impl<'a> Certificate<'a> {
    /// Reads one certificate of version 3, with nothing after it.
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, Unreadable> {
        if der.len() > MAX_LENGTH {
            return Err(Unreadable);
        }
        match X509Certificate::from_der(der) {
            Ok(([], parsed)) if parsed.version() == X509Version::V3 => Ok(Self { der, parsed }),
            _ => Err(Unreadable),
        }
    }

    /// The bytes that were read.
    pub(crate) const fn der(&self) -> &'a [u8] {
        self.der
    }

    /// Whether `signature` over `message` is by the key of this certificate.
    pub(crate) fn verifies(
        &self,
        algorithm: &'static dyn VerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let key = self.parsed.public_key().subject_public_key.data.as_ref();
        UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
    }

    /// The value of an extension, if there is exactly one with this id, and whether it is critical.
    pub(crate) fn extension(&self, oid: &str) -> Result<Option<(&'a [u8], bool)>, Unreadable> {
        let mut found =
            self.parsed.extensions().iter().filter(|extension| extension.oid.to_id_string() == oid);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(extension), None) => Ok(Some((extension.value, extension.critical))),
            _ => Err(Unreadable),
        }
    }

    /// The texts of a subject attribute, by its id.
    pub(crate) fn subject(&self, oid: &str) -> Vec<&str> {
        let attributes = self.parsed.subject().iter_attributes();
        attributes
            .filter(|attribute| attribute.attr_type().to_id_string() == oid)
            .filter_map(|a| a.as_str().ok())
            .collect()
    }

    /// Whether it says that it is no authority.
    pub(crate) fn is_leaf(&self) -> bool {
        matches!(self.parsed.basic_constraints(), Ok(Some(constraints)) if !constraints.value.ca)
    }

    /// Whether it may sign certificates with `below` authorities between it and the leaf.
    pub(crate) fn is_authority(&self, below: usize) -> bool {
        let constraints = match self.parsed.basic_constraints() {
            Ok(Some(constraints)) if constraints.value.ca => constraints.value,
            _ => return false,
        };
        let deep_enough = constraints
            .path_len_constraint
            .is_none_or(|most| usize::try_from(most).is_ok_and(|most| below <= most));
        let may_sign = match self.parsed.key_usage() {
            Ok(usage) => usage.is_none_or(|usage| usage.value.key_cert_sign()),
            Err(_) => false,
        };
        deep_enough && may_sign
    }

    /// Whether `now` is within its validity.
    pub(crate) fn is_valid_at(&self, now: Timestamp) -> bool {
        let validity = self.parsed.validity();
        (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now.seconds())
    }

    /// Whether it was issued by `authority`, by name and signature.
    pub(crate) fn is_issued_by(&self, authority: &Certificate<'_>) -> bool {
        let named = self.parsed.issuer().as_raw() == authority.parsed.subject().as_raw();
        named
            && certificate_algorithms(&self.parsed).into_iter().any(|algorithm| {
                let tbs: &[u8] = self.parsed.tbs_certificate.as_ref();
                authority.verifies(algorithm, tbs, self.parsed.signature_value.data.as_ref())
            })
    }
}

const ED25519_OID: &str = "1.3.101.112";

/// The candidates for the algorithm a certificate was signed with; which curve, the issuer's key decides. SHA-1 is not one.
fn certificate_algorithms(certificate: &X509Certificate<'_>) -> Vec<&'static dyn VerificationAlgorithm> {
    match certificate.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.10045.4.3.2" => vec![&ECDSA_P256_SHA256_ASN1, &ECDSA_P384_SHA256_ASN1],
        "1.2.840.10045.4.3.3" => vec![&ECDSA_P384_SHA384_ASN1, &ECDSA_P256_SHA384_ASN1],
        "1.2.840.10045.4.3.4" => vec![&ECDSA_P521_SHA512_ASN1],
        "1.2.840.113549.1.1.11" => vec![&RSA_PKCS1_2048_8192_SHA256],
        "1.2.840.113549.1.1.12" => vec![&RSA_PKCS1_2048_8192_SHA384],
        "1.2.840.113549.1.1.13" => vec![&RSA_PKCS1_2048_8192_SHA512],
        ED25519_OID => vec![&ED25519],
        _ => Vec::new(),
    }
}
