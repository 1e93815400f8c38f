//! `third_party`: sign-in with accounts of other services. Spec 10 §6.5 and §13, spec 06.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
