//! `GET /.well-known/jwks.json`: the keys that verify session tokens (spec 05 §3, RFC 7517).

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::header;
use inkan_auth::App;

/// `GET /.well-known/jwks.json`.
pub(super) async fn jwks(State(app): State<Arc<App>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "max-age=600")];
    (headers, format!("{}\n", app.jwks().trim_end())).into_response()
}
