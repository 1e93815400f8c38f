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
    extensions::GeneralName,
    prelude::{FromDer, X509Version},
    public_key::PublicKey as CertificateKey,
    x509::X509Name,
};

use crate::{
    cose::{Algorithm, Material, trimmed},
    refusal::Unreadable,
};

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

    /// Whether its public key is `material`.
    pub(crate) fn has_key(&self, algorithm: Algorithm, material: &Material) -> bool {
        let info = self.parsed.public_key();
        match (material, info.parsed()) {
            (Material::Ec(point), Ok(CertificateKey::EC(key))) => {
                algorithm != Algorithm::EdDsa && key.data() == point.as_slice()
            }
            (Material::Rsa { n, e }, Ok(CertificateKey::RSA(key))) => {
                trimmed(key.modulus) == n.as_slice() && trimmed(key.exponent) == e.as_slice()
            }
            (Material::Okp(key), _) => {
                info.algorithm.algorithm.to_id_string() == ED25519_OID
                    && info.subject_public_key.data.as_ref() == key.as_slice()
            }
            _ => false,
        }
    }

    /// The bits of the public key.
    pub(crate) fn key_bits(&self) -> &[u8] {
        self.parsed.public_key().subject_public_key.data.as_ref()
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

    /// Whether the subject says nothing at all.
    pub(crate) fn subject_is_empty(&self) -> bool {
        self.parsed.subject().iter_attributes().next().is_none()
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

    /// The names it stands for beside its subject.
    fn names(&self) -> Vec<&GeneralName<'_>> {
        match self.parsed.subject_alternative_name() {
            Ok(Some(names)) => names.value.general_names.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The DNS names it stands for.
    pub(crate) fn dns_names(&self) -> Vec<&str> {
        let dns = |name: &&'_ GeneralName<'_>| matches!(name, GeneralName::DNSName(_));
        let text = |name| match name {
            &GeneralName::DNSName(name) => name,
            _ => "",
        };
        self.names().into_iter().filter(dns).map(text).collect()
    }

    /// The text of an attribute of the directory names it stands for.
    pub(crate) fn directory_attribute(&self, oid: &str) -> Option<&str> {
        let directories = self.names().into_iter().filter_map(|name| match name {
            GeneralName::DirectoryName(name) => Some(name),
            _ => None,
        });
        let mut attributes = directories.flat_map(X509Name::iter_attributes);
        attributes.find(|attribute| attribute.attr_type().to_id_string() == oid)?.as_str().ok()
    }

    /// Whether it is meant for a purpose, by the id of an extended key usage.
    pub(crate) fn is_for(&self, oid: &str) -> bool {
        let usage = self.parsed.extended_key_usage();
        matches!(usage, Ok(Some(usage)) if usage.value.other.iter().any(|other| other.to_id_string() == oid))
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
