//! The baseline: what a bare handler on the same HTTP library reaches, in the same run on the same machine.

use axum::{
    Router,
    http::header,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};

use crate::Failure;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:18090")]
    address: String,
    /// Size of the answer to `GET /.well-known/jwks.json`.
    #[arg(long, default_value_t = 500)]
    jwks_bytes: usize,
    /// Size of the answer to `POST /login`.
    #[arg(long, default_value_t = 700)]
    login_bytes: usize,
    /// Size of the answer to `GET /sessions/validate`.
    #[arg(long, default_value_t = 500)]
    validate_bytes: usize,
}

pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    let router = Router::new()
        .route("/.well-known/jwks.json", get(constant(options.jwks_bytes)))
        .route("/sessions/validate", get(constant(options.validate_bytes)))
        .route("/login", post(constant(options.login_bytes)));
    let listener = tokio::net::TcpListener::bind(&options.address).await?;
    Ok(axum::serve(listener, router).await?)
}

/// A handler that does nothing. Its answer passes for that of a validation, so that the same scenario can ask it.
fn constant(bytes: usize) -> impl Fn() -> std::future::Ready<Response> + Clone {
    let frame = "{\"is_valid\":true,\"x\":\"\"}\n".len();
    let body = format!("{{\"is_valid\":true,\"x\":\"{}\"}}\n", "x".repeat(bytes.saturating_sub(frame)));
    let body: &'static str = Box::leak(body.into_boxed_str());
    move || std::future::ready(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
