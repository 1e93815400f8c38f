//! Authenticator data (WebAuthn §6.1): 37 bytes, then the attested credential and extensions if their flags say so.

use crate::{
    cbor,
    cose::{KeyError, PublicKey},
    refusal::Reason,
};

const MALFORMED: Reason = Reason::Malformed("authenticator data");
const MAX_CREDENTIAL_ID: usize = 1023;

/// What the authenticator says and signs.
#[derive(Debug)]
pub(crate) struct AuthenticatorData<'a> {
    pub(crate) rp_id_hash: &'a [u8],
    flags: u8,
    pub(crate) counter: u32,
    pub(crate) attested: Option<Attested<'a>>,
}

/// The credential that was made.
#[derive(Debug)]
pub(crate) struct Attested<'a> {
    pub(crate) aaguid: [u8; 16],
    pub(crate) id: &'a [u8],
    pub(crate) key: Result<PublicKey, KeyError>,
}

impl<'a> AuthenticatorData<'a> {
    /// Reads all of `bytes`; nothing may be left over.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Reason> {
        let (head, mut rest) = bytes.split_first_chunk::<37>().ok_or(MALFORMED)?;
        let flags = head[32];
        let counter = u32::from_be_bytes([head[33], head[34], head[35], head[36]]);
        let mut data = Self { rp_id_hash: &bytes[..32], flags, counter, attested: None };
        if data.flag(6) {
            let (attested, after) = Attested::read(rest).ok_or(MALFORMED)?;
            data.attested = Some(attested);
            rest = after;
        }
        if data.flag(7) {
            let (extensions, after) = cbor::read_first(rest).map_err(|_| MALFORMED)?;
            extensions.entries().ok_or(MALFORMED)?;
            rest = after;
        }
        if rest.is_empty() { Ok(data) } else { Err(MALFORMED) }
    }

    /// Somebody was there (UP).
    pub(crate) const fn user_present(&self) -> bool {
        self.flag(0)
    }

    /// The user was verified by the authenticator (UV).
    pub(crate) const fn user_verified(&self) -> bool {
        self.flag(2)
    }

    /// The credential may be backed up (BE).
    pub(crate) const fn backup_eligible(&self) -> bool {
        self.flag(3)
    }

    /// The credential is backed up (BS).
    pub(crate) const fn backed_up(&self) -> bool {
        self.flag(4)
    }

    const fn flag(&self, bit: u8) -> bool {
        self.flags >> bit & 1 == 1
    }
}

impl<'a> Attested<'a> {
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (aaguid, rest) = bytes.split_first_chunk::<16>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if !(1..=MAX_CREDENTIAL_ID).contains(&length) {
            return None;
        }
        let (id, rest) = rest.split_at_checked(length)?;
        let (key, rest) = cbor::read_first(rest).ok()?;
        Some((Self { aaguid: *aaguid, id, key: PublicKey::from_cbor(&key) }, rest))
    }
}
