//! Where the client's address comes from (spec 01 §18, decision 25, score item 89).
//!
//! The peer of the connection is believed. A header is believed only as far as configured proxies wrote it.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use inkan_config::{ClientIp, IpExtractor};

const FORWARDED_FOR: &str = "x-forwarded-for";
const REAL_IP: &str = "x-real-ip";

/// The address of the client of a request.
pub(crate) fn address(config: &ClientIp, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let peer = peer.to_canonical();
    let client = match config.extractor {
        IpExtractor::Direct => None,
        IpExtractor::XForwardedFor => forwarded_for(config, peer, headers),
        IpExtractor::XRealIp => real_ip(config, peer, headers),
    };
    client.unwrap_or(peer)
}

/// From the right: the first address that no trusted proxy has. What stands left of it, the client wrote itself, so it is not
/// even looked at. An entry that cannot be read ends the walk: then the peer counts.
fn forwarded_for(config: &ClientIp, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    if !is_trusted(config, peer) {
        return None;
    }
    let mut leftmost = None;
    let lines: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
    for line in lines.into_iter().rev() {
        for entry in line.to_str().ok()?.rsplit(',') {
            let address = parse(entry.trim())?;
            if !is_trusted(config, address) {
                return Some(address);
            }
            leftmost = Some(address);
        }
    }
    leftmost
}

fn real_ip(config: &ClientIp, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    let mut values = headers.get_all(REAL_IP).iter();
    let value = values.next()?;
    if !is_trusted(config, peer) || values.next().is_some() {
        return None;
    }
    parse(value.to_str().ok()?.trim())
}

fn is_trusted(config: &ClientIp, address: IpAddr) -> bool {
    config.trusted_proxies.iter().any(|network| network.contains(&address))
}

/// An address, in brackets or with a port if the proxy writes it so.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip())).ok()?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(extractor: IpExtractor, peer: &str, headers: &[(&'static str, &str)]) -> String {
        let config = ClientIp {
            extractor,
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        address(&config, peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn s089_forwarded_for_is_walked_from_the_right_over_trusted_proxies_only() {
        for (peer, value, expected) in [
            ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
            ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
            ("10.0.0.1", "9.9.9.9, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
            ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("10.0.0.1", "garbage, 1.2.3.4", "1.2.3.4"),
            ("10.0.0.1", "1.2.3.4, garbage", "10.0.0.1"),
            ("10.0.0.1", "1.2.3.4,", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "1.2.3.4\u{fc}", "10.0.0.1"),
            ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
            ("10.0.0.1", "1.2.3.4:5678", "1.2.3.4"),
            ("::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"),
            ("10.0.0.1", "127.0.0.1", "127.0.0.1"),
        ] {
            let headers =
                [("x-forwarded-for", value), ("forwarded", "for=6.6.6.6"), ("x-real-ip", "7.7.7.7")];
            assert_eq!(seen(IpExtractor::XForwardedFor, peer, &headers), expected, "{peer} {value}");
        }
    }

    #[test]
    fn s089_several_lines_are_one_list() {
        let lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "1.2.3.4, 10.0.0.7")];
        assert_eq!(seen(IpExtractor::XForwardedFor, "10.0.0.1", &lines), "1.2.3.4");
    }

    #[test]
    fn s089_headers_are_ignored_unless_configured() {
        let headers =
            [("x-forwarded-for", "1.2.3.4"), ("x-real-ip", "1.2.3.4"), ("forwarded", "for=1.2.3.4")];
        assert_eq!(seen(IpExtractor::Direct, "10.0.0.1", &headers), "10.0.0.1");
    }

    #[test]
    fn s089_real_ip_only_from_a_trusted_proxy_and_only_once() {
        let one = [("x-real-ip", "[2001:db8::1]")];
        assert_eq!(seen(IpExtractor::XRealIp, "::1", &one), "2001:db8::1");
        assert_eq!(seen(IpExtractor::XRealIp, "203.0.113.9", &one), "203.0.113.9");
        assert_eq!(seen(IpExtractor::XRealIp, "10.0.0.1", &[("x-real-ip", "x")]), "10.0.0.1");
        let two = [("x-real-ip", "1.2.3.4"), ("x-real-ip", "5.6.7.8")];
        assert_eq!(seen(IpExtractor::XRealIp, "10.0.0.1", &two), "10.0.0.1");
    }
}
