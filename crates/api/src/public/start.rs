//! `GET /`: status of the server, what to do next, and a sign-in that works (spec 01 §16.3, spec 13 §11.2).

use axum::{extract::State, response::Response};
use http::StatusCode;
use minijinja::context;

use super::Shared;
use crate::pages;

/// `GET /`: 200 when the database answers, else 500.
pub(super) async fn page(State(shared): State<Shared>) -> Response {
    let name = &shared.app.config.service.name;
    if let Err(error) = shared.app.ready().await {
        tracing::warn!(error = %error, "the start page says that the database does not answer");
        return pages::page(StatusCode::INTERNAL_SERVER_ERROR, "down.html", context! { name });
    }
    pages::page(StatusCode::OK, "start.html", context! { name, mailbox => shared.mailbox.as_deref() })
}

/// `GET /assets/signin.js`.
pub(super) async fn script() -> Response {
    pages::asset(include_str!("../../assets/signin.js"), "text/javascript; charset=UTF-8")
}

/// `GET /assets/signin.css`.
pub(super) async fn style() -> Response {
    pages::asset(include_str!("../../assets/signin.css"), "text/css; charset=UTF-8")
}
