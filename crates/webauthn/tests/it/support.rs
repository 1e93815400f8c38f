//! One relying party with one ceremony, and the two halves that answer each other.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use inkan_base::Timestamp;
use inkan_config::{Attestation, UserVerification};
use inkan_test_support::authenticator::{Authenticator, Tweaks};
use inkan_webauthn::{
    AssertionPolicy, AssertionRequest, Audience, BackupPolicy, Ceremony, Challenge, CreationRequest,
    CredentialKind, Descriptor, NewCredential, Reason, Refusal, RegistrationPolicy, RelyingParty,
    StoredCredential, Trust, UserEntity, Verified, parse_assertion, verify_registration,
};
use serde_json::Value;

pub(crate) const ORIGIN: &str = "https://example.com";
pub(crate) const HANDLE: &[u8] = b"0123456789abcdef";

/// What the server asks and demands; a test changes what it is about.
pub(crate) struct Site {
    pub(crate) party: RelyingParty,
    pub(crate) challenge: Challenge,
    pub(crate) verification: UserVerification,
    pub(crate) kind: CredentialKind,
    pub(crate) attestation: Attestation,
    pub(crate) trust: Trust,
    pub(crate) conditional: bool,
    pub(crate) backup: BackupPolicy,
    pub(crate) now: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// The ids of `allowCredentials`; without them anyone may answer.
    pub(crate) allow: Option<Vec<Vec<u8>>>,
}

impl Site {
    pub(crate) fn new() -> Self {
        let now = Timestamp::from_seconds(1_800_000_000);
        Self {
            party: RelyingParty::new("example.com", "Example", &[ORIGIN.to_owned()]).unwrap(),
            challenge: Challenge::from_bytes([7; 32]),
            verification: UserVerification::Preferred,
            kind: CredentialKind::Passkey,
            attestation: Attestation::Direct,
            trust: Trust::default(),
            conditional: false,
            backup: BackupPolicy::Any,
            now,
            expires_at: now + Duration::from_mins(5),
            allow: None,
        }
    }

    pub(crate) fn creation_options(&self, exclude: &[Descriptor<'_>]) -> Value {
        let request = CreationRequest {
            user: UserEntity { handle: HANDLE, name: "ada@example.com", display_name: "ada" },
            challenge: &self.challenge,
            kind: self.kind,
            user_verification: self.verification,
            attestation: self.attestation,
            exclude,
            timeout: Duration::from_mins(10),
        };
        serde_json::to_value(self.party.creation_options(&request)).unwrap()
    }

    pub(crate) fn request_options(&self, allow: &[Descriptor<'_>]) -> Value {
        let request = AssertionRequest {
            challenge: &self.challenge,
            user_verification: self.verification,
            allow,
            timeout: Duration::from_mins(10),
        };
        serde_json::to_value(self.party.request_options(&request)).unwrap()
    }

    pub(crate) fn ceremony(&self) -> Ceremony<'_> {
        Ceremony {
            party: &self.party,
            challenge: &self.challenge,
            user_verification: self.verification,
            expires_at: self.expires_at,
            now: self.now,
        }
    }

    pub(crate) fn verify_registration(&self, response: &Value) -> Result<NewCredential, Refusal> {
        let policy = RegistrationPolicy {
            attestation: self.attestation,
            trust: &self.trust,
            conditional: self.conditional,
            backup: self.backup,
        };
        verify_registration(&self.ceremony(), response, &policy)
    }

    /// Makes a credential with mistakes and verifies it.
    pub(crate) fn register_with(
        &self,
        key: &mut Authenticator,
        tweaks: &Tweaks,
    ) -> Result<NewCredential, Refusal> {
        let response = key.create_with(&self.creation_options(&[]), ORIGIN, tweaks).unwrap();
        self.verify_registration(&response)
    }

    pub(crate) fn register(&self, key: &mut Authenticator) -> NewCredential {
        self.register_with(key, &Tweaks::default()).unwrap()
    }

    pub(crate) fn verify_assertion(
        &self,
        response: &Value,
        stored: Option<&StoredCredential<'_>>,
    ) -> Result<Verified, Refusal> {
        let audience = self.allow.as_ref().map_or(Audience::Anyone, |ids| Audience::Credentials(ids));
        let policy = AssertionPolicy { audience, backup: self.backup };
        parse_assertion(response)?.verify(&self.ceremony(), stored, &policy)
    }

    /// Signs in with mistakes against a stored credential that the test changed.
    pub(crate) fn sign_in_as(
        &self,
        key: &mut Authenticator,
        stored: &StoredCredential<'_>,
        tweaks: &Tweaks,
    ) -> Result<Verified, Refusal> {
        let ids = self.allow.clone().unwrap_or_default();
        let allow: Vec<Descriptor<'_>> = ids.iter().map(|id| Descriptor { id, transports: &[] }).collect();
        let response = key.get_with(&self.request_options(&allow), ORIGIN, tweaks).unwrap();
        self.verify_assertion(&response, Some(stored))
    }

    /// Signs in with mistakes.
    pub(crate) fn sign_in_with(
        &self,
        key: &mut Authenticator,
        credential: &NewCredential,
        tweaks: &Tweaks,
    ) -> Result<Verified, Refusal> {
        self.sign_in_as(key, &stored(credential), tweaks)
    }
}

pub(crate) fn stored(credential: &NewCredential) -> StoredCredential<'_> {
    StoredCredential {
        id: &credential.id,
        user_handle: HANDLE,
        public_key: &credential.public_key,
        counter: credential.counter,
        backup_eligible: credential.backup_eligible,
        flags_known: true,
    }
}

/// Refused before the signature or statement was looked at.
#[track_caller]
pub(crate) fn assert_early<T: std::fmt::Debug>(outcome: &Result<T, Refusal>, reason: Reason) {
    assert_eq!(outcome.as_ref().unwrap_err(), &Refusal { reason, signature_reached: false });
}

/// Refused by the signature or statement, or after it.
#[track_caller]
pub(crate) fn assert_late<T: std::fmt::Debug>(outcome: &Result<T, Refusal>, reason: Reason) {
    assert_eq!(outcome.as_ref().unwrap_err(), &Refusal { reason, signature_reached: true });
}

pub(crate) fn base64url(bytes: &[u8]) -> Value {
    BASE64_URL_SAFE_NO_PAD.encode(bytes).into()
}

pub(crate) fn decode(text: &Value) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}
