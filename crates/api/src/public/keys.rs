//! `GET /.well-known/jwks.json`: the keys that verify session tokens (spec 05 §3, RFC 7517).

use std::sync::Arc;

use axum::{extract::State, response::Response};
use bytes::Bytes;
use http::HeaderValue;
use inkan_auth::App;

use crate::error::text_answer;

/// `GET /.well-known/jwks.json`.
pub(super) async fn jwks(State(app): State<Arc<App>>) -> Response {
    answer(text(&app))
}

/// The keys with a line end. They stay the same as long as the server runs.
pub(crate) fn text(app: &App) -> Bytes {
    format!("{}\n", app.jwks().trim_end()).into()
}

pub(crate) fn answer(text: Bytes) -> Response {
    text_answer(text, HeaderValue::from_static("max-age=600"))
}
