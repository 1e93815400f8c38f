//! The API for everybody (spec 01 §2).

mod account;
mod flow;
mod health;
pub(crate) mod keys;
mod related_origins;
pub(crate) mod sessions;
mod start;

use std::sync::Arc;

use axum::routing::{get, post};
use inkan_auth::App;

pub(crate) use health::alive;
pub(crate) use health::ready;

use crate::{ApiError, Routes};

/// What the handlers share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) app: Arc<App>,
    /// Where the development mailbox is, if there is one.
    pub(crate) mailbox: Option<Arc<str>>,
}

impl axum::extract::FromRef<Shared> for Arc<App> {
    fn from_ref(shared: &Shared) -> Self {
        shared.app.clone()
    }
}

/// The routes. `mailbox` is the address of the development mailbox, which the start page links to.
pub fn router(app: Arc<App>, mailbox: Option<&str>) -> Routes {
    Routes::new()
        .route("/", get(start::page))
        .route("/assets/signin.js", get(start::script))
        .route("/assets/signin.css", get(start::style))
        .route("/health/alive", get(health::alive))
        .route("/health/ready", get(health::ready))
        .route("/.well-known/jwks.json", get(keys::jwks))
        .route("/.well-known/webauthn", get(related_origins::list))
        .route("/login", post(flow::login))
        .route("/registration", post(flow::registration))
        .route("/me", get(account::me))
        .route("/logout", post(account::logout))
        .route("/sessions/validate", get(sessions::validate_own).post(sessions::validate))
        .map(|router| {
            router
                .fallback(async || ApiError::NotFound)
                .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        })
        .with_state(Shared { app, mailbox: mailbox.map(Into::into) })
}
