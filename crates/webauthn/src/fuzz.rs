//! Entry points for fuzzing: arbitrary bytes go through everything that reads what a client sent. They return nothing and must
//! never panic. `cargo xtask fuzz` runs them; the tests replay the committed corpus.

use inkan_base::Timestamp;
use inkan_config::{Attestation, UserVerification};
use serde_json::{Value, json};

use crate::{
    AssertionPolicy, Audience, BackupPolicy, Ceremony, Challenge, RegistrationPolicy, RelyingParty,
    StoredCredential, Trust, authenticator_data::AuthenticatorData, cbor, client_data::ClientData,
    cose::PublicKey, input::BASE64URL, parse_assertion, trust::Metadata, verify_registration,
};
use base64::Engine;

const CHALLENGE: Challenge = Challenge::from_bytes([7; 32]);
const ORIGIN: &str = "https://example.com";

/// Bytes as CBOR, as authenticator data and as a stored key.
pub fn cbor(bytes: &[u8]) {
    let _ = cbor::read(bytes);
    let _ = AuthenticatorData::read(bytes);
    if let Ok(key) = PublicKey::parse(bytes) {
        let _ = key.verifies(bytes, bytes);
        let _ = PublicKey::parse(&key.to_cbor());
    }
}

/// Bytes as client data, and as the blob of metadata.
pub fn client_data(bytes: &[u8]) {
    let _ = ClientData::read(bytes);
    with_ceremony(|ceremony| {
        let _ = ceremony.check_client(crate::ceremony::Kind::Get, bytes);
    });
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Metadata::read(text, None, Timestamp::default());
    }
}

/// Bytes as an attestation object behind client data that are in order. The id outside is the attested one, as far as there is
/// one, so that the statement is reached.
pub fn attestation(bytes: &[u8]) {
    let id = attested_id(bytes).unwrap_or_else(|| vec![1]);
    let client_data =
        json!({ "type": "webauthn.create", "challenge": CHALLENGE.to_text(), "origin": ORIGIN }).to_string();
    let response = json!({
        "id": BASE64URL.encode(&id),
        "type": "public-key",
        "response": {
            "clientDataJSON": BASE64URL.encode(client_data),
            "attestationObject": BASE64URL.encode(bytes),
        },
    });
    register(&response);
}

/// Bytes as a whole response (JSON), and as authenticator data and signature of an assertion: the first byte is the length of the
/// authenticator data.
pub fn assertion(bytes: &[u8]) {
    if let Ok(response) = serde_json::from_slice::<Value>(bytes) {
        register(&response);
        sign_in(&response);
    }
    let Some((length, rest)) = bytes.split_first() else { return };
    let (data, signature) = rest.split_at_checked(usize::from(*length)).unwrap_or((rest, &[]));
    let client_data =
        json!({ "type": "webauthn.get", "challenge": CHALLENGE.to_text(), "origin": ORIGIN }).to_string();
    sign_in(&json!({
        "id": "AQ",
        "type": "public-key",
        "response": {
            "clientDataJSON": BASE64URL.encode(client_data),
            "authenticatorData": BASE64URL.encode(data),
            "signature": BASE64URL.encode(signature),
            "userHandle": "AQ",
        },
    }));
}

fn attested_id(object: &[u8]) -> Option<Vec<u8>> {
    let object = cbor::read(object).ok()?;
    let data = AuthenticatorData::read(object.by_name("authData")?.bytes()?).ok()?;
    Some(data.attested?.id.to_vec())
}

fn register(response: &Value) {
    with_ceremony(|ceremony| {
        let policy = RegistrationPolicy {
            attestation: Attestation::Direct,
            trust: &Trust::default(),
            conditional: false,
            backup: BackupPolicy::Any,
        };
        let _ = verify_registration(ceremony, response, &policy);
    });
}

fn sign_in(response: &Value) {
    let Ok(assertion) = parse_assertion(response) else { return };
    let stored = StoredCredential {
        id: assertion.credential_id(),
        user_handle: assertion.user_handle().unwrap_or_default(),
        public_key: &[],
        counter: 0,
        backup_eligible: false,
        flags_known: false,
    };
    with_ceremony(|ceremony| {
        let policy = AssertionPolicy { audience: Audience::Anyone, backup: BackupPolicy::Any };
        let _ = assertion.verify(ceremony, None, &policy);
        let _ = assertion.verify(ceremony, Some(&stored), &policy);
    });
}

fn with_ceremony(run: impl Fn(&Ceremony<'_>)) {
    let Ok(party) = RelyingParty::new("example.com", "Example", &[ORIGIN.to_owned()]) else { return };
    run(&Ceremony {
        party: &party,
        challenge: &CHALLENGE,
        user_verification: UserVerification::Preferred,
        expires_at: Timestamp::from_seconds(1),
        now: Timestamp::default(),
    });
}
