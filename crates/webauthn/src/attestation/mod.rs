//! Attestation statements (WebAuthn §8): what the maker of an authenticator says about it. Each format verifies by its own rules;
//! whether to believe the certificate is asked afterwards ([`crate::Trust`]).
//!
//! `android-safetynet` is refused: its service has ended, nobody can make a fresh one.

mod android_key;
mod apple;
mod asn1;
mod fido_u2f;
mod none;
mod packed;
mod tpm;
mod tpm_structures;

use crate::{authenticator_data::Attested, cbor::Value, certificate::Certificate, cose::PublicKey};

/// The format of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// No statement.
    None,
    /// The format of most security keys.
    Packed,
    /// Older security keys.
    FidoU2f,
    /// Trusted platform modules, so Windows Hello.
    Tpm,
    /// Android's key store.
    AndroidKey,
    /// Apple devices.
    Apple,
}

const FORMATS: [(Format, &str); 6] = [
    (Format::None, "none"),
    (Format::Packed, "packed"),
    (Format::FidoU2f, "fido-u2f"),
    (Format::Tpm, "tpm"),
    (Format::AndroidKey, "android-key"),
    (Format::Apple, "apple"),
];

impl Format {
    /// The name in WebAuthn's registry.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        FORMATS.iter().find(|(format, _)| *format == self).map_or("", |(_, name)| name)
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        FORMATS.iter().find(|(_, known)| *known == name).map(|(format, _)| *format)
    }
}

/// Who vouches for the authenticator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Voucher<'a> {
    /// Nobody.
    Nobody,
    /// The new credential itself.
    Itself,
    /// A certificate, followed by those of its issuers (DER).
    Chain(Vec<&'a [u8]>),
}

/// What a statement is verified against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) statement: &'a Value<'a>,
    pub(crate) raw_data: &'a [u8],
    pub(crate) attested: &'a Attested<'a>,
    pub(crate) key: &'a PublicKey,
    pub(crate) client_hash: &'a [u8; 32],
}

/// Why a statement does not hold, in words for the log.
type Fault = &'static str;

impl<'a> Subject<'a> {
    /// Verifies the statement.
    pub(crate) fn verify(&self, format: Format) -> Result<Voucher<'a>, Fault> {
        match format {
            Format::None => none::verify(self),
            Format::Packed => packed::verify(self),
            Format::FidoU2f => fido_u2f::verify(self),
            Format::Tpm => tpm::verify(self),
            Format::AndroidKey => android_key::verify(self),
            Format::Apple => apple::verify(self),
        }
    }

    /// What most formats sign: authenticator data, then the hash of the client data.
    fn signed(&self) -> Vec<u8> {
        [self.raw_data, self.client_hash].concat()
    }

    fn bytes(&self, name: &str) -> Result<&'a [u8], Fault> {
        self.statement.by_name(name).and_then(Value::bytes).ok_or("a member is missing")
    }

    fn number(&self, name: &str) -> Result<i64, Fault> {
        self.statement.by_name(name).and_then(Value::int).ok_or("a member is missing")
    }

    /// The first certificate of `x5c`, and all of them.
    fn certified(&self) -> Result<(Certificate<'a>, Vec<&'a [u8]>), Fault> {
        let chain = self.chain()?;
        let leaf = Certificate::read(chain[0]).map_err(|_| "the certificate cannot be read")?;
        Ok((leaf, chain))
    }

    /// The certificates of `x5c`, at least one.
    fn chain(&self) -> Result<Vec<&'a [u8]>, Fault> {
        const MAX_CHAIN: usize = 8;
        let certificates = self.statement.by_name("x5c").and_then(Value::elements).ok_or("x5c is missing")?;
        if !(1..=MAX_CHAIN).contains(&certificates.len()) {
            return Err("x5c is empty or too long");
        }
        certificates.iter().map(|certificate| certificate.bytes().ok_or("x5c is not bytes")).collect()
    }
}
