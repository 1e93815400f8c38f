//! `webauthn`: the relying party of passkeys and security keys. Spec 10 §6.3 and §13.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{MillisNumber, as_millis};

/// The relying party of passkeys and security keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct WebAuthn {
    /// The relying party.
    pub relying_party: RelyingParty,
    /// How long a ceremony may take.
    pub timeouts: Timeouts,
    /// Which authenticators are trusted.
    pub attestation: WebAuthnAttestation,
}

/// The relying party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct RelyingParty {
    /// Relying-party id: the domain of the application, without scheme and port. Changing it makes all passkeys
    /// useless.
    pub id: String,
    /// Name shown by authenticators. Without it `service.name`.
    pub display_name: String,
    /// Accepted origins with scheme and port; Android apps as `android:apk-key-hash:<base64url SHA-256>`.
    pub origins: Vec<String>,
}

/// How long a ceremony may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Timeouts {
    /// Time for a registration, in milliseconds.
    #[serde(with = "as_millis")]
    #[schemars(with = "MillisNumber", range(max = 86_400_000))]
    pub registration: Duration,
    /// Time for a sign-in, in milliseconds.
    #[serde(with = "as_millis")]
    #[schemars(with = "MillisNumber", range(max = 86_400_000))]
    pub login: Duration,
}

/// Which authenticators are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct WebAuthnAttestation {
    /// Trusted roots: certificates (PEM) or model ids (AAGUID). Without them attestation statements are verified but
    /// not trusted.
    pub trust_anchors: Vec<String>,
    /// File with the FIDO metadata (MDS3 blob).
    pub mds_file: String,
}

impl Default for RelyingParty {
    fn default() -> Self {
        Self {
            id: "localhost".to_owned(),
            display_name: crate::PRODUCT.to_owned(),
            origins: vec!["http://localhost:8888".to_owned()],
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { registration: Duration::from_mins(10), login: Duration::from_mins(10) }
    }
}
