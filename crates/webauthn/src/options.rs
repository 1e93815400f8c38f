//! Options for the browser, as `{"publicKey": {…}}` with its members in alphabetical order. Spec 05 §8.3 and §8.4.

use std::time::Duration;

use base64::Engine;
use inkan_config::{Attachment, Attestation, UserVerification};
use serde::Serialize;

use crate::{ceremony::Challenge, cose::Algorithm, input::BASE64URL, party::RelyingParty};

/// How long a ceremony may take if the configuration says 0.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(5);

/// The time a ceremony may take: the configured one, or five minutes for 0. The same value belongs into the options and into
/// [`Ceremony::expires_at`](crate::Ceremony::expires_at).
#[must_use]
pub const fn effective_timeout(configured: Duration) -> Duration {
    if configured.is_zero() { DEFAULT_TIMEOUT } else { configured }
}

/// A credential in `excludeCredentials` or `allowCredentials`.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor<'a> {
    /// The credential id.
    pub id: &'a [u8],
    /// How its authenticator can be reached; may be empty.
    pub transports: &'a [String],
}

/// The account a credential is made for.
#[derive(Clone, Copy, Debug)]
pub struct UserEntity<'a> {
    /// The user handle: the 16 bytes of the user id, or an imported handle.
    pub handle: &'a [u8],
    /// Primary address, or the username without one.
    pub name: &'a str,
    /// Username, or the primary address without one.
    pub display_name: &'a str,
}

/// Which kind of credential is made. Spec 05 §8.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A passkey: discoverable, on any authenticator.
    Passkey,
    /// A security key as second factor.
    SecurityKey(Attachment),
}

/// What is asked when a credential is made.
#[derive(Clone, Copy, Debug)]
pub struct CreationRequest<'a> {
    /// For whom.
    pub user: UserEntity<'a>,
    /// The challenge, to be kept.
    pub challenge: &'a Challenge,
    /// Passkey or security key.
    pub kind: CredentialKind,
    /// The configured user verification of this kind.
    pub user_verification: UserVerification,
    /// The configured attestation preference of this kind.
    pub attestation: Attestation,
    /// All credentials the account has.
    pub exclude: &'a [Descriptor<'a>],
    /// The configured time-out of registrations.
    pub timeout: Duration,
}

/// What is asked when a credential is used.
#[derive(Clone, Copy, Debug)]
pub struct AssertionRequest<'a> {
    /// The challenge, to be kept.
    pub challenge: &'a Challenge,
    /// The configured user verification of this kind.
    pub user_verification: UserVerification,
    /// The credentials that may answer; empty for a sign-in without a name.
    pub allow: &'a [Descriptor<'a>],
    /// The configured time-out of sign-ins.
    pub timeout: Duration,
}

/// Options of `navigator.credentials.create`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreationOptions {
    #[serde(rename = "publicKey")]
    public_key: CreationPublicKey,
}

/// Options of `navigator.credentials.get`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestOptions {
    #[serde(rename = "publicKey")]
    public_key: RequestPublicKey,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationPublicKey {
    attestation: Attestation,
    authenticator_selection: Selection,
    challenge: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclude_credentials: Vec<CredentialDescriptor>,
    pub_key_cred_params: Vec<Parameter>,
    rp: Rp,
    timeout: u64,
    user: User,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestPublicKey {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allow_credentials: Vec<CredentialDescriptor>,
    challenge: String,
    rp_id: String,
    timeout: u64,
    user_verification: UserVerification,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Selection {
    #[serde(skip_serializing_if = "Option::is_none")]
    authenticator_attachment: Option<Attachment>,
    require_resident_key: bool,
    resident_key: &'static str,
    user_verification: UserVerification,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct CredentialDescriptor {
    id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transports: Vec<String>,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Parameter {
    alg: i64,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Rp {
    id: String,
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    display_name: String,
    id: String,
    name: String,
}

impl RelyingParty {
    /// Options for making a credential.
    #[must_use]
    pub fn creation_options(&self, request: &CreationRequest<'_>) -> CreationOptions {
        let parameter = |algorithm: Algorithm| Parameter { alg: algorithm.number(), kind: "public-key" };
        let user = &request.user;
        CreationOptions {
            public_key: CreationPublicKey {
                attestation: request.attestation,
                authenticator_selection: selection(request.kind, request.user_verification),
                challenge: request.challenge.to_text(),
                exclude_credentials: descriptors(request.exclude),
                pub_key_cred_params: Algorithm::OFFERED.map(parameter).to_vec(),
                rp: Rp { id: self.id().to_owned(), name: self.name().to_owned() },
                timeout: milliseconds(request.timeout),
                user: User {
                    display_name: user.display_name.to_owned(),
                    id: BASE64URL.encode(user.handle),
                    name: user.name.to_owned(),
                },
            },
        }
    }

    /// Options for using a credential.
    #[must_use]
    pub fn request_options(&self, request: &AssertionRequest<'_>) -> RequestOptions {
        RequestOptions {
            public_key: RequestPublicKey {
                allow_credentials: descriptors(request.allow),
                challenge: request.challenge.to_text(),
                rp_id: self.id().to_owned(),
                timeout: milliseconds(request.timeout),
                user_verification: request.user_verification,
            },
        }
    }
}

fn selection(kind: CredentialKind, user_verification: UserVerification) -> Selection {
    let attachment = match kind {
        CredentialKind::Passkey | CredentialKind::SecurityKey(Attachment::NoPreference) => None,
        CredentialKind::SecurityKey(attachment) => Some(attachment),
    };
    let passkey = kind == CredentialKind::Passkey;
    Selection {
        authenticator_attachment: attachment,
        require_resident_key: passkey,
        resident_key: if passkey { "required" } else { "discouraged" },
        user_verification,
    }
}

fn descriptors(credentials: &[Descriptor<'_>]) -> Vec<CredentialDescriptor> {
    let descriptor = |credential: &Descriptor<'_>| CredentialDescriptor {
        id: BASE64URL.encode(credential.id),
        transports: credential.transports.to_vec(),
        kind: "public-key",
    };
    credentials.iter().map(descriptor).collect()
}

fn milliseconds(timeout: Duration) -> u64 {
    u64::try_from(effective_timeout(timeout).as_millis()).unwrap_or(u64::MAX)
}
