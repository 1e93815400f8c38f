//! `GET` and `POST /sessions/validate`: is there a session? (spec 05 §6.3–6.4, spec 13 §4.3)

use std::{fmt::Write as _, sync::Arc};

use axum::{Extension, extract::State, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use inkan_auth::{App, Context, ValidSession, Validation};
use serde_json::Value;

use crate::error::{ApiError, no_store};

/// `GET /sessions/validate`: the session of the caller, without counting as use. Polled by every open page, so nothing is
/// written and no session is no error.
pub(super) async fn validate_own(
    State(app): State<Arc<App>>,
    Extension(cx): Extension<Context>,
) -> Result<Response, ApiError> {
    let validation = app.peek(&cx).await?;
    let mut response = verdict(&validation);
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
    Ok(verdict(&validation))
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

/// The answer, as JSON with a line end. The members are written by hand: this is the most frequent answer of all.
fn verdict(validation: &Validation) -> Response {
    match validation {
        Validation::Valid(session) => no_store(valid(session)),
        Validation::Invalid { .. } => no_store(Bytes::from_static(b"{\"is_valid\":false}\n")),
    }
}

pub(crate) fn valid(session: &ValidSession) -> Bytes {
    let claims = session.claims.get();
    let mut text = String::with_capacity(claims.len() + 200);
    // Times and ids need no escapes, and writing into a `String` cannot fail.
    let _ = write!(
        text,
        "{{\"is_valid\":true,\"claims\":{claims},\"expiration_time\":\"{}\",\"user_id\":\"{}\"",
        session.expires_at, session.user
    );
    if let Some(idle_expires_at) = session.idle_expires_at {
        let _ = write!(text, ",\"idle_expires_at\":\"{idle_expires_at}\"");
    }
    text.push_str("}\n");
    text.into()
}
