//! What is measured of each request (spec 11 §9). There is no label for the host: its values would be the client's.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::{HeaderMap, Method, StatusCode, Uri};
use inkan_auth::{App, metrics::Series};

use crate::routes::{Pattern, Patterns};

/// Methods with names of their own, and one for all others.
const METHODS: usize = 10;
/// Most routes answer a method with fewer statuses; what is beyond is found in a slower way.
const STATUSES: usize = 4;

/// The series of one listener, where finding one takes no lock: by the number of the pattern and the method.
#[derive(Debug)]
pub(crate) struct HttpMetrics(Vec<[Place; METHODS]>);

type Place = [OnceLock<(u16, Arc<Series>)>; STATUSES];

/// One answered request.
pub(crate) struct Measured {
    pub(crate) status: StatusCode,
    pub(crate) method: MethodName,
    pub(crate) url: Pattern,
    pub(crate) duration: Duration,
    pub(crate) received: u64,
    pub(crate) sent: u64,
}

/// A method as a label.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MethodName {
    number: usize,
    pub(crate) text: &'static str,
}

impl HttpMetrics {
    pub(crate) fn new(patterns: &Patterns) -> Self {
        Self((0..patterns.count()).map(|_| Default::default()).collect())
    }

    pub(crate) fn observe(&self, app: &App, measured: &Measured) {
        let Measured { status, method, url, duration, received, sent } = *measured;
        let status = status.as_u16();
        let make = || app.metrics.requests.of(status, method.text, url.text);
        let place = self.0.get(url.number).and_then(|methods| methods.get(method.number));
        for slot in place.into_iter().flatten() {
            let (of, series) = slot.get_or_init(|| (status, make()));
            if *of == status {
                return series.observe(duration, received, sent);
            }
        }
        make().observe(duration, received, sent);
    }
}

/// The method as a label: anybody may invent one.
pub(crate) fn method_name(method: &Method) -> MethodName {
    let (number, text) = match *method {
        Method::GET => (0, "GET"),
        Method::HEAD => (1, "HEAD"),
        Method::POST => (2, "POST"),
        Method::PUT => (3, "PUT"),
        Method::PATCH => (4, "PATCH"),
        Method::DELETE => (5, "DELETE"),
        Method::OPTIONS => (6, "OPTIONS"),
        Method::CONNECT => (7, "CONNECT"),
        Method::TRACE => (8, "TRACE"),
        _ => (METHODS - 1, "other"),
    };
    MethodName { number, text }
}

/// The size of a request without its body, as it was on the wire, more or less.
pub(crate) fn head_size(method: &Method, uri: &Uri, headers: &HeaderMap) -> u64 {
    let uri = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
    let headers: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    (method.as_str().len() + uri + headers + 12) as u64
}
