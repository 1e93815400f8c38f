//! `tpm` (WebAuthn §8.3): a trusted platform module certifies the new key with its attestation key.

use aws_lc_rs::{
    digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest},
    signature::{RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, VerificationAlgorithm},
};

use super::{
    Fault, Subject, Voucher, packed,
    tpm_structures::{CertifyInfo, PublicArea},
};
use crate::{certificate::Certificate, cose::Algorithm};

/// RSASSA-PKCS1-v1_5 with SHA-1: the modules of many Windows devices know no better. Accepted for this statement only.
const RS1: i64 = -65_535;

pub(super) fn verify<'a>(subject: &Subject<'a>) -> Result<Voucher<'a>, Fault> {
    if subject.statement.by_name("ver").and_then(crate::cbor::Value::text) != Some("2.0") {
        return Err("it is not version 2.0");
    }
    let (leaf, chain) = subject.certified()?;
    let (hash, verification) = algorithm(subject.number("alg")?).ok_or("unknown algorithm")?;

    let raw_area = subject.bytes("pubArea")?;
    let area = PublicArea::read(raw_area).ok_or("the public area cannot be read")?;
    if area.key != subject.key.material {
        return Err("the public area is of another key");
    }
    let raw_info = subject.bytes("certInfo")?;
    let info = CertifyInfo::read(raw_info).ok_or("the certificate of the module cannot be read")?;
    if info.extra_data != digest(hash, &subject.signed()).as_ref() {
        return Err("the module certified another ceremony");
    }
    let (number, name_hash) = area.name_hash;
    let name = [&number.to_be_bytes()[..], digest(name_hash, raw_area).as_ref()].concat();
    if info.name != name {
        return Err("the module certified another key");
    }
    if !leaf.verifies(verification, raw_info, subject.bytes("sig")?) {
        return Err("the signature does not verify");
    }
    check_certificate(&leaf)?;
    packed::check_model(&leaf, &subject.attested.aaguid)?;
    Ok(Voucher::Chain(chain))
}

/// The demands of §8.3.1: no subject, the module named beside it, meant for attestation, no authority.
fn check_certificate(leaf: &Certificate<'_>) -> Result<(), Fault> {
    const ATTESTATION: &str = "2.23.133.8.3";
    const MANUFACTURER: &str = "2.23.133.2.1";
    const MODEL: &str = "2.23.133.2.2";
    const VERSION: &str = "2.23.133.2.3";
    let named = [MANUFACTURER, MODEL, VERSION].iter().all(|oid| leaf.directory_attribute(oid).is_some());
    if leaf.subject_is_empty() && named && leaf.is_for(ATTESTATION) && leaf.is_leaf() {
        Ok(())
    } else {
        Err("the certificate is not one of a module")
    }
}

/// The hash of an algorithm, and how a certificate's key verifies it.
fn algorithm(number: i64) -> Option<(&'static digest::Algorithm, &'static dyn VerificationAlgorithm)> {
    if number == RS1 {
        return Some((&SHA1_FOR_LEGACY_USE_ONLY, &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY));
    }
    let algorithm = Algorithm::from_number(number)?;
    let hash = match algorithm {
        Algorithm::Es256 | Algorithm::Rs256 | Algorithm::Ps256 => &SHA256,
        Algorithm::Es384 | Algorithm::Rs384 | Algorithm::Ps384 => &SHA384,
        Algorithm::Es512 | Algorithm::Rs512 | Algorithm::Ps512 => &SHA512,
        Algorithm::EdDsa => return None,
    };
    Some((hash, algorithm.for_certificates()?))
}
