//! Requests on flow endpoints and what is answered.

use std::fmt;

use inkan_config::Config;
use inkan_flow::{Document, FlowError, Payload};
use serde::{Deserialize, Serialize};

use super::{Failure, FlowKind};
use crate::{
    App, Context,
    sessions::{Issued, Token, session_cookie},
};

/// A request on a flow endpoint.
#[derive(Clone, Copy)]
pub struct FlowRequest<'a> {
    /// Who asks.
    pub cx: &'a Context,
    /// The endpoint.
    pub flow: FlowKind,
    /// The query string, without the question mark.
    pub query: &'a str,
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// An answer of a flow endpoint: always a flow document.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The document.
    #[serde(with = "text")]
    pub body: Vec<u8>,
    /// Headers besides those that every answer has.
    pub headers: Vec<(String, String)>,
    /// A new session whose token is not signed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<Issued>,
    /// What was done, for metrics and traces.
    #[serde(skip)]
    pub outline: Outline,
}

/// What a request did, in words of this program: none comes from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Outline {
    /// The state before.
    pub state: &'static str,
    /// The action.
    pub action: &'static str,
    /// `ok` or the code of the error.
    pub outcome: &'static str,
}

/// Of a request that did not get so far.
impl Default for Outline {
    fn default() -> Self {
        Self { state: "none", action: "none", outcome: "ok" }
    }
}

impl Outline {
    /// Of the start of a flow.
    pub(super) const START: Self = Self { state: "none", action: "start", outcome: "ok" };
}

/// Seconds after which a client may try again when the server is busy.
const BUSY_RETRY: u64 = 1;

impl Answer {
    /// A detached document: the flow, if there is one, is as it was.
    #[must_use]
    pub fn error(error: FlowError) -> Self {
        Self::detached(error, None)
    }

    pub(super) fn detached(error: FlowError, cause: Option<String>) -> Self {
        let retry = (error == FlowError::Unavailable).then_some(BUSY_RETRY);
        let mut answer = Self::new(&Document::detached(error, cause), retry);
        answer.outline.outcome = error.code();
        answer
    }

    /// The document of a new flow.
    pub(super) fn start(body: Vec<u8>) -> Self {
        Self { status: 200, body, headers: Vec::new(), session: None, outline: Outline::START }
    }

    pub(super) fn attached(document: &Document, payload_retry: Option<u64>) -> Self {
        Self::new(document, payload_retry)
    }

    fn new(document: &Document, retry_after: Option<u64>) -> Self {
        let mut headers = Vec::new();
        if let Some(seconds) = retry_after {
            headers.push(("Retry-After".to_owned(), seconds.to_string()));
        }
        let (body, outline) = (document.to_json(), Outline::default());
        Self { status: document.status(), body, headers, session: None, outline }
    }

    /// With cookies besides that of the session.
    pub(super) fn with_cookies(mut self, cookies: &[String]) -> Self {
        self.headers.extend(cookies.iter().map(|cookie| ("Set-Cookie".to_owned(), cookie.clone())));
        self
    }

    /// With the headers of a new session (spec 01, section 14), but for its token: see [`App::signed`].
    pub(super) fn with_session(mut self, config: &Config, issued: &Issued) -> Self {
        let lifetime = config.session.lifespan.as_secs().to_string();
        let retention = if issued.persistent { "persistent" } else { "session" };
        self.headers.push(("X-Session-Lifetime".to_owned(), lifetime));
        self.headers.push(("X-Session-Retention".to_owned(), retention.to_owned()));
        self.session = Some(issued.clone());
        self
    }
}

impl App {
    /// With the token of its session, if it has one. Done again when the answer is repeated.
    pub(super) fn signed(&self, mut answer: Answer) -> Result<Answer, Failure> {
        let Some(session) = answer.session.take() else { return Ok(answer) };
        let token = match session.token {
            Token::Signed(token) => token,
            Token::Claims(claims) => {
                self.keys.sign(&claims).map_err(|error| Failure::Bug(error.to_string()))?
            }
        };
        let header = match self.config.session.enable_auth_token_header {
            true => ("X-Auth-Token".to_owned(), token),
            false => ("Set-Cookie".to_owned(), session_cookie(&self.config, &token, session.persistent)),
        };
        // Before the other cookies (spec 03, section 10.3).
        let cookie = answer.headers.iter().position(|(name, _)| name == "Set-Cookie");
        answer.headers.insert(cookie.unwrap_or(answer.headers.len()), header);
        Ok(answer)
    }
}

/// Without the body, which may carry a password.
impl fmt::Debug for FlowRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowRequest").field("flow", &self.flow).finish_non_exhaustive()
    }
}

/// Without body and headers, which may carry a session token.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A document is JSON, so it is stored as the text that it is.
mod text {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(deserializer).map(String::into_bytes)
    }
}

/// The seconds to wait that a payload carries.
pub(super) fn retry_after(payload: &Payload) -> Option<u64> {
    payload.get("retry_after").and_then(serde_json::Value::as_u64).map(|seconds| seconds.max(1))
}
