//! `third_party`: sign-in with accounts of other services. Spec 10 §6.5 and §13, spec 06.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::is_http_url;
use crate::error::Report;
use crate::types::{Glob, Secret};

/// Sign-in with accounts of other services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct ThirdParty {
    /// Callback URL registered at the providers: `<public base>/thirdparty/callback`.
    pub redirect_url: String,
    /// Target of the browser on errors; always an allowed target.
    pub error_redirect_url: String,
    /// Target when a flow names none.
    pub default_redirect_url: String,
    /// Patterns of allowed redirect targets.
    pub allowed_redirect_urls: Vec<Glob>,
    /// The built-in providers.
    pub providers: Providers,
    /// Other OAuth 2.0 and OpenID Connect providers by key; the provider id is `custom_<key>`.
    #[schemars(extend("x-env" = "CUSTOMPROVIDERS", "x-map" = "lower"))]
    pub custom_providers: BTreeMap<String, CustomProvider>,
}

/// The built-in providers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Providers {
    /// Apple. The secret is a signed token that expires.
    pub apple: Provider,
    /// Discord.
    pub discord: Provider,
    /// GitHub.
    pub github: Provider,
    /// Google.
    pub google: Provider,
    /// LinkedIn.
    pub linkedin: Provider,
    /// Microsoft.
    pub microsoft: Provider,
    /// Facebook.
    pub facebook: Provider,
}

/// A built-in provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Provider {
    /// Offer this provider.
    pub enabled: bool,
    /// OAuth client id.
    pub client_id: String,
    /// OAuth client secret.
    pub secret: Secret,
    /// Link to an existing account with the same verified address.
    pub allow_linking: bool,
    /// OAuth `prompt` parameter.
    pub prompt: String,
    /// Accept the second factor of the provider in place of ours.
    pub trust_mfa: bool,
}

/// Another OAuth 2.0 or OpenID Connect provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct CustomProvider {
    /// Offer this provider.
    pub enabled: bool,
    /// Label of the button.
    pub display_name: String,
    /// OAuth client id.
    pub client_id: String,
    /// OAuth client secret.
    pub secret: Secret,
    /// Requested scopes; `openid` for OpenID Connect.
    pub scopes: Vec<String>,
    /// Find the endpoints at `<issuer>/.well-known/openid-configuration`.
    pub use_discovery: bool,
    /// OpenID Connect issuer.
    pub issuer: String,
    /// Authorization endpoint, without discovery.
    pub authorization_endpoint: String,
    /// Token endpoint, without discovery.
    pub token_endpoint: String,
    /// Endpoint for information about the user, without discovery.
    pub userinfo_endpoint: String,
    /// Standard claim to claim of the provider.
    pub attribute_mapping: BTreeMap<String, String>,
    /// Link to an existing account with the same verified address.
    pub allow_linking: bool,
    /// `acr_values` parameter.
    pub acr_values: Vec<String>,
    /// `prompt` parameter.
    pub prompt: String,
    /// Accept the second factor of the provider in place of ours.
    pub trust_mfa: bool,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            enabled: false,
            client_id: String::new(),
            secret: Secret::default(),
            allow_linking: true,
            prompt: String::new(),
            trust_mfa: false,
        }
    }
}

impl Providers {
    /// Key and settings of each built-in provider, in alphabetical order except Facebook, as the peer lists them.
    #[must_use]
    pub fn all(&self) -> [(&'static str, &Provider); 7] {
        [
            ("apple", &self.apple),
            ("discord", &self.discord),
            ("github", &self.github),
            ("google", &self.google),
            ("linkedin", &self.linkedin),
            ("microsoft", &self.microsoft),
            ("facebook", &self.facebook),
        ]
    }
}

impl ThirdParty {
    /// Whether people may sign in with any provider.
    #[must_use]
    pub fn any_enabled(&self) -> bool {
        self.providers.all().iter().any(|(_, provider)| provider.enabled)
            || self.custom_providers.values().any(|provider| provider.enabled)
    }

    pub(crate) fn check(&self, report: &mut Report) {
        if self.any_enabled() {
            self.check_urls(report);
        }
        for (name, provider) in self.providers.all() {
            if provider.enabled {
                let fields =
                    [("client_id", provider.client_id.as_str()), ("secret", provider.secret.expose())];
                require(&format!("third_party.providers.{name}"), &fields, report);
            }
        }
        for (name, provider) in &self.custom_providers {
            if provider.enabled {
                provider.check(&format!("third_party.custom_providers.{name}"), report);
            }
        }
    }

    fn check_urls(&self, report: &mut Report) {
        for (name, url, required) in [
            ("redirect_url", &self.redirect_url, true),
            ("error_redirect_url", &self.error_redirect_url, true),
            ("default_redirect_url", &self.default_redirect_url, false),
        ] {
            let key = format!("third_party.{name}");
            if url.trim().is_empty() {
                if required {
                    report.conflict(key, "is needed while a provider is enabled");
                }
            } else if !is_http_url(url) {
                report.value(key, format!("expected an absolute http or https URL, found {url:?}"));
            } else if name != "redirect_url" && url.ends_with('/') {
                report.value(key, "must not end with /");
            }
        }
        if self.allowed_redirect_urls.is_empty() {
            report.conflict("third_party.allowed_redirect_urls", "is needed while a provider is enabled");
        }
        for (i, pattern) in self.allowed_redirect_urls.iter().enumerate() {
            if pattern.as_str().ends_with('/') {
                report.value(format!("third_party.allowed_redirect_urls[{i}]"), "must not end with /");
            }
        }
    }
}

impl CustomProvider {
    fn check(&self, key: &str, report: &mut Report) {
        require(
            key,
            &[
                ("display_name", self.display_name.as_str()),
                ("client_id", &self.client_id),
                ("secret", self.secret.expose()),
            ],
            report,
        );
        if self.scopes.is_empty() {
            report.conflict(
                format!("{key}.scopes"),
                "at least one scope is needed while the provider is enabled",
            );
        }
        let endpoints: &[(&str, &str)] = if self.use_discovery {
            &[("issuer", &self.issuer)]
        } else {
            &[
                ("authorization_endpoint", &self.authorization_endpoint),
                ("token_endpoint", &self.token_endpoint),
                ("userinfo_endpoint", &self.userinfo_endpoint),
            ]
        };
        require(key, endpoints, report);
        for (name, url) in endpoints {
            if !url.trim().is_empty() && !is_http_url(url) {
                report.value(
                    format!("{key}.{name}"),
                    format!("expected an absolute http or https URL, found {url:?}"),
                );
            }
        }
    }
}

fn require(key: &str, fields: &[(&str, &str)], report: &mut Report) {
    for (name, value) in fields {
        if value.trim().is_empty() {
            report.conflict(format!("{key}.{name}"), "is needed while the provider is enabled");
        }
    }
}
