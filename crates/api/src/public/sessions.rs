//! `GET` and `POST /sessions/validate`: is there a session? (spec 05 §6.3–6.4, spec 13 §4.3)

use std::sync::Arc;

use axum::{Extension, extract::State, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use inkan_auth::{App, Context, Validation};
use inkan_base::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::error::{ApiError, json};

/// `GET /sessions/validate`: the session of the caller, without counting as use. Polled by every open page, so nothing is
/// written and no session is no error.
pub(super) async fn validate_own(
    State(app): State<Arc<App>>,
    Extension(cx): Extension<Context>,
) -> Result<Response, ApiError> {
    let validation = app.peek(&cx).await?;
    let mut response = json(StatusCode::OK, &Verdict::from(&validation));
    if matches!(validation, Validation::Invalid { idle_expired: true })
        && let Ok(removal) = HeaderValue::from_str(&app.session_cookie_removal())
    {
        response.headers_mut().insert(header::SET_COOKIE, removal);
    }
    Ok(response)
}

/// `POST /sessions/validate`: the session of a token that a back end holds. Counts as use.
pub(super) async fn validate(
    State(app): State<Arc<App>>,
    Extension(cx): Extension<Context>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let token = session_token(&headers, &body)?;
    let validation = app.validate(&cx, &token, true).await?;
    Ok(json(StatusCode::OK, &Verdict::from(&validation)))
}

/// The `session_token` member; the answers to everything else are those of the table in spec 05 §6.4.
fn session_token(headers: &HeaderMap, body: &[u8]) -> Result<String, ApiError> {
    const MISSING: ApiError = ApiError::BadRequest("session_token is required");
    if body.is_empty() {
        return Err(MISSING);
    }
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/json" => {}
        "application/x-www-form-urlencoded" | "multipart/form-data" => return Err(MISSING),
        _ => return Err(ApiError::UnsupportedMediaType),
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(mut members)) => match members.remove("session_token") {
            Some(Value::String(token)) if !token.is_empty() => Ok(token),
            None | Some(Value::Null | Value::String(_)) => Err(MISSING),
            Some(_) => Err(ApiError::BadRequest("session_token must be a string")),
        },
        Ok(_) => Err(ApiError::BadRequest("the body must be a JSON object")),
        Err(_) => Err(ApiError::BadRequest("the body is not valid JSON")),
    }
}

/// The answer.
#[derive(Serialize)]
struct Verdict<'a> {
    is_valid: bool,
    #[serde(flatten)]
    session: Option<Session<'a>>,
}

#[derive(Serialize)]
struct Session<'a> {
    claims: &'a Value,
    expiration_time: String,
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_expires_at: Option<String>,
}

impl<'a> From<&'a Validation> for Verdict<'a> {
    fn from(validation: &'a Validation) -> Self {
        let session = match validation {
            Validation::Invalid { .. } => None,
            Validation::Valid(session) => Some(Session {
                claims: &session.claims,
                expiration_time: session.expires_at.to_string(),
                user_id: session.user.to_string(),
                idle_expires_at: session.idle_expires_at.as_ref().map(Timestamp::to_string),
            }),
        };
        Self { is_valid: session.is_some(), session }
    }
}
