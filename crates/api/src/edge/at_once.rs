//! Answers that wait for nothing: the public keys, the start of a flow, a session that is known to be good.
//!
//! These are by far the most frequent requests. They need no body, no database and no time, so they are answered before the
//! router, the log's span, timers and a task's state come into play. What holds for every answer holds for them: limits, request
//! id, CORS, metrics, access log, panics. Whatever is not quite so simple takes the usual way.

use std::{
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
};

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use hyper::body::Body;
use inkan_auth::FlowKind;
use inkan_base::TenantId;
use tokio::time::Instant;

use super::{Edge, Entry, Surface, document, is_too_large, span};
use crate::{
    client, context,
    error::no_store,
    metrics::{Measured, head_size, method_name},
    public::{keys, sessions},
    routes::{Pattern, Patterns},
};

/// The routes that may be answered at once, and what they need.
#[derive(Debug)]
pub(super) struct AtOnce {
    keys: Bytes,
    patterns: [Pattern; 4],
}

#[derive(Clone, Copy)]
enum Route {
    Keys,
    Start(FlowKind),
    Validate,
}

const KEYS: &str = "/.well-known/jwks.json";
const LOGIN: &str = "/login";
const REGISTRATION: &str = "/registration";
const VALIDATE: &str = "/sessions/validate";

impl AtOnce {
    pub(super) fn new(app: &inkan_auth::App, patterns: &Patterns) -> Self {
        let patterns = [KEYS, LOGIN, REGISTRATION, VALIDATE].map(|path| patterns.of(path));
        Self { keys: keys::text(app), patterns }
    }

    const fn pattern(&self, route: Route) -> Pattern {
        let [keys, login, registration, validate] = self.patterns;
        match route {
            Route::Keys => keys,
            Route::Start(FlowKind::Login) => login,
            Route::Start(FlowKind::Registration) => registration,
            Route::Validate => validate,
        }
    }
}

fn route(method: &Method, path: &str, query: Option<&str>) -> Option<Route> {
    let starts = query.is_none_or(str::is_empty);
    match (method, path) {
        (&Method::GET, KEYS) => Some(Route::Keys),
        (&Method::POST, LOGIN) if starts => Some(Route::Start(FlowKind::Login)),
        (&Method::POST, REGISTRATION) if starts => Some(Route::Start(FlowKind::Registration)),
        (&Method::GET, VALIDATE) => Some(Route::Validate),
        _ => None,
    }
}

impl Edge {
    /// The answer to a request that can be answered at once. `None`: it is for [`Edge::answer`].
    pub fn answer_at_once<B: Body>(&self, peer: IpAddr, request: &Request<B>) -> Option<Response> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        let route = route(method, uri.path(), uri.query())?;
        let usual = self.surface == Surface::Public
            && self.tracer.is_none()
            && request.body().is_end_stream()
            && !is_too_large(&self.limits, headers);
        if !usual {
            return None;
        }
        let started = Instant::now();
        let _slot = self.slots.take()?;
        let done = catch_unwind(AssertUnwindSafe(|| self.answer_route(route, headers)));
        let id = context::request_id(headers, &self.app.names);
        let mut response = match done {
            Ok(response) => response?,
            Err(_) => span(&id).in_scope(|| self.panicked(!matches!(route, Route::Keys | Route::Validate))),
        };
        self.finish(method, headers, id.clone(), &mut response);
        let (duration, status) = (started.elapsed(), response.status());
        let received = head_size(method, uri, headers);
        let sent = response.body().size_hint().lower();
        let (name, url) = (method_name(method), self.at_once.pattern(route));
        self.metrics.observe(&self.app, &Measured { status, method: name, url, duration, received, sent });
        if self.is_logged(uri.path()) {
            let client = client::address(&self.app.config.server.ip, peer, headers);
            Entry::new(method, uri, headers, client, id).write(self.surface, status, duration);
        }
        Some(response)
    }

    /// `None`: not at once.
    fn answer_route(&self, route: Route, headers: &HeaderMap) -> Option<Response> {
        match route {
            Route::Keys => Some(keys::answer(self.at_once.keys.clone())),
            Route::Start(flow) => {
                let answer = self.app.start_flow(flow, TenantId::DEFAULT, self.app.clock.now());
                Some(document(answer))
            }
            Route::Validate => {
                // The first token that is good decides; if that is not the first one, somebody has to look.
                let token = context::tokens(headers, self.app.config.cookie_name()).next()?;
                let session = self.app.peek_cached(token, self.app.clock.now())?;
                Some(no_store(sessions::valid(&session)))
            }
        }
    }
}
