//! `apple` (WebAuthn §8.8): a certificate for the new key, made for this ceremony: its extension is the hash of what other
//! formats sign.

use super::{Fault, Subject, Voucher, asn1};
use crate::party::sha256;

const NONCE_EXTENSION: &str = "1.2.840.113635.100.8.2";

pub(super) fn verify<'a>(subject: &Subject<'a>) -> Result<Voucher<'a>, Fault> {
    let (leaf, chain) = subject.certified()?;
    let nonce = leaf.extension(NONCE_EXTENSION).ok().flatten().and_then(|(value, _)| nonce(value));
    if nonce != Some(&sha256(&[&subject.signed()])) {
        return Err("the certificate is for another ceremony");
    }
    if !leaf.has_key(subject.key.algorithm, &subject.key.material) {
        return Err("the certificate is for another key");
    }
    Ok(Voucher::Chain(chain))
}

/// `SEQUENCE { [1] EXPLICIT OCTET STRING }`
fn nonce(extension: &[u8]) -> Option<&[u8]> {
    let fields = asn1::only(extension, asn1::SEQUENCE)?;
    asn1::only(asn1::only(fields, asn1::context(1))?, asn1::OCTET_STRING)
}
