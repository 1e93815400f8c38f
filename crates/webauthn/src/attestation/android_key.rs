//! `android-key` (WebAuthn §8.4): signed by the new key, whose certificate comes from Android's key store and says how the key
//! was made (Android's `KeyDescription`).

use super::{Fault, Subject, Voucher, asn1};
use crate::cose::Algorithm;

const KEY_DESCRIPTION: &str = "1.3.6.1.4.1.11129.2.1.17";
/// Fields of `AuthorizationList`.
const PURPOSE: u32 = 1;
const ALL_APPLICATIONS: u32 = 600;
const ORIGIN: u32 = 702;

pub(super) fn verify<'a>(subject: &Subject<'a>) -> Result<Voucher<'a>, Fault> {
    let (leaf, chain) = subject.certified()?;
    let algorithm = Algorithm::from_number(subject.number("alg")?).ok_or("unknown algorithm")?;
    if !leaf.has_key(subject.key.algorithm, &subject.key.material) {
        return Err("the certificate is for another key");
    }
    if algorithm != subject.key.algorithm || !subject.key.verifies(&subject.signed(), subject.bytes("sig")?) {
        return Err("the signature does not verify");
    }
    let (value, _) = leaf.extension(KEY_DESCRIPTION).ok().flatten().ok_or("the key is not described")?;
    let description = Description::read(value).ok_or("the description of the key cannot be read")?;
    if description.challenge != subject.client_hash {
        return Err("the certificate is for another ceremony");
    }
    if description.all_applications || !description.generated || !description.signs {
        return Err("the key is not one that was made here, for signing, for one application");
    }
    Ok(Voucher::Chain(chain))
}

/// What counts of `KeyDescription`.
struct Description<'a> {
    challenge: &'a [u8],
    all_applications: bool,
    /// `KM_ORIGIN_GENERATED`
    generated: bool,
    /// `KM_PURPOSE_SIGN`
    signs: bool,
}

impl<'a> Description<'a> {
    /// The two lists, of software and of hardware, count together: a trusted root decides which hardware is believed.
    fn read(extension: &'a [u8]) -> Option<Self> {
        let fields = asn1::elements(asn1::only(extension, asn1::SEQUENCE)?)?;
        let [_, _, _, _, challenge, _, software, hardware, ..] = fields.as_slice() else { return None };
        let content =
            |(kind, content): &(asn1::Kind, &'a [u8]), expected| (*kind == expected).then_some(*content);
        let mut lists = asn1::elements(content(software, asn1::SEQUENCE)?)?;
        lists.extend(asn1::elements(content(hardware, asn1::SEQUENCE)?)?);
        let all = |number| {
            lists.iter().filter(move |(kind, _)| *kind == asn1::context(number)).map(|(_, value)| *value)
        };
        let mut origins = all(ORIGIN).map(|value| asn1::only(value, asn1::INTEGER)).peekable();
        let mut purposes = all(PURPOSE).peekable();
        Some(Self {
            challenge: content(challenge, asn1::OCTET_STRING)?,
            all_applications: all(ALL_APPLICATIONS).next().is_some(),
            generated: origins.peek().is_some() && origins.all(|origin| origin == Some(&[0])),
            signs: purposes.peek().is_some() && purposes.all(only_signs),
        })
    }
}

/// `SET OF INTEGER` with nothing but 2.
fn only_signs(purposes: &[u8]) -> bool {
    asn1::only(purposes, asn1::SET) == Some(&[0x02, 0x01, 0x02])
}
