//! The API for operators, on a port of its own that only this machine reaches by default (decision 16, spec 08).

mod guard;
mod mailbox;
mod metrics;
mod process;

use std::sync::Arc;

use axum::{
    middleware,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderValue, header};
use inkan_auth::App;
use inkan_mail::Mailbox;

use crate::{ApiError, Routes, public};

/// What the handlers share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    app: Arc<App>,
    mailbox: Option<Mailbox>,
}

impl axum::extract::FromRef<Shared> for Arc<App> {
    fn from_ref(shared: &Shared) -> Self {
        shared.app.clone()
    }
}

/// The routes. `mailbox` is there while no SMTP server is configured.
pub fn router(app: Arc<App>, mailbox: Option<Mailbox>) -> Routes {
    let shared = Shared { app, mailbox };
    let guarded = Routes::new()
        .route("/", get(overview))
        .route("/metrics", get(metrics::metrics))
        .route("/mailbox", get(mailbox::page))
        .route("/mailbox.json", get(mailbox::list))
        .route("/assets/signin.css", get(mailbox::style))
        .map(|router| {
            router
                .fallback(async || ApiError::NotFound)
                .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
                .layer(middleware::from_fn_with_state(shared.clone(), guard::require_operator))
        });
    Routes::new()
        .route("/health/alive", get(public::alive))
        .route("/health/ready", get(public::ready))
        .merge(guarded)
        .with_state(shared)
}

/// `GET /`: what this port is.
async fn overview() -> Response {
    let text = "Inkan admin port\n\n/health/alive\n/health/ready\n/metrics        for Prometheus\n/mailbox        mails, while no SMTP server is configured\n\
                /mailbox.json   the same for programs (?to=ADDRESS)\n";
    let mut response = text.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
