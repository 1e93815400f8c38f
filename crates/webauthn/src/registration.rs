//! Making a credential (WebAuthn §7.1). Spec 05 §8.6; spec 14 B.1.
//!
//! The steps that belong to the caller: that the credential id is new (R25), that the user signed in recently (R29), the mail (R30),
//! the limit (R31), consuming the challenge, and storing (R28).

use inkan_config::Attestation;
use serde_json::Value as Json;

use crate::{
    attestation::{Format, Subject},
    authenticator_data::{Attested, AuthenticatorData},
    cbor::{self, Value},
    ceremony::{BackupPolicy, Ceremony, Kind},
    cose::{Algorithm, KeyError, PublicKey},
    input::Input,
    party::sha256,
    refusal::{Reason, Refusal},
    trust::{Trust, TrustJudgement},
};

const MAX_ATTESTATION: usize = 64 * 1024;

/// What is demanded of a registration besides the checks that always hold.
#[derive(Clone, Copy, Debug)]
pub struct RegistrationPolicy<'a> {
    /// The attestation that was asked for. With `none` nobody judges the statement.
    pub attestation: Attestation,
    /// Whom to trust.
    pub trust: &'a Trust,
    /// Whether the browser made the credential by itself after a sign-in with a password (conditional create), so that nobody
    /// had to touch the authenticator. What the server asked for, never what the client says.
    pub conditional: bool,
    /// Which backup flags are accepted.
    pub backup: BackupPolicy,
}

/// A verified credential, to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// The credential id, at most 1023 bytes.
    pub id: Vec<u8>,
    /// The public key: COSE, in canonical form.
    pub public_key: Vec<u8>,
    /// The algorithm of the key.
    pub algorithm: Algorithm,
    /// The format of the attestation statement.
    pub format: Format,
    /// The model; all zero if it does not say.
    pub aaguid: [u8; 16],
    /// The signature counter.
    pub counter: u32,
    /// How the authenticator can be reached; at most eight short words, also unknown ones.
    pub transports: Vec<String>,
    /// Whether it may be backed up (BE).
    pub backup_eligible: bool,
    /// Whether it is backed up (BS).
    pub backed_up: bool,
    /// Whether the authenticator verified the user (UV).
    pub user_verified: bool,
    /// What the attestation is worth.
    pub trust: TrustJudgement,
}

/// Verifies the response to creation options: a JSON object, or a string with one.
///
/// # Errors
/// A check does not hold.
pub fn verify_registration(
    ceremony: &Ceremony<'_>,
    response: &Json,
    policy: &RegistrationPolicy<'_>,
) -> Result<NewCredential, Refusal> {
    let input = Input::read(response).map_err(Reason::early)?;
    let client_data = input.bytes("clientDataJSON").map_err(Reason::early)?;
    let object = input.bytes("attestationObject").map_err(Reason::early)?;
    ceremony.check_client(Kind::Create, &client_data).map_err(Reason::early)?;
    let object = AttestationObject::read(&object).map_err(Reason::early)?;
    let data = AuthenticatorData::read(object.data).map_err(Reason::early)?;
    ceremony.check_authenticator(&data, !policy.conditional, policy.backup).map_err(Reason::early)?;
    let (attested, key) = credential(&data, &input.id).map_err(Reason::early)?;

    let (format, trust) =
        judge(ceremony, policy, &object, (attested, key), &sha256(&[&client_data])).map_err(Reason::late)?;
    Ok(NewCredential {
        transports: input.transports(),
        id: input.id,
        public_key: key.to_cbor(),
        algorithm: key.algorithm,
        format,
        aaguid: attested.aaguid,
        counter: data.counter,
        backup_eligible: data.backup_eligible(),
        backed_up: data.backed_up(),
        user_verified: data.user_verified(),
        trust,
    })
}

/// `{fmt, attStmt, authData}` (WebAuthn §6.5.4).
#[derive(Debug)]
pub(crate) struct AttestationObject<'a> {
    format: &'a str,
    statement: Value<'a>,
    data: &'a [u8],
}

impl<'a> AttestationObject<'a> {
    /// Strict CBOR, nothing after it.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Reason> {
        const MALFORMED: Reason = Reason::Malformed("attestation object");
        if bytes.len() > MAX_ATTESTATION {
            return Err(MALFORMED);
        }
        let Value::Map(entries) = cbor::read(bytes).map_err(|_| MALFORMED)? else { return Err(MALFORMED) };
        let (mut format, mut statement, mut data) = (None, None, None);
        for (key, value) in entries {
            match key.text() {
                Some("fmt") => format = value.text(),
                Some("attStmt") => statement = Some(value),
                Some("authData") => data = value.bytes(),
                _ => {}
            }
        }
        let statement = statement.filter(|statement| statement.entries().is_some());
        match (format, statement, data) {
            (Some(format), Some(statement), Some(data)) => Ok(Self { format, statement, data }),
            _ => Err(MALFORMED),
        }
    }
}

/// The attested credential (R20, R24), with the id that stands outside, too.
fn credential<'d>(
    data: &'d AuthenticatorData<'d>,
    id: &[u8],
) -> Result<(&'d Attested<'d>, &'d PublicKey), Reason> {
    let attested = data.attested.as_ref().ok_or(Reason::Malformed("authenticator data"))?;
    if attested.id != id {
        return Err(Reason::Malformed("id"));
    }
    match &attested.key {
        Ok(key) if Algorithm::OFFERED.contains(&key.algorithm) => Ok((attested, key)),
        Ok(_) | Err(KeyError::Algorithm) => Err(Reason::Algorithm),
        Err(KeyError::Malformed) => Err(Reason::Malformed("public key")),
    }
}

/// R21 to R23: the statement by the rules of its format, then whether to believe it.
fn judge<'a>(
    ceremony: &Ceremony<'_>,
    policy: &RegistrationPolicy<'_>,
    object: &'a AttestationObject<'a>,
    (attested, key): (&'a Attested<'a>, &'a PublicKey),
    client_hash: &'a [u8; 32],
) -> Result<(Format, TrustJudgement), Reason> {
    let format = Format::from_name(object.format).ok_or(Reason::Attestation("unknown format"))?;
    let subject = Subject { statement: &object.statement, raw_data: object.data, attested, key, client_hash };
    let voucher = subject.verify(format).map_err(Reason::Attestation)?;
    let trust = policy.trust.judge(policy.attestation, &voucher, &attested.aaguid, ceremony.now);
    Ok((format, trust.map_err(Reason::Trust)?))
}
