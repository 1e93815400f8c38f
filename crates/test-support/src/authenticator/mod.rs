//! An authenticator in software: answers WebAuthn options as a browser and its authenticator would, or wrongly where a test
//! says so ([`Tweaks`]). It shares no code with the server: what both get wrong in the same way would not be noticed.
//!
//! ```text
//! let mut phone = Authenticator::new(1).synced();
//! let response = phone.create(&options, "https://example.com").unwrap();
//! let forged = phone.get_with(&options, "https://evil.example", &Tweaks::default());
//! ```
//!
//! Everything but signatures follows from the seed.

mod cbor;
mod der;
mod keys;
mod maker;
mod platform;
mod statement;

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value, json};

pub use cbor::Cbor;
pub use keys::{Algorithm, Key};
pub use maker::{Intermediate, Leaf, Maker};
pub use statement::Attestation;

/// An authenticator with the credentials it made.
#[derive(Debug)]
pub struct Authenticator {
    seed: u64,
    drawn: u64,
    algorithm: Algorithm,
    attestation: Attestation,
    aaguid: [u8; 16],
    synced: bool,
    maker: Maker,
    credentials: Vec<Credential>,
}

/// A credential in the authenticator.
pub struct Credential {
    /// The credential id.
    pub id: Vec<u8>,
    /// The relying party it was made for.
    pub rp_id: String,
    /// The user handle it was made for.
    pub user_handle: Vec<u8>,
    /// Whether it is found without being named.
    pub discoverable: bool,
    /// How often it signed.
    pub counter: u32,
    /// Its key.
    pub key: Key,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("rp_id", &self.rp_id)
            .field("counter", &self.counter)
            .finish_non_exhaustive()
    }
}

/// The entries of a CBOR map.
pub type Entries = Vec<(Cbor, Cbor)>;

/// What to do wrongly. `None` and `false` mean: as it should be.
#[derive(Clone, Debug, Default)]
pub struct Tweaks {
    /// Another `type` in the client data.
    pub kind: Option<&'static str>,
    /// Another challenge (text) in the client data.
    pub challenge: Option<String>,
    /// `crossOrigin` in the client data; otherwise false.
    pub cross_origin: Option<bool>,
    /// `topOrigin` in the client data.
    pub top_origin: Option<&'static str>,
    /// The whole client data.
    pub client_data: Option<Vec<u8>>,
    /// The relying-party id that is hashed.
    pub rp_id: Option<&'static str>,
    /// UP; otherwise set.
    pub user_present: Option<bool>,
    /// UV; otherwise set unless the options discourage it.
    pub user_verified: Option<bool>,
    /// BE; otherwise whether the authenticator is synced.
    pub backup_eligible: Option<bool>,
    /// BS; otherwise whether the authenticator is synced.
    pub backed_up: Option<bool>,
    /// The counter; otherwise it grows, or stays 0 if the authenticator is synced.
    pub counter: Option<u32>,
    /// Changes the authenticator data before they are signed.
    pub edit_data: Option<fn(&mut Vec<u8>)>,
    /// Changes the attestation statement after it was made.
    pub edit_statement: Option<fn(&mut Entries)>,
    /// Changes the certificate of the statement before it is made.
    pub edit_leaf: Option<fn(&mut Leaf)>,
    /// Changes what a trusted platform module certifies before it is signed.
    pub edit_info: Option<fn(&mut Vec<u8>)>,
    /// The name of the attestation format.
    pub format: Option<&'static str>,
    /// Changes the encoded attestation object.
    pub edit_object: Option<fn(&mut Vec<u8>)>,
    /// Breaks the signature, of assertion or statement.
    pub break_signature: bool,
    /// `userHandle`; `Some(None)` leaves it out.
    pub user_handle: Option<Option<Vec<u8>>>,
    /// `id` and `rawId`, without changing the signed data.
    pub id: Option<Vec<u8>>,
    /// `rawId` alone.
    pub raw_id: Option<Vec<u8>>,
    /// `transports`; otherwise `internal` and `hybrid` if synced, else `usb`.
    pub transports: Option<Value>,
}

impl Tweaks {
    fn edit(&self, leaf: &mut Leaf) {
        if let Some(edit) = self.edit_leaf {
            edit(leaf);
        }
    }
}

impl Authenticator {
    /// A security key: ES256, no attestation, its credentials never leave it. The same seed gives the same keys and ids.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            drawn: 0,
            algorithm: Algorithm::Es256,
            attestation: Attestation::None,
            aaguid: [0; 16],
            synced: false,
            maker: Maker::new(0),
            credentials: Vec::new(),
        }
    }

    /// Makes keys of this algorithm, whatever was asked for.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Attests with this kind of statement.
    #[must_use]
    pub fn attestation(mut self, attestation: Attestation) -> Self {
        self.attestation = attestation;
        self
    }

    /// Is of this model.
    #[must_use]
    pub fn aaguid(mut self, aaguid: [u8; 16]) -> Self {
        self.aaguid = aaguid;
        self
    }

    /// Comes from this maker.
    #[must_use]
    pub fn maker(mut self, maker: Maker) -> Self {
        self.maker = maker;
        self
    }

    /// Backs its credentials up, as phones do: BE and BS set, no counter.
    #[must_use]
    pub fn synced(mut self) -> Self {
        self.synced = true;
        self
    }

    /// The credentials, oldest first.
    #[must_use]
    pub fn credentials(&self) -> &[Credential] {
        &self.credentials
    }

    /// The credentials, to be changed behind the server's back.
    pub fn credentials_mut(&mut self) -> &mut Vec<Credential> {
        &mut self.credentials
    }

    /// `navigator.credentials.create` with `{"publicKey": {…}}` on a page of `origin`. `None` if one of its credentials is
    /// excluded.
    ///
    /// # Panics
    /// The options are none.
    pub fn create(&mut self, options: &Value, origin: &str) -> Option<Value> {
        self.create_with(options, origin, &Tweaks::default())
    }

    /// As [`Self::create`], with mistakes.
    ///
    /// # Panics
    /// The options are none.
    pub fn create_with(&mut self, options: &Value, origin: &str, tweaks: &Tweaks) -> Option<Value> {
        let options = &options["publicKey"];
        let excluded = ids(&options["excludeCredentials"]);
        if self.credentials.iter().any(|credential| excluded.contains(&credential.id)) {
            return None;
        }
        let rp_id = options["rp"]["id"].as_str().expect("rp.id").to_owned();
        let selection = &options["authenticatorSelection"];
        let verified = selection["userVerification"] != "discouraged";
        let credential = Credential {
            id: self.draw(32),
            user_handle: decode(&options["user"]["id"]),
            discoverable: selection["residentKey"] != "discouraged",
            counter: 0,
            key: Key::derive(self.algorithm, &self.draw(32)),
            rp_id,
        };
        let client_data = client_data("webauthn.create", options, origin, tweaks);
        let mut data = self.data(&credential, verified, tweaks);
        data[32] |= 0x40;
        data.extend(self.aaguid);
        data.extend(u16::try_from(credential.id.len()).expect("a short id").to_be_bytes());
        data.extend(&credential.id);
        data.extend(credential.key.cose());
        if let Some(edit) = tweaks.edit_data {
            edit(&mut data);
        }
        let object = self.attestation.object(self, &credential, data, &client_data, tweaks);
        let transports = tweaks.transports.clone().unwrap_or_else(|| self.transports());
        let response = json!({
            "attestationObject": BASE64URL.encode(object),
            "clientDataJSON": BASE64URL.encode(&client_data),
            "transports": transports,
        });
        let response = envelope(&credential, &response, tweaks);
        self.credentials.push(credential);
        Some(response)
    }

    /// `navigator.credentials.get` with `{"publicKey": {…}}` on a page of `origin`. `None` if it has no fitting credential.
    ///
    /// # Panics
    /// The options are none.
    pub fn get(&mut self, options: &Value, origin: &str) -> Option<Value> {
        self.get_with(options, origin, &Tweaks::default())
    }

    /// As [`Self::get`], with mistakes.
    ///
    /// # Panics
    /// The options are none.
    pub fn get_with(&mut self, options: &Value, origin: &str, tweaks: &Tweaks) -> Option<Value> {
        let options = &options["publicKey"];
        let rp_id = options["rpId"].as_str().expect("rpId");
        let allowed = ids(&options["allowCredentials"]);
        let fits = |credential: &Credential| {
            let named = allowed.contains(&credential.id);
            credential.rp_id == rp_id && (named || (allowed.is_empty() && credential.discoverable))
        };
        let found = self.credentials.iter().rposition(fits)?;
        if !self.synced {
            self.credentials[found].counter += 1;
        }
        let credential = &self.credentials[found];
        let client_data = client_data("webauthn.get", options, origin, tweaks);
        let mut data = self.data(credential, options["userVerification"] != "discouraged", tweaks);
        if let Some(edit) = tweaks.edit_data {
            edit(&mut data);
        }
        let mut signature = credential.key.sign(&[&data[..], &sha256(&client_data)].concat());
        if tweaks.break_signature {
            spoil(&mut signature);
        }
        let own = credential.discoverable.then(|| credential.user_handle.clone());
        let mut response = json!({
            "authenticatorData": BASE64URL.encode(data),
            "clientDataJSON": BASE64URL.encode(client_data),
            "signature": BASE64URL.encode(signature),
        });
        if let Some(handle) = tweaks.user_handle.clone().unwrap_or(own) {
            response["userHandle"] = BASE64URL.encode(handle).into();
        }
        Some(envelope(credential, &response, tweaks))
    }

    /// The first 37 bytes of the authenticator data.
    fn data(&self, credential: &Credential, verified: bool, tweaks: &Tweaks) -> Vec<u8> {
        let flags = [
            (0, tweaks.user_present.unwrap_or(true)),
            (2, tweaks.user_verified.unwrap_or(verified)),
            (3, tweaks.backup_eligible.unwrap_or(self.synced)),
            (4, tweaks.backed_up.unwrap_or(self.synced)),
        ];
        let flags = flags.iter().fold(0, |all, (bit, set)| all | u8::from(*set) << bit);
        let mut data = sha256(tweaks.rp_id.unwrap_or(&credential.rp_id).as_bytes());
        data.push(flags);
        data.extend(tweaks.counter.unwrap_or(credential.counter).to_be_bytes());
        data
    }

    fn transports(&self) -> Value {
        if self.synced { json!(["internal", "hybrid"]) } else { json!(["usb"]) }
    }

    fn draw(&mut self, length: usize) -> Vec<u8> {
        self.drawn += 1;
        let hash = sha256(&[self.seed.to_be_bytes(), self.drawn.to_be_bytes()].concat());
        hash[..length].to_vec()
    }
}

/// `CollectedClientData` in the order that WebAuthn §5.8.1.1 prescribes.
fn client_data(kind: &str, options: &Value, origin: &str, tweaks: &Tweaks) -> Vec<u8> {
    if let Some(client_data) = &tweaks.client_data {
        return client_data.clone();
    }
    let mut members = Map::new();
    members.insert("type".into(), tweaks.kind.unwrap_or(kind).into());
    members.insert(
        "challenge".into(),
        tweaks.challenge.clone().map_or_else(|| options["challenge"].clone(), Into::into),
    );
    members.insert("origin".into(), origin.into());
    members.insert("crossOrigin".into(), tweaks.cross_origin.unwrap_or(false).into());
    if let Some(top) = tweaks.top_origin {
        members.insert("topOrigin".into(), top.into());
    }
    Value::Object(members).to_string().into_bytes()
}

fn envelope(credential: &Credential, response: &Value, tweaks: &Tweaks) -> Value {
    let id = tweaks.id.as_ref().unwrap_or(&credential.id);
    json!({
        "authenticatorAttachment": "cross-platform",
        "clientExtensionResults": {},
        "id": BASE64URL.encode(id),
        "rawId": BASE64URL.encode(tweaks.raw_id.as_ref().unwrap_or(id)),
        "response": response,
        "type": "public-key",
    })
}

fn ids(descriptors: &Value) -> Vec<Vec<u8>> {
    descriptors.as_array().into_iter().flatten().map(|descriptor| decode(&descriptor["id"])).collect()
}

fn decode(text: &Value) -> Vec<u8> {
    BASE64URL.decode(text.as_str().expect("a text")).expect("base64url")
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// Changes the last byte: the signature stays well-formed but is another one.
fn spoil(signature: &mut [u8]) {
    if let Some(last) = signature.last_mut() {
        *last ^= 1;
    }
}
