//! `session`: how long people stay signed in, and how the session travels. Spec 10 §6.4, spec 05 §1.3, §2.5, §4.2.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Report;
use crate::types::{DurationText, Retention, SameSite, as_duration};

/// How long people stay signed in, and how the session travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the file")]
pub struct Session {
    /// Lifetime of a session and of its token.
    #[serde(with = "as_duration")]
    #[schemars(with = "DurationText")]
    pub lifespan: Duration,
    /// Time without use after which a session ends; `0s` switches it off.
    #[serde(with = "as_duration")]
    #[schemars(with = "DurationText")]
    pub idle_timeout: Duration,
    /// Most sessions per account; the oldest ends first.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: u32,
    /// `iss` claim; empty means none.
    pub issuer: String,
    /// `aud` claim; empty means the relying-party id.
    pub audience: Vec<String>,
    /// Send the token in the header `X-Auth-Token` instead of the cookie.
    pub enable_auth_token_header: bool,
    /// The session cookie.
    pub cookie: SessionCookie,
    /// Keep the client address with the session.
    #[schemars(extend("x-env" = "ACQUIREIPADDRESS"))]
    pub acquire_ip_address: bool,
    /// Keep the user agent with the session.
    #[schemars(extend("x-env" = "ACQUIREUSERAGENT"))]
    pub acquire_user_agent: bool,
    /// People may end their own sessions in the profile.
    #[schemars(extend("x-env" = "ALLOWREVOCATION"))]
    pub allow_revocation: bool,
    /// Show sessions in the profile.
    #[schemars(extend("x-env" = "SHOWONPROFILE"))]
    pub show_on_profile: bool,
    /// A changed or recovered password ends all other sessions of the account.
    pub end_others_on_password_change: bool,
    /// Additional claims of the token.
    #[schemars(extend("x-env" = "JWTTEMPLATE"))]
    pub jwt_template: JwtTemplate,
}

/// The session cookie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct SessionCookie {
    /// Name; empty means `hanko`.
    pub name: String,
    /// `Domain` attribute; empty leaves it out.
    pub domain: String,
    /// `HttpOnly` attribute.
    pub http_only: bool,
    /// `Secure` attribute.
    pub secure: bool,
    /// `SameSite` attribute; `none` needs `secure`.
    pub same_site: SameSite,
    /// How long the cookie stays in the browser.
    pub retention: Retention,
}

/// Additional claims of the token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct JwtTemplate {
    /// Claim names and their values; texts are templates (`{{ .User.Email.Address }}`). The claims `sub iat exp nbf jti
    /// aud iss email username session_id amr` belong to the server.
    pub claims: Map<String, Value>,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            lifespan: Duration::from_hours(12),
            idle_timeout: Duration::ZERO,
            limit: 5,
            issuer: String::new(),
            audience: Vec::new(),
            enable_auth_token_header: false,
            cookie: SessionCookie::default(),
            acquire_ip_address: true,
            acquire_user_agent: true,
            allow_revocation: true,
            show_on_profile: true,
            end_others_on_password_change: true,
            jwt_template: JwtTemplate::default(),
        }
    }
}

impl Default for SessionCookie {
    fn default() -> Self {
        Self {
            name: String::new(),
            domain: String::new(),
            http_only: true,
            secure: true,
            same_site: SameSite::Strict,
            retention: Retention::Persistent,
        }
    }
}

impl Session {
    /// The idle time-out, if it is switched on.
    #[must_use]
    pub fn idle_timeout(&self) -> Option<Duration> {
        (!self.idle_timeout.is_zero()).then_some(self.idle_timeout)
    }
}

/// Claims that only the server writes.
const RESERVED_CLAIMS: [&str; 11] =
    ["sub", "iat", "exp", "nbf", "jti", "aud", "iss", "email", "username", "session_id", "amr"];

impl Session {
    pub(crate) fn check(&self, report: &mut Report) {
        if self.lifespan < Duration::from_secs(1) {
            report.value("session.lifespan", "must be at least 1s");
        }
        for claim in self.jwt_template.claims.keys().filter(|claim| RESERVED_CLAIMS.contains(&claim.as_str()))
        {
            report.value(
                format!("session.jwt_template.claims.{claim}"),
                "this claim belongs to the server; choose another name",
            );
        }
        if self.audience.iter().any(|audience| audience.trim().is_empty()) {
            report.value("session.audience", "must not contain an empty entry");
        }
        self.cookie.check(report);
    }
}

impl SessionCookie {
    fn check(&self, report: &mut Report) {
        if !self.name.is_empty() && !crate::check::is_cookie_name(&self.name) {
            report.value("session.cookie.name", "is not a name that a cookie can have");
        }
        if self.domain.contains(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.')) {
            report.value(
                "session.cookie.domain",
                format!("expected a domain without scheme and port, found {:?}", self.domain),
            );
        }
        if self.same_site == SameSite::None && !self.secure {
            report.conflict("session.cookie.same_site", "none needs session.cookie.secure");
        }
        let (host, secure) = (self.name.starts_with("__Host-"), self.name.starts_with("__Secure-"));
        if (host || secure) && !self.secure || host && !self.domain.is_empty() {
            report.conflict(
                "session.cookie.name",
                "browsers accept __Secure- only with secure, and __Host- only with secure and without domain",
            );
        }
    }
}
