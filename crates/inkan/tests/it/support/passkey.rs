//! Browsers with an authenticator: passkeys and security keys of tests.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use inkan_base::{Timestamp, UserId};
use inkan_store::{BackupFlags, WebauthnCredential};
use inkan_test_support::authenticator::{Authenticator, Tweaks};
use serde_json::{Value, json};

use super::{Doc, Flow};

/// Where the application of the tests is, by default.
pub(crate) const ORIGIN: &str = "http://localhost:8888";

/// An authenticator, and the page it is used on.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) authenticator: Authenticator,
    pub(crate) origin: String,
}

impl Device {
    /// With this authenticator.
    pub(crate) fn new(authenticator: Authenticator) -> Self {
        Self { authenticator, origin: ORIGIN.to_owned() }
    }

    /// A security key: it counts, and its credentials never leave it. Two of a server need different numbers.
    pub(crate) fn key(number: u64) -> Self {
        Self::new(Authenticator::new(number))
    }

    /// A phone: it does not count, and its credentials are backed up.
    pub(crate) fn phone(number: u64) -> Self {
        Self::new(Authenticator::new(number).synced())
    }

    /// On a page of another origin.
    pub(crate) fn on(mut self, origin: &str) -> Self {
        origin.clone_into(&mut self.origin);
        self
    }

    /// Makes the credential that the document asks for.
    #[track_caller]
    pub(crate) fn create(&mut self, doc: &Doc) -> Value {
        self.create_with(doc, &Tweaks::default())
    }

    /// As [`Self::create`], with mistakes.
    #[track_caller]
    pub(crate) fn create_with(&mut self, doc: &Doc, tweaks: &Tweaks) -> Value {
        let response = self.authenticator.create_with(doc.creation_options(), &self.origin, tweaks);
        response.expect("a credential that is not excluded")
    }

    /// Signs what the document asks for.
    #[track_caller]
    pub(crate) fn get(&mut self, doc: &Doc) -> Value {
        self.get_with(doc, &Tweaks::default())
    }

    /// As [`Self::get`], with mistakes.
    #[track_caller]
    pub(crate) fn get_with(&mut self, doc: &Doc, tweaks: &Tweaks) -> Value {
        let response = self.authenticator.get_with(doc.request_options(), &self.origin, tweaks);
        response.expect("a credential that fits")
    }

    /// The id of the newest credential, base64url.
    pub(crate) fn credential_id(&self) -> String {
        BASE64URL.encode(&self.authenticator.credentials().last().expect("a credential").id)
    }

    /// Makes a credential for a user who is about to be stored.
    pub(crate) fn enrol(&mut self, user: UserId, mfa_only: bool, now: Timestamp) -> WebauthnCredential {
        let resident = if mfa_only { "discouraged" } else { "required" };
        let options = json!({ "publicKey": {
            "rp": { "id": "localhost" },
            "user": { "id": BASE64URL.encode(user.0.as_bytes()) },
            "challenge": "",
            "authenticatorSelection": { "residentKey": resident, "userVerification": "preferred" },
        }});
        let response = self.authenticator.create(&options, &self.origin).expect("a credential");
        let transports = response["response"]["transports"].as_array().into_iter().flatten();
        let transports: Vec<String> = transports.map(|word| word.as_str().unwrap().to_owned()).collect();
        let synced = transports.iter().any(|word| word == "internal");
        let made = self.authenticator.credentials().last().expect("a credential");
        WebauthnCredential {
            id: made.id.clone(),
            user_id: user,
            user_handle: None,
            public_key: made.key.cose(),
            attestation_format: "none".to_owned(),
            aaguid: [0; 16],
            sign_count: i64::from(made.counter),
            transports,
            name: None,
            mfa_only,
            backup: Some(BackupFlags { eligible: synced, backed_up: synced }),
            user_verified: true,
            created_at: now,
            updated_at: now,
            last_used_at: Some(now),
        }
    }
}

impl Doc {
    /// What the browser is asked to make.
    #[track_caller]
    pub(crate) fn creation_options(&self) -> &Value {
        self.options("creation_options")
    }

    /// What the browser is asked to sign.
    #[track_caller]
    pub(crate) fn request_options(&self) -> &Value {
        self.options("request_options")
    }

    /// Whether a ceremony is asked for.
    pub(crate) fn has_options(&self) -> bool {
        let payload = &self.json["payload"];
        !payload["creation_options"].is_null() || !payload["request_options"].is_null()
    }

    #[track_caller]
    fn options(&self, member: &str) -> &Value {
        let options = &self.json["payload"][member];
        assert!(options["publicKey"].is_object(), "no {member}: {}", self.json);
        options
    }
}

impl Flow<'_> {
    /// Makes a passkey or a security key, from the state that offers it.
    pub(crate) async fn create_passkey(&mut self, device: &mut Device) -> Doc {
        self.act("webauthn_generate_creation_options", json!({})).await;
        let response = device.create(&self.doc);
        self.attest(response).await
    }

    /// Sends what an authenticator made.
    pub(crate) async fn attest(&mut self, response: Value) -> Doc {
        self.act("webauthn_verify_attestation_response", json!({ "public_key": response })).await
    }

    /// Uses a passkey or a security key, by the button.
    pub(crate) async fn use_passkey(&mut self, device: &mut Device) -> Doc {
        self.act("webauthn_generate_request_options", json!({})).await;
        self.autofill(device).await
    }

    /// Uses a passkey for the options in the last document.
    pub(crate) async fn autofill(&mut self, device: &mut Device) -> Doc {
        let response = device.get(&self.doc);
        self.assert(response).await
    }

    /// Sends what an authenticator signed.
    pub(crate) async fn assert(&mut self, response: Value) -> Doc {
        self.act("webauthn_verify_assertion_response", json!({ "assertion_response": response })).await
    }
}
