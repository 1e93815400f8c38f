//! Attestation statements.

use super::{Authenticator, Cbor, Credential, Entries, Leaf, Tweaks, sha256, spoil};

/// Which statement the authenticator makes.
#[derive(Clone, Debug, Default)]
pub enum Attestation {
    /// None.
    #[default]
    None,
    /// `packed`, signed by the new key itself.
    PackedSelf,
    /// `packed`, signed by the maker's key, with its certificate.
    Packed,
    /// `packed` with a certificate of its own.
    PackedWith(Leaf),
    /// `fido-u2f`.
    FidoU2f,
}

impl Attestation {
    /// The encoded attestation object.
    pub(super) fn object(
        &self,
        authenticator: &Authenticator,
        credential: &Credential,
        data: Vec<u8>,
        client_data: &[u8],
        tweaks: &Tweaks,
    ) -> Vec<u8> {
        let hash = sha256(client_data);
        let signed = [&data[..], &hash].concat();
        let (format, mut statement) = match self {
            Self::None => ("none", Vec::new()),
            Self::PackedSelf => {
                let alg = credential.key.algorithm().number();
                ("packed", packed(alg, signature(credential.key.sign(&signed), tweaks), None))
            }
            Self::Packed => {
                ("packed", certified(authenticator, &Leaf::packed(&authenticator.aaguid), &signed, tweaks))
            }
            Self::PackedWith(leaf) => ("packed", certified(authenticator, leaf, &signed, tweaks)),
            Self::FidoU2f => {
                let maker = &authenticator.maker;
                let key = maker.attestation_key();
                let public = credential.key.public();
                let signed = [&[0], &data[..32], &hash, &credential.id, &public].concat();
                let certificate = maker.certify(&Leaf::plain(), &key);
                let x5c = Cbor::Array(vec![Cbor::Bytes(certificate)]);
                let sig = Cbor::Bytes(signature(key.sign(&signed), tweaks));
                ("fido-u2f", vec![(Cbor::text("sig"), sig), (Cbor::text("x5c"), x5c)])
            }
        };
        if let Some(edit) = tweaks.edit_statement {
            edit(&mut statement);
        }
        let mut object = Cbor::Map(vec![
            (Cbor::text("fmt"), Cbor::text(tweaks.format.unwrap_or(format))),
            (Cbor::text("attStmt"), Cbor::Map(statement)),
            (Cbor::text("authData"), Cbor::Bytes(data)),
        ])
        .encode();
        if let Some(edit) = tweaks.edit_object {
            edit(&mut object);
        }
        object
    }
}

fn certified(authenticator: &Authenticator, leaf: &Leaf, signed: &[u8], tweaks: &Tweaks) -> Entries {
    let key = authenticator.maker.attestation_key();
    let certificate = authenticator.maker.certify(leaf, &key);
    packed(key.algorithm().number(), signature(key.sign(signed), tweaks), Some(certificate))
}

fn packed(alg: i64, signature: Vec<u8>, certificate: Option<Vec<u8>>) -> Entries {
    let mut statement =
        vec![(Cbor::text("alg"), Cbor::Int(alg)), (Cbor::text("sig"), Cbor::Bytes(signature))];
    if let Some(certificate) = certificate {
        statement.push((Cbor::text("x5c"), Cbor::Array(vec![Cbor::Bytes(certificate)])));
    }
    statement
}

fn signature(mut signature: Vec<u8>, tweaks: &Tweaks) -> Vec<u8> {
    if tweaks.break_signature {
        spoil(&mut signature);
    }
    signature
}
