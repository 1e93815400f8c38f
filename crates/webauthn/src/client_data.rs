//! Client data (WebAuthn §5.8.1): what the browser saw.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use serde::Deserialize;

use crate::{
    ceremony::{Challenge, Kind},
    input::BASE64URL,
    party::RelyingParty,
    refusal::Reason,
};

const MAX_LENGTH: usize = 8 * 1024;

/// The members that are checked; a repeated one is an error, unknown ones are ignored.
#[derive(Debug, Deserialize)]
pub(crate) struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin")]
    cross_origin: Option<bool>,
    #[serde(rename = "topOrigin")]
    top_origin: Option<String>,
    #[serde(rename = "tokenBinding")]
    _token_binding: Option<TokenBinding>,
}

/// Of older browsers (WebAuthn level 2); only the status is looked at.
#[derive(Debug, Deserialize)]
struct TokenBinding {
    #[serde(rename = "status")]
    _status: TokenBindingStatus,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TokenBindingStatus {
    Present,
    Supported,
    NotSupported,
}

impl ClientData {
    /// UTF-8 (a byte-order mark is dropped) and JSON.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Reason> {
        const MALFORMED: Reason = Reason::Malformed("client data");
        if bytes.len() > MAX_LENGTH {
            return Err(MALFORMED);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| MALFORMED)?;
        serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).map_err(|_| MALFORMED)
    }

    /// Kind, challenge and origin. Ceremonies in frames of other sites are refused: nothing here asks for them.
    pub(crate) fn check(
        &self,
        kind: Kind,
        challenge: &Challenge,
        party: &RelyingParty,
    ) -> Result<(), Reason> {
        let expected = match kind {
            Kind::Create => "webauthn.create",
            Kind::Get => "webauthn.get",
        };
        if self.kind != expected {
            return Err(Reason::Type);
        }
        let sent = BASE64URL.decode(&self.challenge).map_err(|_| Reason::Challenge)?;
        verify_slices_are_equal(&sent, challenge.as_bytes()).map_err(|_| Reason::Challenge)?;
        if !party.accepts(&self.origin) {
            return Err(Reason::Origin);
        }
        if self.cross_origin == Some(true) || self.top_origin.is_some() {
            return Err(Reason::CrossOrigin);
        }
        Ok(())
    }
}
