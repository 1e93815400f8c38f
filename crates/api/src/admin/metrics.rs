//! `GET /metrics`: the Prometheus text format (spec 11 §9).

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::header;
use inkan_auth::App;

use super::process;

const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut page = app.metrics_page().await;
    process::put(&mut page);
    let headers = [(header::CONTENT_TYPE, TEXT_FORMAT), (header::CACHE_CONTROL, "no-store")];
    (headers, page.into_text()).into_response()
}
