//! What is common to all answers of a listener: request id, client address, limits, CORS, panics, the access log.

use std::{net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

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
use tokio::{sync::Semaphore, time::Instant};
use tower::ServiceExt as _;
use tracing::Instrument as _;

use crate::{
    ApiError, Limits, RequestSpan, Routes, Tracer, body, client, context,
    cors::Cors,
    error::RETRY_AFTER,
    metrics::{HttpMetrics, Measured, head_size, method_name},
    routes::Patterns,
};

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
    slots: Semaphore,
    metrics: HttpMetrics,
    tracer: Option<Tracer>,
}

impl Edge {
    /// Around the routes of [`crate::public`] or [`crate::admin`].
    #[must_use]
    pub fn new(surface: Surface, app: Arc<App>, table: Routes, limits: Limits) -> Self {
        let (router, patterns) = table.into_parts();
        let (slots, metrics) = (Semaphore::new(limits.requests), HttpMetrics::default());
        let cors = Cors::new(&app.config);
        Self { surface, cors, app, router, patterns, limits, slots, metrics, tracer: None }
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
        let id = context::request_id(&parts.headers, self.app.rng.as_ref());
        let entry = Entry::new(&parts, client, &id);
        let (method, url) = (method_name(&parts.method), self.patterns.of(parts.uri.path()));
        let trace = self.tracer.as_ref().and_then(|tracer| Some((tracer, tracer.begin(&parts.headers)?)));
        let mut received = head_size(&parts);

        // Every line that is written meanwhile carries the id.
        let span = tracing::error_span!("request", request.id = %id);
        let work = self.respond(client, &id, parts, body, started, &mut received).instrument(span);
        let (mut response, in_database) = match trace {
            Some(_) => inkan_store::measured(work).await,
            None => (work.await, Duration::ZERO),
        };
        self.finish(&entry, &id, &mut response);
        let (duration, status) = (started.elapsed(), response.status());
        let sent = response.body().size_hint().lower();
        self.metrics.observe(&self.app, &Measured { status, method, url, duration, received, sent });
        if self.is_logged(&entry) {
            entry.write(self.surface, status, duration);
        }
        if let Some((tracer, start)) = trace {
            let outline = response.extensions().get::<Outline>().copied();
            let (surface, route, status) = (self.surface, url, status.as_u16());
            let request_id = id;
            tracer.end(RequestSpan {
                start,
                duration,
                surface,
                method,
                route,
                status,
                request_id,
                outline,
                in_database,
            });
        }
        response
    }

    async fn respond<B>(
        &self,
        client: IpAddr,
        id: &str,
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
        let cx = context::of(&self.app, client, id.to_owned(), &parts.headers);
        self.bounded(cx, parts, body, started, received).await
    }

    fn is_logged(&self, entry: &Entry) -> bool {
        let metrics = self.surface == Surface::Admin && entry.path == "/metrics";
        self.app.config.log.log_health_and_metrics || !(metrics || entry.path.starts_with("/health/"))
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
        let refuse = |error| if is_flow { flow_document(error) } else { error.into_response() };
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
        let _slot = match self.slots.try_acquire() {
            Ok(slot) => Some(slot),
            Err(_) if parts.uri.path() == "/health/alive" => None,
            Err(_) => return refuse(ApiError::Unavailable),
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
            Ok(Err(_)) => {
                self.app.metrics.handler_panics.increment(1);
                tracing::error!("a request handler panicked");
                refuse(ApiError::Internal)
            }
            Err(_) => {
                tracing::warn!("a request took too long and was given up");
                refuse(ApiError::Unavailable)
            }
        }
    }

    fn finish(&self, entry: &Entry, id: &str, response: &mut Response) {
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(HeaderName::from_static("x-request-id"), id);
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.surface == Surface::Public {
            self.cors.apply(&entry.method, &entry.headers, headers);
            allow_options(headers);
        }
    }
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

/// An answer of the domain as HTTP.
pub(crate) fn render(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    response.extensions_mut().insert(answer.outline);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in answer.headers {
        let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value));
        if let (Ok(name), Ok(value)) = parsed {
            headers.append(name, value);
        } else {
            tracing::error!(header = %name, "an answer has a header that cannot be sent");
        }
    }
    if status == StatusCode::SERVICE_UNAVAILABLE && !headers.contains_key(header::RETRY_AFTER) {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
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
    id: String,
}

impl Entry {
    fn new(parts: &Parts, client: IpAddr, id: &str) -> Self {
        let mut headers = HeaderMap::new();
        for name in [header::ORIGIN, header::ACCESS_CONTROL_REQUEST_HEADERS, header::USER_AGENT] {
            if let Some(value) = parts.headers.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        let path = parts.uri.path().chars().take(MAX_LOGGED).collect();
        Self { method: parts.method.clone(), path, headers, client, id: id.to_owned() }
    }

    fn write(&self, surface: Surface, status: StatusCode, latency: Duration) {
        let agent =
            self.headers.get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        let agent: String = agent.unwrap_or_default().chars().take(MAX_LOGGED).collect();
        // Texts of the client go out escaped, so that none can forge a line.
        tracing::info!(
            target: "inkan::access",
            surface = ?surface,
            request.id = %self.id,
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
