//! `GET /.well-known/webauthn`: the origins whose pages may use passkeys of this relying party although they are not part of its
//! domain (spec 05 §8.11, WebAuthn level 3 §5.11). Browsers ask for it at the domain that is the relying-party id.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::header;
use inkan_auth::App;
use serde_json::json;

/// `GET /.well-known/webauthn`.
pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "max-age=600")];
    let origins: Vec<&str> = app.config.webauthn.relying_party.https_origins().collect();
    (headers, format!("{}\n", json!({ "origins": origins }))).into_response()
}
