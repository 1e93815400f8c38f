//! `GET /me`, `POST /logout` (spec 05 §6.1–6.2).

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use inkan_auth::{App, Context, Validation};

use crate::{cors::Cors, error::ApiError, error::json};

/// `GET /me`: the profile of the caller. A vanished account is no session (spec 13 §2.4).
pub(super) async fn me(
    State(app): State<Arc<App>>,
    Extension(cx): Extension<Context>,
) -> Result<Response, ApiError> {
    let session = match app.authenticate(&cx).await? {
        Validation::Valid(session) => session,
        Validation::Invalid { idle_expired } => return Ok(no_session(&app, idle_expired)),
    };
    let profile = app.me(&cx, &session).await?.ok_or(ApiError::Unauthorized)?;
    Ok(json(StatusCode::OK, &profile))
}

/// `POST /logout`: ends the caller's session. Refused when a foreign page makes the browser send it (score item 12).
pub(super) async fn logout(
    State(app): State<Arc<App>>,
    Extension(cx): Extension<Context>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if Cors::new(&app.config).is_foreign_page(&headers) {
        return Err(ApiError::Forbidden);
    }
    let session = match app.authenticate(&cx).await? {
        Validation::Valid(session) => session,
        Validation::Invalid { idle_expired } => return Ok(no_session(&app, idle_expired)),
    };
    app.logout(&cx, &session).await?;
    let removal = [(header::SET_COOKIE, app.session_cookie_removal())];
    Ok((StatusCode::NO_CONTENT, removal).into_response())
}

/// 401. A session that ended just now because it was not used takes its cookie along (spec 05 §1.3).
fn no_session(app: &App, idle_expired: bool) -> Response {
    let mut response = ApiError::Unauthorized.into_response();
    if idle_expired && let Ok(removal) = HeaderValue::from_str(&app.session_cookie_removal()) {
        response.headers_mut().insert(header::SET_COOKIE, removal);
    }
    response
}
