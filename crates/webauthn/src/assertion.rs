//! Using a credential (WebAuthn §7.2). Spec 05 §8.7; spec 14 B.2.
//!
//! The steps that belong to the caller: finding the credential and its user by the id (A6), consuming the challenge (A27), storing
//! the counter and the flags after everything held (A25).

use serde_json::Value;

use crate::{
    authenticator_data::AuthenticatorData,
    ceremony::{BackupPolicy, Ceremony, Kind},
    cose::PublicKey,
    input::Input,
    party::sha256,
    refusal::{Reason, Refusal},
};

const MAX_SIGNATURE: usize = 1024;
const MAX_USER_HANDLE: usize = 64;
const MAX_AUTHENTICATOR_DATA: usize = 8 * 1024;

/// A response that was read but not verified: only good for finding the credential.
#[derive(Debug)]
pub struct Assertion {
    id: Vec<u8>,
    user_handle: Option<Vec<u8>>,
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
}

/// A credential as it is stored, with the handle of its owner.
#[derive(Clone, Copy, Debug)]
pub struct StoredCredential<'a> {
    /// The credential id.
    pub id: &'a [u8],
    /// The handle of the user who owns it: the 16 bytes of the user id, or the imported handle.
    pub user_handle: &'a [u8],
    /// The COSE key.
    pub public_key: &'a [u8],
    /// The signature counter of the last use.
    pub counter: u32,
    /// Whether it may be backed up.
    pub backup_eligible: bool,
    /// Whether `backup_eligible` was ever seen; not so for imported credentials before their first use.
    pub flags_known: bool,
}

/// Whom the options asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience<'a> {
    /// Anyone: a sign-in without a name. The response must then say whose credential it is.
    Anyone,
    /// One user, by the ids of the credentials in `allowCredentials`.
    Credentials(&'a [Vec<u8>]),
}

/// What is demanded of an assertion besides the signature.
#[derive(Clone, Copy, Debug)]
pub struct AssertionPolicy<'a> {
    /// Whom the options asked.
    pub audience: Audience<'a>,
    /// Which backup flags are accepted.
    pub backup: BackupPolicy,
}

/// What a verified assertion tells; to be stored with the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The counter to store.
    pub counter: u32,
    /// The counter of a backed-up credential did not grow: devices that share a credential may count each for itself, so it
    /// is only worth a note. For others this is a refusal.
    pub clone_suspected: bool,
    /// Whether the credential may be backed up (BE).
    pub backup_eligible: bool,
    /// Whether it is backed up (BS).
    pub backed_up: bool,
    /// Whether the authenticator verified the user (UV).
    pub user_verified: bool,
}

/// Reads an assertion: a JSON object, or a string with one.
///
/// # Errors
/// It cannot be read.
pub fn parse_assertion(response: &Value) -> Result<Assertion, Refusal> {
    read(response).map_err(Reason::early)
}

fn read(response: &Value) -> Result<Assertion, Reason> {
    let input = Input::read(response)?;
    let assertion = Assertion {
        client_data: input.bytes("clientDataJSON")?,
        authenticator_data: input.bytes("authenticatorData")?,
        signature: input.bytes("signature")?,
        user_handle: input.optional_bytes("userHandle")?,
        id: input.id,
    };
    if assertion.signature.len() > MAX_SIGNATURE {
        return Err(Reason::Malformed("signature"));
    }
    if assertion.user_handle.as_ref().is_some_and(|handle| handle.len() > MAX_USER_HANDLE) {
        return Err(Reason::Malformed("userHandle"));
    }
    if assertion.authenticator_data.len() > MAX_AUTHENTICATOR_DATA {
        return Err(Reason::Malformed("authenticator data"));
    }
    Ok(assertion)
}

impl Assertion {
    /// The id of the credential that claims to have signed.
    #[must_use]
    pub fn credential_id(&self) -> &[u8] {
        &self.id
    }

    /// The user handle, if the authenticator sent one that is not empty.
    #[must_use]
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.user_handle.as_deref()
    }

    /// Verifies the assertion against the stored credential. Without one the same work is done with a key nobody has, so that
    /// neither the answer nor its time tells whether a credential exists (A28). For the same reason whatever depends on the
    /// stored credential is judged after that work.
    ///
    /// # Errors
    /// A check does not hold.
    pub fn verify(
        &self,
        ceremony: &Ceremony<'_>,
        credential: Option<&StoredCredential<'_>>,
        policy: &AssertionPolicy<'_>,
    ) -> Result<Verified, Refusal> {
        let data = self.check(ceremony, policy).map_err(Reason::early)?;
        let signed = [&self.authenticator_data[..], &sha256(&[&self.client_data])].concat();
        let key = credential.map_or(&DECOY[..], |known| known.public_key);
        let verifies = PublicKey::parse(key).is_ok_and(|key| key.verifies(&signed, &self.signature));
        let known = credential.ok_or(Reason::UnknownCredential.late())?;
        let (counter, clone_suspected) = self.compare(known, &data, verifies).map_err(Reason::late)?;
        Ok(Verified {
            counter,
            clone_suspected,
            backup_eligible: data.backup_eligible(),
            backed_up: data.backed_up(),
            user_verified: data.user_verified(),
        })
    }

    /// Everything that does not need the credential: A5, the first half of A6, A8 to A18, A20.
    fn check(
        &self,
        ceremony: &Ceremony<'_>,
        policy: &AssertionPolicy<'_>,
    ) -> Result<AuthenticatorData<'_>, Reason> {
        match policy.audience {
            Audience::Anyone if self.user_handle.is_none() => return Err(Reason::UserHandle),
            Audience::Credentials(ids) if !ids.contains(&self.id) => return Err(Reason::NotAllowed),
            _ => {}
        }
        ceremony.check_client(Kind::Get, &self.client_data)?;
        let data = AuthenticatorData::read(&self.authenticator_data)?;
        ceremony.check_authenticator(&data, true, policy.backup)?;
        Ok(data)
    }

    /// The rest of A6, A19, A22 and A23. Returns the counter to store and whether it is suspicious.
    fn compare(
        &self,
        known: &StoredCredential<'_>,
        data: &AuthenticatorData<'_>,
        verifies: bool,
    ) -> Result<(u32, bool), Reason> {
        if known.id != self.id {
            return Err(Reason::UnknownCredential);
        }
        if self.user_handle().is_some_and(|handle| handle != known.user_handle) {
            return Err(Reason::UserHandle);
        }
        if known.flags_known && known.backup_eligible != data.backup_eligible() {
            return Err(Reason::BackupEligibility);
        }
        if !verifies {
            return Err(Reason::Signature);
        }
        next_counter(known.counter, data)
    }
}

/// A23: as soon as either counter counts, it must grow. Returns what to store and whether that is suspicious.
fn next_counter(stored: u32, data: &AuthenticatorData<'_>) -> Result<(u32, bool), Reason> {
    let grows = data.counter > stored || (data.counter == 0 && stored == 0);
    match (grows, data.backup_eligible()) {
        (true, _) => Ok((data.counter, false)),
        (false, true) => Ok((stored, true)),
        (false, false) => Err(Reason::Counter),
    }
}

/// A key for credentials that do not exist: the generator of P-256. That its private half is known does no harm: what it
/// verifies is refused anyway.
const DECOY: [u8; 77] = [
    0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42,
    0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0,
    0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x22, 0x58, 0x20, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a,
    0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e,
    0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b2_a28_the_decoy_is_a_key_like_any_other() {
        assert_eq!(PublicKey::parse(&DECOY).unwrap().to_cbor(), DECOY);
    }
}
