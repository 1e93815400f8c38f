//! `packed` (WebAuthn §8.2): signed with a certificate's key, or with the new key itself.

use super::{Fault, Subject, Voucher};
use crate::{certificate::Certificate, cose::Algorithm};

/// The extension that names the model: an OCTET STRING of 16 bytes.
const AAGUID_EXTENSION: &str = "1.3.6.1.4.1.45724.1.1.4";

pub(super) fn verify<'a>(subject: &Subject<'a>) -> Result<Voucher<'a>, Fault> {
    if subject.statement.by_name("ecdaaKeyId").is_some() {
        return Err("ECDAA is not supported");
    }
    let algorithm = Algorithm::from_number(subject.number("alg")?).ok_or("unknown algorithm")?;
    let signature = subject.bytes("sig")?;
    if subject.statement.by_name("x5c").is_none() {
        let own = algorithm == subject.key.algorithm && subject.key.verifies(&subject.signed(), signature);
        return if own { Ok(Voucher::Itself) } else { Err("the signature does not verify") };
    }
    let (leaf, chain) = subject.certified()?;
    let verification = algorithm.for_certificates().ok_or("unknown algorithm")?;
    if !leaf.verifies(verification, &subject.signed(), signature) {
        return Err("the signature does not verify");
    }
    check_subject(&leaf)?;
    check_model(&leaf, &subject.attested.aaguid)?;
    Ok(Voucher::Chain(chain))
}

/// The demands of §8.2.1 on the certificate.
fn check_subject(leaf: &Certificate<'_>) -> Result<(), Fault> {
    const COUNTRY: &str = "2.5.4.6";
    const ORGANISATION: &str = "2.5.4.10";
    const UNIT: &str = "2.5.4.11";
    const NAME: &str = "2.5.4.3";
    let named =
        [COUNTRY, ORGANISATION, NAME].into_iter().all(|attribute| !leaf.subject(attribute).is_empty());
    let country = leaf.subject(COUNTRY).iter().all(|country| country.len() == 2);
    if named && country && leaf.subject(UNIT) == ["Authenticator Attestation"] && leaf.is_leaf() {
        Ok(())
    } else {
        Err("the certificate is not one of an authenticator")
    }
}

/// The certificate may name its model; then it must be the one of the authenticator data.
pub(super) fn check_model(leaf: &Certificate<'_>, aaguid: &[u8; 16]) -> Result<(), Fault> {
    let extension =
        leaf.extension(AAGUID_EXTENSION).map_err(|_| "the model stands twice in the certificate")?;
    match extension {
        None => Ok(()),
        Some((value, false)) if value.strip_prefix(&[0x04, 0x10]) == Some(&aaguid[..]) => Ok(()),
        Some(_) => Err("the certificate is for another model"),
    }
}
