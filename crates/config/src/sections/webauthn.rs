//! `webauthn`: the relying party of passkeys and security keys. Spec 10 §6.3 and §13.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::Report;
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
    /// Trusted roots: certificates (PEM), and model ids (AAGUID) if only some models are accepted. With a root, or with
    /// `mds_file`, a credential that is asked for an attestation needs a certificate that leads to one; without them
    /// attestation statements are verified but not judged.
    pub trust_anchors: Vec<String>,
    /// File with the FIDO metadata (MDS3 blob). Its models are trusted, those it reports as compromised are refused. A new
    /// file is needed before its next update is due: from then on it vouches for nothing.
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

impl WebAuthn {
    /// Whether the relying party is this machine, as in development.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.relying_party.id == "localhost"
    }

    pub(crate) fn check(&self, report: &mut Report) {
        let party = &self.relying_party;
        if !is_domain(&party.id) {
            report.value(
                "webauthn.relying_party.id",
                format!(
                    "expected a domain without scheme and port, such as example.com, found {:?}",
                    party.id
                ),
            );
        }
        if party.display_name.trim().is_empty() {
            report.value("webauthn.relying_party.display_name", "must not be empty");
        }
        if party.origins.is_empty() {
            report.value("webauthn.relying_party.origins", "at least one origin is needed");
        }
        for (i, origin) in party.origins.iter().enumerate() {
            check_origin(&format!("webauthn.relying_party.origins[{i}]"), origin, &party.id, report);
        }
        self.timeouts.check(report);
    }
}

impl RelyingParty {
    /// The origins of web pages that are served with TLS.
    pub fn https_origins(&self) -> impl Iterator<Item = &str> {
        self.origins
            .iter()
            .map(String::as_str)
            .filter(|origin| origin.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://")))
    }
}

impl Timeouts {
    fn check(&self, report: &mut Report) {
        for (name, timeout) in [("registration", self.registration), ("login", self.login)] {
            if !timeout.is_zero() && timeout < Duration::from_secs(10) {
                report.warn(
                    &format!("webauthn.timeouts.{name}"),
                    format_args!("{} are milliseconds: nobody is that fast", timeout.as_millis()),
                );
            }
        }
    }
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let numeric = text.rsplit('.').next().is_some_and(|last| last.chars().all(|c| c.is_ascii_digit()));
    text.len() <= 253 && !numeric && text.split('.').all(label)
}

fn check_origin(key: &str, origin: &str, id: &str, report: &mut Report) {
    if let Some(hash) = origin.strip_prefix("android:apk-key-hash:") {
        let base64url = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if hash.len() != 43 || !hash.chars().all(base64url) {
            report.value(key, "expected android:apk-key-hash:<SHA-256 in base64url, 43 characters>");
        }
        return;
    }
    let url = Url::parse(origin).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(url) =
        url.filter(|url| matches!(url.path(), "" | "/") && url.query().is_none() && !origin.ends_with('/'))
    else {
        report.value(key, format!("expected scheme and host, such as https://example.com, found {origin:?}"));
        return;
    };
    let host = url.host_str().unwrap_or_default();
    if host != id && !host.ends_with(&format!(".{id}")) {
        let message = format_args!(
            "{host} is not part of the relying party {id}; browsers refuse passkeys there unless \
             https://{id}/.well-known/webauthn leads to this server"
        );
        report.warn(key, message);
    }
    if url.scheme() == "http" && host != "localhost" && !host.ends_with(".localhost") {
        report.warn(key, "browsers offer passkeys only with https");
    }
}
