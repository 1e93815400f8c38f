//! `POST /login`, `POST /registration`: the Flow API. Every answer is a flow document (spec 01 §6, decision 24).

use std::sync::Arc;

use axum::{
    Extension,
    extract::{RawQuery, State},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderMap, header};
use inkan_auth::{App, Context, FlowKind, FlowRequest};

use crate::edge::render;

/// `POST /login`.
pub(super) async fn login(
    State(app): State<Arc<App>>,
    Extension(cx): Extension<Context>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    run(&app, &cx, FlowKind::Login, query.as_deref(), &headers, &body).await
}

/// `POST /registration`.
pub(super) async fn registration(
    State(app): State<Arc<App>>,
    Extension(cx): Extension<Context>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    run(&app, &cx, FlowKind::Registration, query.as_deref(), &headers, &body).await
}

async fn run(
    app: &App,
    cx: &Context,
    flow: FlowKind,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    render(app.flow(FlowRequest { cx, flow, query: query.unwrap_or_default(), content_type, body }).await)
}
