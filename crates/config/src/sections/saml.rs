//! `saml`: sign-in at the identity provider of a company. Spec 10 §6.5 and §13, spec 07.

use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::is_http_url;
use crate::error::Report;
use crate::types::{DurationText, Glob, as_duration};

/// Sign-in at the identity provider of a company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Saml {
    /// Offer SAML single sign-on.
    pub enabled: bool,
    /// Base URL of the SAML endpoints.
    #[schemars(extend("x-env" = "ENDPOINT"))]
    pub endpoint_url: String,
    /// Audience of assertions.
    #[schemars(extend("x-env" = "AUDIENCEURI"))]
    pub audience_uri: String,
    /// Entity id of this service; without it `audience_uri`.
    pub entity_id: String,
    /// Target of the browser on errors and when a request names none; always an allowed target.
    #[schemars(extend("x-env" = "DEFAULTREDIRECTURL"))]
    pub default_redirect_url: String,
    /// Patterns of allowed redirect targets.
    pub allowed_redirect_urls: Vec<Glob>,
    /// Status of the redirect after a failed callback: 303, or 307 as older clients expect.
    #[schemars(range(min = 303, max = 307))]
    pub error_redirect_status: u16,
    /// Rules of the protocol.
    pub options: SamlOptions,
    /// The identity providers.
    #[schemars(extend("x-env" = "IDENTITYPROVIDERS"))]
    pub identity_providers: Vec<IdentityProvider>,
}

/// Rules of the SAML protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the file")]
pub struct SamlOptions {
    /// Sign requests.
    #[schemars(extend("x-env" = "SIGNAUTHNREQUESTS"))]
    pub sign_authn_requests: bool,
    /// Demand a new sign-in at the identity provider (`ForceAuthn`).
    #[schemars(extend("x-env" = "FORCELOGIN"))]
    pub force_login: bool,
    /// Check the certificate used for encrypted assertions.
    #[schemars(extend("x-env" = "VALIDATEENCRYPTIONCERTIFICATE"))]
    pub validate_encryption_cert: bool,
    /// Accept unsigned answers. Dangerous: anybody can then sign in as anybody.
    #[schemars(extend("x-env" = "SKIPSIGNATUREVALIDATION"))]
    pub skip_signature_validation: bool,
    /// Tolerate attributes that the metadata announce and the assertion lacks.
    #[schemars(extend("x-env" = "ALLOWMISSINGATTRIBUTES"))]
    pub allow_missing_attributes: bool,
    /// Tolerated difference of clocks, at most five minutes.
    #[serde(with = "as_duration")]
    #[schemars(with = "DurationText")]
    pub clock_skew: Duration,
}

/// An identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the file")]
pub struct IdentityProvider {
    /// Offer this identity provider.
    pub enabled: bool,
    /// Display name.
    pub name: String,
    /// E-mail domain that selects this identity provider.
    pub domain: String,
    /// URL of its metadata.
    pub metadata_url: String,
    /// Trust addresses although the identity provider does not assert that they are verified.
    pub skip_email_verification: bool,
    /// Accept its second factor in place of ours.
    pub trust_mfa: bool,
    /// Accept answers that nobody asked for; better `false`.
    pub allow_idp_initiated: bool,
    /// Name of the attribute that holds it; empty means the usual one.
    pub attribute_map: AttributeMap,
}

/// Names of the attributes of an identity provider; an empty name means the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
#[expect(missing_docs, reason = "the fields are the standard claims of their names")]
pub struct AttributeMap {
    pub name: String,
    pub family_name: String,
    pub given_name: String,
    pub middle_name: String,
    pub nickname: String,
    pub preferred_username: String,
    pub profile: String,
    pub picture: String,
    pub website: String,
    pub gender: String,
    pub birthdate: String,
    pub zone_info: String,
    pub locale: String,
    pub updated_at: String,
    pub email: String,
    pub email_verified: String,
    pub phone: String,
    pub phone_verified: String,
}

impl Default for Saml {
    fn default() -> Self {
        Self {
            enabled: false,
            endpoint_url: String::new(),
            audience_uri: String::new(),
            entity_id: String::new(),
            default_redirect_url: String::new(),
            allowed_redirect_urls: Vec::new(),
            error_redirect_status: 303,
            options: SamlOptions::default(),
            identity_providers: Vec::new(),
        }
    }
}

impl Default for SamlOptions {
    fn default() -> Self {
        Self {
            sign_authn_requests: false,
            force_login: false,
            validate_encryption_cert: false,
            skip_signature_validation: false,
            allow_missing_attributes: false,
            clock_skew: Duration::from_mins(1),
        }
    }
}

impl Default for IdentityProvider {
    fn default() -> Self {
        Self {
            enabled: false,
            name: String::new(),
            domain: String::new(),
            metadata_url: String::new(),
            skip_email_verification: false,
            trust_mfa: false,
            allow_idp_initiated: true,
            attribute_map: AttributeMap::default(),
        }
    }
}

impl Saml {
    pub(crate) fn check(&self, report: &mut Report) {
        if !matches!(self.error_redirect_status, 303 | 307) {
            report.value("saml.error_redirect_status", "expected 303 or 307");
        }
        if self.options.clock_skew > Duration::from_mins(5) {
            report.value("saml.options.clock_skew", "must be at most 5m");
        }
        if self.options.skip_signature_validation {
            report.warn("saml.options.skip_signature_validation", "anybody can sign in as anybody");
        }
        if self.enabled {
            self.check_enabled(report);
        }
    }

    fn check_enabled(&self, report: &mut Report) {
        if !is_http_url(&self.endpoint_url) {
            report.conflict("saml.endpoint_url", "SAML needs the absolute URL of its endpoints");
        }
        if self.audience_uri.trim().is_empty() {
            report.conflict("saml.audience_uri", "SAML needs an audience");
        }
        if !is_http_url(&self.default_redirect_url) {
            report.conflict("saml.default_redirect_url", "SAML needs an absolute http or https URL");
        }
        if self.identity_providers.is_empty() {
            report.conflict("saml.identity_providers", "SAML needs at least one identity provider");
        }
        let mut domains = BTreeSet::new();
        for (i, provider) in self.identity_providers.iter().enumerate().filter(|(_, p)| p.enabled) {
            let key = format!("saml.identity_providers[{i}]");
            provider.check(&key, report);
            if !domains.insert(provider.domain.trim().to_lowercase()) {
                report.conflict(format!("{key}.domain"), "belongs to another identity provider as well");
            }
        }
    }
}

impl IdentityProvider {
    fn check(&self, key: &str, report: &mut Report) {
        for (name, value) in [("name", &self.name), ("domain", &self.domain)] {
            if value.trim().is_empty() {
                report.conflict(format!("{key}.{name}"), "is needed while the identity provider is enabled");
            }
        }
        if !is_http_url(&self.metadata_url) {
            report.conflict(format!("{key}.metadata_url"), "expected an absolute http or https URL");
        }
    }
}
