//! The baseline: what a bare handler on the same HTTP library reaches, in the same run on the same machine.

use axum::{
    Router,
    http::header,
    response::IntoResponse as _,
    routing::{get, post},
};

use crate::Failure;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:18090")]
    address: String,
    /// Size of the answer to `GET /.well-known/jwks.json` and `GET /sessions/validate`.
    #[arg(long, default_value_t = 800)]
    bytes: usize,
}

pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    let body: &'static str = Box::leak("x".repeat(options.bytes).into_boxed_str());
    let answer = move || async move { ([(header::CONTENT_TYPE, "application/json")], body).into_response() };
    let router = Router::new()
        .route("/.well-known/jwks.json", get(answer))
        .route("/sessions/validate", get(answer))
        .route("/login", post(answer));
    let listener = tokio::net::TcpListener::bind(&options.address).await?;
    Ok(axum::serve(listener, router).await?)
}
