//! The facts of one request that use cases need.

use std::{fmt, net::IpAddr};

use inkan_base::{TenantId, Timestamp};
use inkan_mail::Language;

/// Longest header value that is stored (spec 11, section 1.6: a longer one must not make a sign-in fail).
const MAX_STORED: usize = 255;

/// Who asks, when, and from where.
#[derive(Clone)]
pub struct Context {
    /// The tenant the request belongs to.
    pub tenant: TenantId,
    /// The time of the request, read once.
    pub now: Timestamp,
    /// Identifies the request in logs and audit records.
    pub request_id: String,
    /// The client's address.
    pub client: IpAddr,
    /// The `User-Agent` header, cut to 255 bytes.
    pub user_agent: String,
    /// Language of mails that this request causes.
    pub language: Language,
    /// Session tokens that came with the request, in the order in which they are tried (spec 05, section 5.1).
    pub tokens: Vec<String>,
    /// The cookie of trusted devices; empty if there is none (spec 05, section 9).
    pub device_cookie: String,
}

/// Without the tokens.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("tenant", &self.tenant)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl Context {
    /// A request without any headers.
    #[must_use]
    pub fn new(tenant: TenantId, now: Timestamp, client: IpAddr) -> Self {
        Self {
            tenant,
            now,
            request_id: String::new(),
            client,
            user_agent: String::new(),
            language: Language::En,
            tokens: Vec::new(),
            device_cookie: String::new(),
        }
    }

    /// With the `User-Agent` header, cut at a character boundary.
    #[must_use]
    pub fn with_user_agent(mut self, user_agent: &str) -> Self {
        let mut end = user_agent.len().min(MAX_STORED);
        while !user_agent.is_char_boundary(end) {
            end -= 1;
        }
        user_agent[..end].clone_into(&mut self.user_agent);
        self
    }

    /// The address as limits count it: a whole IPv6 /64 is one client, because it usually is (spec 01, W19).
    #[must_use]
    pub fn client_key(&self) -> String {
        match self.client.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let s = address.segments();
                format!("{:x}:{:x}:{:x}:{:x}::/64", s[0], s[1], s[2], s[3])
            }
        }
    }
}
