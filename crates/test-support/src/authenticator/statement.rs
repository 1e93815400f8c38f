//! Attestation statements.

use super::{Authenticator, Cbor, Credential, Entries, Leaf, Maker, Tweaks, platform, sha256, spoil};

/// Which statement the authenticator makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attestation {
    /// None.
    #[default]
    None,
    /// `packed`, signed by the new key itself.
    PackedSelf,
    /// `packed`, signed by the maker's key, with its certificate.
    Packed,
    /// `fido-u2f`.
    FidoU2f,
    /// `android-key`.
    AndroidKey,
    /// `apple`.
    Apple,
    /// `tpm`.
    Tpm,
}

impl Attestation {
    /// The encoded attestation object.
    pub(super) fn object(
        self,
        authenticator: &Authenticator,
        credential: &Credential,
        data: Vec<u8>,
        client_data: &[u8],
        tweaks: &Tweaks,
    ) -> Vec<u8> {
        let maker = &authenticator.maker;
        let hash = sha256(client_data);
        let signed = [&data[..], &hash].concat();
        let (format, mut statement) = match self {
            Self::None => ("none", Vec::new()),
            Self::PackedSelf => {
                let alg = credential.key.algorithm().number();
                ("packed", packed(alg, signature(credential.key.sign(&signed), tweaks)))
            }
            Self::Packed => ("packed", certified(authenticator, &signed, tweaks)),
            Self::FidoU2f => ("fido-u2f", fido_u2f(maker, credential, &data, &hash, tweaks)),
            Self::AndroidKey => {
                ("android-key", platform::android_key(maker, credential, &signed, &hash, tweaks))
            }
            Self::Apple => ("apple", platform::apple(maker, credential, &signed, tweaks)),
            Self::Tpm => ("tpm", platform::tpm(maker, credential, &signed, tweaks)),
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

fn packed(alg: i64, signature: Vec<u8>) -> Entries {
    vec![(Cbor::text("alg"), Cbor::Int(alg)), (Cbor::text("sig"), Cbor::Bytes(signature))]
}

fn certified(authenticator: &Authenticator, signed: &[u8], tweaks: &Tweaks) -> Entries {
    let mut leaf = Leaf::packed(&authenticator.aaguid);
    tweaks.edit(&mut leaf);
    let key = authenticator.maker.attestation_key();
    let mut statement = packed(key.algorithm().number(), signature(key.sign(signed), tweaks));
    statement.push(x5c(authenticator.maker.certify(&leaf, &key)));
    statement
}

fn fido_u2f(maker: &Maker, credential: &Credential, data: &[u8], hash: &[u8], tweaks: &Tweaks) -> Entries {
    let key = maker.attestation_key();
    let signed = [&[0], &data[..32], hash, &credential.id, &credential.key.public()].concat();
    let mut leaf = Leaf::plain();
    tweaks.edit(&mut leaf);
    let sig = Cbor::Bytes(signature(key.sign(&signed), tweaks));
    vec![(Cbor::text("sig"), sig), x5c(maker.certify(&leaf, &key))]
}

/// The certificates of a statement.
pub(super) fn x5c(certificates: Vec<Vec<u8>>) -> (Cbor, Cbor) {
    (Cbor::text("x5c"), Cbor::Array(certificates.into_iter().map(Cbor::Bytes).collect()))
}

/// Broken, if the test wants it so.
pub(super) fn signature(mut signature: Vec<u8>, tweaks: &Tweaks) -> Vec<u8> {
    if tweaks.break_signature {
        spoil(&mut signature);
    }
    signature
}
