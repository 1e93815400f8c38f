//! `fido-u2f` (WebAuthn §8.6): security keys of the time before FIDO2. What they sign does not cover the authenticator data, so
//! the model must not be named: it could be anything.

use super::{Fault, Subject, Voucher};
use crate::cose::{Algorithm, Material};

pub(super) fn verify<'a>(subject: &Subject<'a>) -> Result<Voucher<'a>, Fault> {
    let (leaf, chain) = subject.certified()?;
    if chain.len() != 1 {
        return Err("there is more than one certificate");
    }
    let (Algorithm::Es256, Material::Ec(point)) = (subject.key.algorithm, &subject.key.material) else {
        return Err("the key is not one of P-256");
    };
    if subject.attested.aaguid != [0; 16] {
        return Err("the model is named");
    }
    let hash = subject.raw_data.get(..32).ok_or("the authenticator data are short")?;
    let signed = [&[0], hash, subject.client_hash, subject.attested.id, point].concat();
    let verification = Algorithm::Es256.for_certificates().ok_or("unknown algorithm")?;
    if leaf.verifies(verification, &signed, subject.bytes("sig")?) {
        Ok(Voucher::Chain(chain))
    } else {
        Err("the signature does not verify")
    }
}
