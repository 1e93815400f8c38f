//! Statements of platforms: Android's key store, Apple's devices, trusted platform modules.

use super::{
    Algorithm, Cbor, Credential, Entries, Leaf, Maker, Tweaks,
    der::{self, ENUMERATED, INTEGER, OBJECT_ID, OCTET_STRING, SEQUENCE, SET, UTF8},
    sha256,
    statement::{signature, x5c},
};

/// `android-key`: the certificate of the new key describes how it was made.
pub(super) fn android_key(
    maker: &Maker,
    credential: &Credential,
    signed: &[u8],
    client_hash: &[u8],
    tweaks: &Tweaks,
) -> Entries {
    let mut leaf = Leaf::plain();
    let zero = der::value(INTEGER, &[&[0]]);
    let level = der::value(ENUMERATED, &[&[1]]);
    let purpose = der::context(1, &der::value(SET, &[&der::value(INTEGER, &[&[2]])]));
    let description = der::value(
        SEQUENCE,
        &[
            &zero,
            &level,
            &zero,
            &level,
            &der::value(OCTET_STRING, &[client_hash]),
            &der::value(OCTET_STRING, &[]),
            &der::value(SEQUENCE, &[]),
            &der::value(SEQUENCE, &[&purpose, &der::context(702, &zero)]),
        ],
    );
    leaf.extensions.push((vec![1, 3, 6, 1, 4, 1, 11129, 2, 1, 17], description, false));
    tweaks.edit(&mut leaf);
    vec![
        (Cbor::text("alg"), Cbor::Int(credential.key.algorithm().number())),
        (Cbor::text("sig"), Cbor::Bytes(signature(credential.key.sign(signed), tweaks))),
        x5c(maker.certify(&leaf, &credential.key)),
    ]
}

/// `apple`: the certificate of the new key holds a hash of the ceremony.
pub(super) fn apple(maker: &Maker, credential: &Credential, signed: &[u8], tweaks: &Tweaks) -> Entries {
    let mut leaf = Leaf::plain();
    let nonce = der::value(SEQUENCE, &[&der::context(1, &der::value(OCTET_STRING, &[&sha256(signed)]))]);
    leaf.extensions.push((vec![1, 2, 840, 113_635, 100, 8, 2], nonce, false));
    tweaks.edit(&mut leaf);
    vec![x5c(maker.certify(&leaf, &credential.key))]
}

/// `tpm`: the module's own key certifies the new one.
pub(super) fn tpm(maker: &Maker, credential: &Credential, signed: &[u8], tweaks: &Tweaks) -> Entries {
    let area = public_area(credential);
    let name = [&[0x00, 0x0b][..], &sha256(&area)].concat();
    let mut info = [0xff, b'T', b'C', b'G', 0x80, 0x17].to_vec();
    info.extend(sized(b"signer"));
    info.extend(sized(&sha256(signed)));
    info.extend([0; 25]);
    info.extend(sized(&name));
    info.extend(sized(b"qualified"));
    if let Some(edit) = tweaks.edit_info {
        edit(&mut info);
    }
    let mut leaf = module_leaf();
    tweaks.edit(&mut leaf);
    let key = maker.attestation_key();
    vec![
        (Cbor::text("ver"), Cbor::text("2.0")),
        (Cbor::text("alg"), Cbor::Int(key.algorithm().number())),
        (Cbor::text("sig"), Cbor::Bytes(signature(key.sign(&info), tweaks))),
        (Cbor::text("certInfo"), Cbor::Bytes(info)),
        (Cbor::text("pubArea"), Cbor::Bytes(area)),
        x5c(maker.certify(&leaf, &key)),
    ]
}

/// A certificate as WebAuthn §8.3.1 wants it: no subject, the module named beside it.
fn module_leaf() -> Leaf {
    let attribute = |last: u8, text: &[u8]| {
        let oid = der::value(OBJECT_ID, &[&[0x67, 0x81, 0x05, 0x02, last]]);
        der::value(SET, &[&der::value(SEQUENCE, &[&oid, &der::value(UTF8, &[text])])])
    };
    let name = der::value(
        SEQUENCE,
        &[&attribute(1, b"id:FFFFF1D0"), &attribute(2, b"Test Module"), &attribute(3, b"id:1")],
    );
    let names = der::value(SEQUENCE, &[&der::context(4, &name)]);
    let purposes = der::value(SEQUENCE, &[&der::value(OBJECT_ID, &[&[0x67, 0x81, 0x05, 0x08, 0x03]])]);
    Leaf {
        subject: Vec::new(),
        extensions: vec![(vec![2, 5, 29, 17], names, true), (vec![2, 5, 29, 37], purposes, false)],
        ..Leaf::plain()
    }
}

/// `TPMT_PUBLIC`
fn public_area(credential: &Credential) -> Vec<u8> {
    let key = &credential.key;
    let mut area = Vec::new();
    let rsa = key.algorithm() == Algorithm::Rs256;
    area.extend(if rsa { [0x00, 0x01] } else { [0x00, 0x23] });
    area.extend([0x00, 0x0b, 0, 6, 4, 0x72]);
    area.extend(sized(b"policy"));
    area.extend([0x00, 0x10]);
    if rsa {
        // RSASSA with SHA-256, 2048 bits, the usual exponent.
        area.extend([0x00, 0x14, 0x00, 0x0b, 0x08, 0x00, 0, 0, 0, 0]);
        area.extend(sized(&key.modulus()));
    } else {
        let point = key.public();
        let (x, y) = point[1..].split_at(point.len() / 2);
        let curve = if x.len() == 32 { 3 } else { 4 };
        area.extend([0x00, 0x10, 0x00, curve, 0x00, 0x10]);
        area.extend(sized(x));
        area.extend(sized(y));
    }
    area
}

/// `TPM2B_…`
fn sized(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).expect("a short value").to_be_bytes()[..], bytes].concat()
}
