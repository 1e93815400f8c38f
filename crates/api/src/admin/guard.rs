//! Who may use the admin port (decision 16, spec 08, score item 97).
//!
//! With keys: whoever sends one. Without keys the port is bound to this machine; then the request must name this machine as
//! its host, or a page of a foreign name that was pointed to 127.0.0.1 could read it (DNS rebinding).

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, header};
use inkan_base::same_host;
use inkan_crypto::{same, sha256};

use super::Shared;
use crate::ApiError;

/// Lets operators through.
pub(super) async fn require_operator(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let keys = &shared.app.config.admin.api_keys;
    let allowed = if keys.is_empty() {
        names_this_machine(request.headers())
    } else {
        let hash = sent_key(request.headers()).map(|key| sha256(key.as_bytes())).unwrap_or_default();
        // All keys are compared, so that the time does not tell which one was close.
        keys.iter().filter(|key| same(key.as_bytes(), &hash)).count() > 0
    };
    if allowed { next.run(request).await } else { ApiError::Unauthorized.into_response() }
}

fn sent_key(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && values.next().is_none()).then(|| key.trim())
}

/// Whether `Host` is `localhost` or a loopback address.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    same_host(name, "localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn s097_foreign_names_of_this_machine_are_refused() {
        let named = |host: &'static str| {
            names_this_machine(&HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]))
        };
        for host in ["localhost", "LOCALHOST:8001", "127.0.0.1:8001", "127.9.9.9", "[::1]:8001", "[::1]"] {
            assert!(named(host), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil", "127.0.0.1.evil", "10.0.0.1", "", "localhost.", "x@localhost"]
        {
            assert!(!named(host), "{host}");
        }
        assert!(!names_this_machine(&HeaderMap::new()));
    }

    #[test]
    fn s097_one_bearer_key() {
        let of = |value: &'static str| {
            HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))])
        };
        assert_eq!(sent_key(&of("bearer  k ")), Some("k"));
        assert_eq!(sent_key(&of("Basic k")), None);
        assert_eq!(sent_key(&HeaderMap::new()), None);
    }
}
