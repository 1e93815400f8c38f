//! `GET /me`, `POST /logout` (spec 05 §6.1–6.2).

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, header};
use inkan_auth::{App, Context, ValidSession, Validation};

use crate::{cors::Cors, error::ApiError, error::json};

/// `GET /me`: the profile of the caller. A vanished account is no session (spec 13 §2.4).
pub(super) async fn me(
    State(app): State<Arc<App>>,
    Extension(cx): Extension<Context>,
) -> Result<Response, ApiError> {
    let session = require_session(&app, &cx).await?;
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
    let session = require_session(&app, &cx).await?;
    app.logout(&cx, &session).await?;
    let removal = [(header::SET_COOKIE, app.session_cookie_removal())];
    Ok((StatusCode::NO_CONTENT, removal).into_response())
}

async fn require_session(app: &App, cx: &Context) -> Result<ValidSession, ApiError> {
    match app.authenticate(cx).await? {
        Validation::Valid(session) => Ok(session),
        Validation::Invalid { .. } => Err(ApiError::Unauthorized),
    }
}
