//! `server`: addresses, and where the client address comes from. Spec 10 §6.1, decisions 16 and 25.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Report;
use crate::types::IpExtractor;

/// Addresses, and where the client address comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Server {
    /// The public API.
    pub public: Listener,
    /// The admin API.
    pub admin: Listener,
    /// The API for tenants; open only with `multi_tenancy.enabled`.
    pub management: Listener,
    /// The address of clients.
    pub ip: ClientIp,
}

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Listener {
    /// `host:port`; without a host, all interfaces.
    pub address: String,
}

/// Where the address of a client comes from. Only configured proxies are believed; none is trusted by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct ClientIp {
    /// Where the address of a client is taken from.
    #[schemars(extend("x-empty" = "default"))]
    pub extractor: IpExtractor,
    /// Networks (CIDR) of the proxies whose forwarding header is believed.
    #[schemars(with = "Vec<crate::types::NetworkText>", extend("x-env" = "TRUSTEDPROXIES"))]
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for Server {
    fn default() -> Self {
        let listener = |address: &str| Listener { address: address.to_owned() };
        Self {
            public: listener(":8000"),
            admin: listener("127.0.0.1:8001"),
            management: listener("127.0.0.1:8002"),
            ip: ClientIp::default(),
        }
    }
}

impl Default for Listener {
    fn default() -> Self {
        Self { address: ":8000".to_owned() }
    }
}

impl Default for ClientIp {
    fn default() -> Self {
        Self { extractor: IpExtractor::Direct, trusted_proxies: Vec::new() }
    }
}

impl Listener {
    /// The address with a host: `:8000` becomes `0.0.0.0:8000`.
    #[must_use]
    pub fn address(&self) -> String {
        let address = self.address.trim();
        if address.starts_with(':') { format!("0.0.0.0{address}") } else { address.to_owned() }
    }

    /// Whether only this machine can reach the address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host_and_port().is_some_and(|(host, _)| {
            host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        })
    }

    /// Host (without brackets) and port; nothing when the address is malformed.
    #[must_use]
    pub fn host_and_port(&self) -> Option<(String, u16)> {
        let address = self.address();
        let (host, port) = address.rsplit_once(':')?;
        let host = match host.strip_prefix('[') {
            Some(v6) => v6.strip_suffix(']')?,
            None if host.contains(':') => return None,
            None => host,
        };
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '/') {
            return None;
        }
        Some((host.to_owned(), port.parse().ok()?))
    }
}

impl Server {
    pub(crate) fn check(&self, report: &mut Report) {
        let listeners = [("public", &self.public), ("admin", &self.admin), ("management", &self.management)];
        for (name, listener) in listeners {
            if listener.host_and_port().is_none() {
                report.value(
                    format!("server.{name}.address"),
                    format!("expected host:port or :port, found {:?}", listener.address),
                );
            }
        }
        if self.ip.extractor != IpExtractor::Direct && self.ip.trusted_proxies.is_empty() {
            report.conflict(
                "server.ip.trusted_proxies",
                format!(
                    "{} needs the networks of your proxies, or anybody could choose an address",
                    self.ip.extractor
                ),
            );
        }
        if self.ip.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
            report.warn(
                "server.ip.trusted_proxies",
                "every address is a trusted proxy, so clients choose theirs",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Listener;

    fn listener(address: &str) -> Listener {
        Listener { address: address.to_owned() }
    }

    #[test]
    fn without_host_listens_everywhere() {
        assert_eq!(listener(":8000").address(), "0.0.0.0:8000");
        assert_eq!(listener("127.0.0.1:8001").address(), "127.0.0.1:8001");
    }

    #[test]
    fn knows_loopback() {
        for address in ["127.0.0.1:1", "localhost:1", "[::1]:1", "127.9.9.9:1"] {
            assert!(listener(address).is_loopback(), "{address}");
        }
        for address in [":1", "0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.com:1", "garbage"] {
            assert!(!listener(address).is_loopback(), "{address}");
        }
    }

    #[test]
    fn splits_host_and_port() {
        assert_eq!(listener("[::1]:80").host_and_port(), Some(("::1".to_owned(), 80)));
        for address in ["", " ", "8000", "host", "host:", "host:99999", "::1:80", "http://a:1", "[::1:80"] {
            assert_eq!(listener(address).host_and_port(), None, "{address}");
        }
    }
}
