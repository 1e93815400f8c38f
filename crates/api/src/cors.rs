//! Which web pages may read answers (spec 01 §17, spec 11 §11, spec 13 §9).

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use inkan_base::host_matches;
use inkan_config::Config;

/// No origin is longer than a scheme, a host name of 253 characters and a port.
const MAX_ORIGIN: usize = 300;

/// The allowed origins, ready for comparison.
#[derive(Clone, Debug)]
pub(crate) struct Cors {
    any: bool,
    patterns: Vec<String>,
    expose: HeaderValue,
}

impl Cors {
    pub(crate) fn new(config: &Config) -> Self {
        let cors = &config.cors;
        let any =
            cors.unsafe_wildcard_origin_allowed && cors.allow_origins.iter().any(|origin| origin == "*");
        let expose = if config.session.enable_auth_token_header {
            "Retry-After,X-RateLimit-Limit,X-RateLimit-Remaining,X-RateLimit-Reset,X-Session-Lifetime,\
             X-Session-Retention,X-Auth-Token"
        } else {
            "Retry-After,X-RateLimit-Limit,X-RateLimit-Remaining,X-RateLimit-Reset,X-Session-Lifetime,\
             X-Session-Retention"
        };
        let patterns =
            cors.allow_origins.iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect();
        Self { any, patterns, expose: HeaderValue::from_static(expose) }
    }

    /// Whether pages of this origin may read answers and send the session along.
    pub(crate) fn allows(&self, origin: &str) -> bool {
        if self.any {
            return true;
        }
        let Some(origin) = Origin::parse(origin) else { return false };
        self.patterns
            .iter()
            .filter_map(|pattern| Origin::parse(pattern))
            .any(|pattern| pattern.stands_for(&origin))
    }

    /// Adds what an answer to this request needs.
    pub(crate) fn apply(&self, method: &Method, request: &HeaderMap, response: &mut HeaderMap) {
        response.append(header::VARY, HeaderValue::from_static("Origin"));
        let origin = request.get(header::ORIGIN);
        let Some(origin) = origin.filter(|origin| origin.to_str().is_ok_and(|origin| self.allows(origin)))
        else {
            return;
        };
        response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        response.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        if method != Method::OPTIONS {
            response.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, self.expose.clone());
            return;
        }
        let methods = HeaderValue::from_static("GET,POST,PUT,PATCH,DELETE,OPTIONS");
        response.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        if let Some(headers) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            response.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, headers.clone());
        }
        response.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
        for name in ["Access-Control-Request-Method", "Access-Control-Request-Headers"] {
            response.append(header::VARY, HeaderValue::from_static(name));
        }
    }

    /// Whether a browser sends this request for a page that has no business here (score item 12). Clients without
    /// `Origin` and `Sec-Fetch-Site` are no browsers, so nobody's session is at risk.
    pub(crate) fn is_foreign_page(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(header::AUTHORIZATION) {
            return false; // no page can make a browser add it without asking first
        }
        let site = headers.get(HeaderName::from_static("sec-fetch-site")).map(HeaderValue::as_bytes);
        if matches!(site, Some(b"same-origin" | b"same-site")) {
            return false;
        }
        match headers.get(header::ORIGIN).map(HeaderValue::to_str) {
            None => site == Some(b"cross-site"),
            Some(Ok(origin)) => !self.allows(origin) && !is_own(origin, headers),
            Some(Err(_)) => true,
        }
    }
}

/// Whether the page's origin is the host that was asked. A page cannot choose the `Host` of its requests.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    host.is_some() && host == authority
}

/// An origin or a pattern of origins, in parts.
struct Origin<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<&'a str>,
}

impl<'a> Origin<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://").filter(|_| text.len() <= MAX_ORIGIN)?;
        let after_address = authority.rfind(']').map_or(0, |at| at + 1);
        let (host, port) = match authority[after_address..].find(':') {
            Some(at) => {
                let (host, port) = authority.split_at(after_address + at);
                (host, Some(&port[1..]))
            }
            None => (authority, None),
        };
        Some(Self { scheme, host, port })
    }

    fn stands_for(&self, origin: &Self) -> bool {
        let port = self.port == Some("*") || self.port == origin.port;
        let literal = self.host.split('.').any(|label| !label.contains(['*', '?']));
        self.scheme == origin.scheme && port && literal && host_matches(self.host, origin.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str], wildcard: bool) -> Cors {
        let mut config = Config::default();
        config.cors.allow_origins = origins.iter().map(|&origin| origin.to_owned()).collect();
        config.cors.unsafe_wildcard_origin_allowed = wildcard;
        Cors::new(&config)
    }

    #[test]
    fn s095_exactly_the_listed_origins() {
        let cors = cors(&["https://app.example", "http://localhost:8888/"], false);
        assert!(cors.allows("https://app.example"));
        assert!(cors.allows("http://localhost:8888"));
        for origin in [
            "http://app.example",
            "https://app.example:8443",
            "https://app.example.evil",
            "https://badapp.example",
            "https://app.example.",
            "https://app.example@evil",
            "https://evil/https://app.example",
            "https://a.app.example",
            "http://localhost",
            "http://localhost:88",
            "null",
            "*",
            "",
        ] {
            assert!(!cors.allows(origin), "{origin}");
        }
    }

    #[test]
    fn s095_patterns_stand_for_subdomains_of_the_same_scheme_and_port() {
        let cors = cors(&["https://*.app.example", "http://localhost:*"], false);
        for origin in
            ["https://a.app.example", "https://a.b.app.example", "http://localhost:5173", "http://localhost"]
        {
            assert!(cors.allows(origin), "{origin}");
        }
        for origin in [
            "https://app.example",
            "http://a.app.example",
            "https://a.app.example:8443",
            "https://evilapp.example",
            "https://a.app.example.evil",
            "https://x/.app.example",
            "http://localhost.evil:80",
        ] {
            assert!(!cors.allows(origin), "{origin}");
        }
    }

    #[test]
    fn s095_the_wildcard_needs_the_unsafe_switch() {
        assert!(!cors(&["*", "https://*", "https://*.*"], false).allows("https://a.example"));
        assert!(cors(&["*"], true).allows("null"));
    }
}
