//! `GET /health/alive`, `GET /health/ready` (spec 01 §16.4; W3: readiness really asks the database).

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::StatusCode;
use inkan_auth::App;
use serde_json::json;

use crate::error::{ApiError, json as answer};

/// `GET /health/alive`: the process answers.
pub(crate) async fn alive() -> Response {
    answer(StatusCode::OK, &json!({ "alive": true }))
}

/// `GET /health/ready`: requests can be served. 503 when the database does not answer.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    app.ready().await?;
    Ok(answer(StatusCode::OK, &json!({ "ready": true })))
}
