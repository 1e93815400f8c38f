//! What is common to all answers of a listener: request id, client address, limits, CORS, panics, the access log.

mod at_once;
mod slots;

use std::{net::IpAddr, panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body as AxumBody,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use hyper::body::Body;
use inkan_auth::{Answer, App, Context, Outline};
use inkan_flow::FlowError;
use tokio::time::Instant;
use tower::ServiceExt as _;
use tracing::{Instrument as _, Span};

use crate::{
    ApiError, Limits, RequestSpan, Routes, Tracer, body, client, context,
    cors::Cors,
    error::{RETRY_AFTER, no_store},
    metrics::{HttpMetrics, Measured, head_size, method_name},
    routes::Patterns,
};
use at_once::AtOnce;
use slots::Slots;

/// The paths that always answer with a flow document (decision 24).
const FLOW_PATHS: [&str; 2] = ["/login", "/registration"];

/// Which of the listeners this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// The API for everybody.
    Public,
    /// The API for operators.
    Admin,
}

/// Answers requests of one listener.
#[derive(Debug)]
pub struct Edge {
    surface: Surface,
    app: Arc<App>,
    router: Router,
    patterns: Patterns,
    cors: Cors,
    limits: Limits,
    slots: Slots,
    metrics: HttpMetrics,
    at_once: AtOnce,
    tracer: Option<Tracer>,
}

impl Edge {
    /// Around the routes of [`crate::public`] or [`crate::admin`].
    #[must_use]
    pub fn new(surface: Surface, app: Arc<App>, table: Routes, limits: Limits) -> Self {
        let (router, patterns) = table.into_parts();
        Self {
            surface,
            cors: Cors::new(&app.config),
            slots: Slots::new(limits.requests),
            metrics: HttpMetrics::new(&patterns),
            at_once: AtOnce::new(&app, &patterns),
            app,
            router,
            patterns,
            limits,
            tracer: None,
        }
    }

    /// With traces of requests.
    #[must_use]
    pub fn traced(mut self, tracer: Option<Tracer>) -> Self {
        self.tracer = tracer;
        self
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The answer to a request that came over a connection with `peer`. Every request gets one; a panic becomes a 500.
    pub async fn answer<B>(&self, peer: IpAddr, request: http::Request<B>) -> Response
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let started = Instant::now();
        let (mut parts, body) = request.into_parts();
        parts.uri = without_leading_slashes(parts.uri);
        let client = client::address(&self.app.config.server.ip, peer, &parts.headers);
        let id = context::request_id(&parts.headers, &self.app.names);
        let entry = Entry::new(&parts.method, &parts.uri, &parts.headers, client, id.clone());
        let (method, url) = (method_name(&parts.method), self.patterns.of(parts.uri.path()));
        let trace = self.tracer.as_ref().and_then(|tracer| Some((tracer, tracer.begin(&parts.headers)?)));
        let mut received = head_size(&parts.method, &parts.uri, &parts.headers);

        // Every line that is written meanwhile carries the id.
        let (mut response, in_database) = {
            let work = self.respond(client, &id, parts, body, started, &mut received).instrument(span(&id));
            let work = pin!(work);
            match trace {
                Some(_) => inkan_store::measured(work).await,
                None => (work.await, Duration::ZERO),
            }
        };
        self.finish(&entry.method, &entry.headers, id, &mut response);
        let (duration, status) = (started.elapsed(), response.status());
        let sent = response.body().size_hint().lower();
        self.metrics.observe(&self.app, &Measured { status, method, url, duration, received, sent });
        if self.is_logged(&entry.path) {
            entry.write(self.surface, status, duration);
        }
        if let Some((tracer, start)) = trace {
            let outline = response.extensions().get::<Outline>().copied();
            tracer.end(RequestSpan {
                start,
                duration,
                surface: self.surface,
                method: method.text,
                route: url.text,
                status: status.as_u16(),
                request_id: text(&entry.id).to_owned(),
                outline,
                in_database,
            });
        }
        response
    }

    async fn respond<B>(
        &self,
        client: IpAddr,
        id: &HeaderValue,
        parts: Parts,
        body: B,
        started: Instant,
        received: &mut u64,
    ) -> Response
    where
        B: Body<Data = Bytes> + Unpin,
    {
        if self.surface == Surface::Public && parts.method == Method::OPTIONS {
            return StatusCode::NO_CONTENT.into_response();
        }
        let cx = context::of(&self.app, client, text(id).to_owned(), &parts.headers);
        self.bounded(cx, parts, body, started, received).await
    }

    fn is_logged(&self, path: &str) -> bool {
        let metrics = self.surface == Surface::Admin && path == "/metrics";
        let wanted = self.app.config.log.log_health_and_metrics || !(metrics || path.starts_with("/health/"));
        wanted && tracing::enabled!(target: "inkan::access", tracing::Level::INFO)
    }

    /// Within the limits, or the answer that says which one was hit.
    async fn bounded<B>(
        &self,
        mut cx: Context,
        parts: Parts,
        body: B,
        started: Instant,
        received: &mut u64,
    ) -> Response
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let is_flow = self.surface == Surface::Public && FLOW_PATHS.contains(&parts.uri.path());
        let refuse = |error| refusal(is_flow, error);
        if is_too_large(&self.limits, &parts.headers) {
            return refuse(ApiError::HeadersTooLarge);
        }
        let body = match body::read(&self.limits, body).await {
            Ok(body) => {
                *received += body.len() as u64;
                body
            }
            Err(error) => {
                let mut response = refuse(error);
                // What is left of the body is not read, so nothing can follow on this connection.
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                return response;
            }
        };
        let left = self.limits.deadline.saturating_sub(started.elapsed());
        let _slot = match self.slots.take() {
            Some(slot) => Some(slot),
            None if parts.uri.path() == "/health/alive" => None,
            None => return refuse(ApiError::Unavailable),
        };
        if left.is_zero() {
            return refuse(ApiError::Unavailable);
        }
        cx.now = self.app.clock.now(); // the body may have taken its time
        let mut request = http::Request::from_parts(parts, AxumBody::from(body));
        request.extensions_mut().insert(cx);
        let work = AssertUnwindSafe(self.router.clone().oneshot(request)).catch_unwind();
        match tokio::time::timeout(left, work).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Err(_)) => self.panicked(is_flow),
            Err(_) => {
                tracing::warn!("a request took too long and was given up");
                refuse(ApiError::Unavailable)
            }
        }
    }

    fn panicked(&self, is_flow: bool) -> Response {
        self.app.metrics.handler_panics.increment(1);
        tracing::error!("a request handler panicked");
        refusal(is_flow, ApiError::Internal)
    }

    /// What all answers have in common.
    fn finish(&self, method: &Method, request: &HeaderMap, id: HeaderValue, response: &mut Response) {
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("x-request-id"), id);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.surface == Surface::Public {
            self.cors.apply(method, request, headers);
            allow_options(headers);
        }
    }
}

/// The log's span of a request.
fn span(id: &HeaderValue) -> Span {
    tracing::error_span!("request", request.id = %text(id))
}

/// A request id as text: it is ASCII.
fn text(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

fn refusal(is_flow: bool, error: ApiError) -> Response {
    if is_flow { flow_document(error) } else { error.into_response() }
}

/// `OPTIONS` is answered everywhere, so `Allow` names it.
fn allow_options(headers: &mut HeaderMap) {
    let allow = headers.get(header::ALLOW).and_then(|allow| allow.to_str().ok());
    if let Some(Ok(allow)) = allow.map(|allow| HeaderValue::from_str(&format!("{allow},OPTIONS"))) {
        headers.insert(header::ALLOW, allow);
    }
}

/// An error on a flow path, as a flow document (spec 13 §3.1).
fn flow_document(error: ApiError) -> Response {
    let error = match error {
        ApiError::BadRequest(_) | ApiError::UnsupportedMediaType => FlowError::FormDataInvalid,
        ApiError::Unauthorized => FlowError::Unauthorized,
        ApiError::Forbidden => FlowError::Forbidden,
        ApiError::NotFound | ApiError::MethodNotAllowed => FlowError::OperationNotPermitted,
        ApiError::RequestTimeout => FlowError::RequestTimeout,
        ApiError::PayloadTooLarge => FlowError::PayloadTooLarge,
        ApiError::HeadersTooLarge => FlowError::HeadersTooLarge,
        ApiError::Internal => FlowError::Technical,
        ApiError::Unavailable => FlowError::Unavailable,
    };
    render(Answer::error(error))
}

/// An answer of the domain as HTTP, with what traces want to know of it.
pub(crate) fn render(answer: Answer) -> Response {
    let outline = answer.outline;
    let mut response = document(answer);
    response.extensions_mut().insert(outline);
    response
}

fn document(answer: Answer) -> Response {
    let mut response = no_store(answer.body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let unavailable = response.status() == StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value));
        if let (Ok(name), Ok(value)) = parsed {
            headers.append(name, value);
        } else {
            tracing::error!(header = %name, "an answer has a header that cannot be sent");
        }
    }
    if unavailable && !headers.contains_key(header::RETRY_AFTER) {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    response
}

fn is_too_large(limits: &Limits, headers: &HeaderMap) -> bool {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    headers.len() > limits.headers || bytes > limits.header_bytes
}

/// `//login` becomes `/login`: clients join a base that ends with a slash and a path that begins with one (spec 13 §2.3).
fn without_leading_slashes(uri: Uri) -> Uri {
    if !uri.path().starts_with("//") {
        return uri;
    }
    let path = uri.path().trim_start_matches('/');
    let text = match uri.query() {
        Some(query) => format!("/{path}?{query}"),
        None => format!("/{path}"),
    };
    text.parse().unwrap_or(uri)
}

/// What is known of a request when its answer is logged.
struct Entry {
    method: Method,
    /// Without the query, which may carry codes.
    path: String,
    headers: HeaderMap,
    client: IpAddr,
    id: HeaderValue,
}

impl Entry {
    fn new(method: &Method, uri: &Uri, all: &HeaderMap, client: IpAddr, id: HeaderValue) -> Self {
        let mut headers = HeaderMap::new();
        for name in [header::ORIGIN, header::ACCESS_CONTROL_REQUEST_HEADERS, header::USER_AGENT] {
            if let Some(value) = all.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        let path = uri.path().chars().take(MAX_LOGGED).collect();
        Self { method: method.clone(), path, headers, client, id }
    }

    fn write(&self, surface: Surface, status: StatusCode, latency: Duration) {
        let agent =
            self.headers.get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        let agent: String = agent.unwrap_or_default().chars().take(MAX_LOGGED).collect();
        // Texts of the client go out escaped, so that none can forge a line.
        tracing::info!(
            target: "inkan::access",
            surface = ?surface,
            request.id = %text(&self.id),
            client.address = %self.client,
            http.method = %self.method,
            http.path = %self.path.escape_debug(),
            http.status = status.as_u16(),
            http.latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX),
            http.user_agent = %agent.escape_debug(),
            "request answered"
        );
    }
}

/// Characters of a client's text in the log.
const MAX_LOGGED: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_slashes_are_one() {
        for (asked, expected) in [
            ("//login?action=a%40b", "/login?action=a%40b"),
            ("///login", "/login"),
            ("/login//", "/login//"),
            ("//", "/"),
            ("/%2Flogin", "/%2Flogin"),
        ] {
            assert_eq!(without_leading_slashes(asked.parse().unwrap()), *expected, "{asked}");
        }
    }
}
