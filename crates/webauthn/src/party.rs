//! The relying party: its id, its name, and the origins it accepts. Spec 05 §8.1 and §8.6; spec 14, items 60 and 120.

use aws_lc_rs::digest::{SHA256, digest};
use inkan_base::same_host;
use url::Url;

/// The relying party of passkeys and security keys.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    id: String,
    name: String,
    origins: Vec<Origin>,
    id_hash: [u8; 32],
}

/// An origin of the configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an origin: expected scheme and host, such as https://example.com")]
pub struct OriginError(String);

impl RelyingParty {
    /// The relying party of the configuration.
    ///
    /// # Errors
    /// An origin is none.
    pub fn from_config(config: &inkan_config::WebAuthn) -> Result<Self, OriginError> {
        let party = &config.relying_party;
        Self::new(&party.id, &party.display_name, &party.origins)
    }

    /// A relying party. Hosts beyond ASCII are brought into the form that browsers send.
    ///
    /// # Errors
    /// An origin is none.
    pub fn new(id: &str, name: &str, origins: &[String]) -> Result<Self, OriginError> {
        let origins = origins.iter().map(|origin| Origin::configured(origin)).collect::<Result<_, _>>()?;
        Ok(Self { id: id.to_owned(), name: name.to_owned(), origins, id_hash: sha256(&[id.as_bytes()]) })
    }

    /// The relying-party id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name that authenticators show.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn id_hash(&self) -> &[u8; 32] {
        &self.id_hash
    }

    /// Whether the client's `origin` is one of ours: the same scheme, host and port and nothing else. A path, a query, user
    /// information or a dot at the end make it another origin.
    pub(crate) fn accepts(&self, origin: &str) -> bool {
        let sent = Origin::sent(origin);
        self.origins.iter().any(|known| known.same(&sent))
    }
}

/// An origin in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    Web {
        scheme: String,
        host: String,
        port: u16,
    },
    /// An app, compared as a whole: `android:apk-key-hash:…`.
    App(String),
}

impl Origin {
    fn configured(text: &str) -> Result<Self, OriginError> {
        if text.starts_with("android:apk-key-hash:") {
            return Ok(Self::App(text.to_owned()));
        }
        let url = Url::parse(text).map_err(|_| OriginError(text.to_owned()))?;
        match Self::sent(&url.origin().ascii_serialization()) {
            web @ Self::Web { .. } => Ok(web),
            Self::App(_) => Err(OriginError(text.to_owned())),
        }
    }

    /// As the client sent it; whatever is not exactly scheme, host and port is an app's, and matches only itself.
    fn sent(text: &str) -> Self {
        Self::web(text).unwrap_or_else(|| Self::App(text.to_owned()))
    }

    fn web(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let standard = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return None,
        };
        let bracket = rest.find(']').unwrap_or(0);
        let (host, port) = match rest[bracket..].find(':') {
            None => (rest, standard),
            Some(colon) => (&rest[..bracket + colon], digits(&rest[bracket + colon + 1..])?),
        };
        // A host equals itself only if it is well-formed: no path, no user, no empty label.
        same_host(host, host).then(|| Self::Web { scheme, host: host.to_owned(), port })
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Web { scheme, host, port },
                Self::Web { scheme: other_scheme, host: other_host, port: other_port },
            ) => scheme == other_scheme && port == other_port && same_host(host, other_host),
            (Self::App(app), Self::App(other)) => app == other,
            _ => false,
        }
    }
}

fn digits(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// SHA-256 over the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let whole = digest(&SHA256, &parts.concat());
    let mut hash = [0; 32];
    hash.copy_from_slice(whole.as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(configured: &str, sent: &str) -> bool {
        RelyingParty::new("example.com", "Example", &[configured.to_owned()]).unwrap().accepts(sent)
    }

    #[test]
    fn s120_only_the_same_scheme_host_and_port() {
        for same in ["https://example.com", "HTTPS://EXAMPLE.com", "https://example.com:443"] {
            assert!(accepts("https://example.com", same), "{same}");
        }
        for other in [
            "http://example.com",
            "https://example.com:444",
            "https://example.com:",
            "https://example.com:0443x",
            "https://a.example.com",
            "https://badexample.com",
            "https://example.com.evil",
            "https://example.com.",
            "https://.example.com",
            "https://examplе.com",
            "https://example.com/",
            "https://example.com/path",
            "https://example.com?query",
            "https://example.com#fragment",
            "https://user@example.com",
            "https://example.com\\@evil.example",
            "https:example.com",
            "example.com",
            "android:apk-key-hash:https://example.com",
            "",
        ] {
            assert!(!accepts("https://example.com", other), "{other}");
        }
        assert!(accepts("http://[::1]:8888", "http://[::1]:8888"));
        assert!(!accepts("http://[::1]:8888", "http://[::1]"));
        assert!(accepts("https://bücher.example", "https://xn--bcher-kva.example"));
    }

    #[test]
    fn s060_apps_are_compared_as_a_whole() {
        let app = "android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert!(accepts(app, app));
        assert!(!accepts(app, &app.to_lowercase()));
        assert!(!accepts(app, &format!("{app}/")));
        assert!(!accepts(app, "android:apk-key-hash:"));
    }

    #[test]
    fn what_is_no_origin_is_refused_at_start() {
        for text in ["example.com", "ftp://example.com", "", "https://"] {
            assert!(RelyingParty::new("example.com", "Example", &[text.to_owned()]).is_err(), "{text}");
        }
    }
}
