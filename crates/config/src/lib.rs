//! The configuration of the server: every setting, its default, where it comes from, and what is wrong with it. Spec 10.
//!
//! 1. [`Config`] holds one field per section of the file; the names are those of the file.
//! 2. [`Config::load`] reads the file and the environment, translates the names of older generations, and reports every
//!    problem at once.
//! 3. The structs are the only table of settings: their doc comments and `schemars` attributes give the JSON Schema, the
//!    names of environment variables and the reference in `docs/reference/configuration.md`.

mod check;
mod error;
mod features;
mod load;
mod reference;
mod sections;
mod types;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use error::{ConfigError, ConfigErrors, ErrorKind};
pub use load::{DEFAULT_FILE, Loaded};
pub use reference::reference_markdown;
pub use sections::*;
pub use types::{
    AcquireOn, ApiKeyHash, Attachment, Attestation, ConnectionUrl, ConsoleStream, DatabaseTarget,
    DeviceTrustPolicy, DurationError, Glob, GlobError, IpExtractor, JwtAlgorithm, KeyManagementType,
    LockStore, LogFormat, Nodes, PasscodeCharset, RateLimitStore, Retention, SameSite, Secret, SmtpTls,
    UserVerification, format_duration, parse_duration,
};

/// The name of the product, where the operator names none.
pub(crate) const PRODUCT: &str = "Inkan";

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Configuration of Inkan")]
pub struct Config {
    /// Directory of the database file, the generated secrets and the lock file.
    pub data_dir: PathBuf,
    /// How many server processes share the database.
    pub nodes: Nodes,
    /// Show internal errors in answers of the public API. Never in production.
    pub debug: bool,
    /// Secrets that protect data at rest, newest first, at least 16 bytes each. Without any, one is generated in
    /// `data_dir`.
    pub secret_keys: Vec<Secret>,
    /// Addresses, and where the client address comes from.
    pub server: Server,
    /// Who may call the admin API.
    pub admin: Admin,
    /// Where the data are.
    pub database: Database,
    /// What the server writes about itself.
    pub log: Log,
    /// Traces of requests.
    pub tracing: Tracing,
    /// Where audit records go.
    pub audit_log: AuditLog,
    /// Rate limits.
    pub rate_limiter: RateLimiter,
    /// One action at a time per flow.
    #[schemars(extend("x-env" = "FLOWLOCKER"))]
    pub flow_locker: FlowLocker,
    /// Several tenants in one server.
    #[schemars(extend("x-env" = "MULTITENANCY"))]
    pub multi_tenancy: MultiTenancy,
    /// Requests of the server to other hosts.
    pub outbound: Outbound,
    /// The product that people sign in to.
    pub service: Service,
    /// What people may do with their account.
    pub account: Account,
    /// What strangers may learn about accounts.
    pub privacy: Privacy,
    /// Addresses as identifiers and as a way to sign in.
    pub email: Email,
    /// How mails leave the server.
    pub email_delivery: EmailDelivery,
    /// User names as identifiers.
    pub username: Username,
    /// Passwords as a way to sign in.
    pub password: Password,
    /// Passkeys as a way to sign in.
    pub passkey: Passkey,
    /// Second factors.
    pub mfa: Mfa,
    /// The relying party of passkeys and security keys.
    pub webauthn: WebAuthn,
    /// How long people stay signed in, and how the session travels.
    pub session: Session,
    /// How tokens are signed.
    pub jwt: Jwt,
    /// What protects data at rest, and who holds the signing keys.
    pub secrets: Secrets,
    /// Sign-in with accounts of other services.
    pub third_party: ThirdParty,
    /// Sign-in at the identity provider of a company.
    pub saml: Saml,
    /// Which web pages may call the public API.
    pub cors: Cors,
    /// Who is told about changes.
    pub webhooks: Webhooks,
    /// Mails after sensitive changes.
    #[schemars(extend("x-env" = "SECURITYNOTIFICATIONS"))]
    pub security_notifications: SecurityNotifications,
    /// The server's own sign-in and profile pages.
    pub hosted_pages: HostedPages,
    /// The Public REST API v0.12.
    pub rest_v012: RestV012,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./data"),
            nodes: Nodes::One,
            debug: false,
            secret_keys: Vec::new(),
            server: Server::default(),
            admin: Admin::default(),
            database: Database::default(),
            log: Log::default(),
            tracing: Tracing::default(),
            audit_log: AuditLog::default(),
            rate_limiter: RateLimiter::default(),
            flow_locker: FlowLocker::default(),
            multi_tenancy: MultiTenancy::default(),
            outbound: Outbound::default(),
            service: Service::default(),
            account: Account::default(),
            privacy: Privacy::default(),
            email: Email::default(),
            email_delivery: EmailDelivery::default(),
            username: Username::default(),
            password: Password::default(),
            passkey: Passkey::default(),
            mfa: Mfa::default(),
            webauthn: WebAuthn::default(),
            session: Session::default(),
            jwt: Jwt::default(),
            secrets: Secrets::default(),
            third_party: ThirdParty::default(),
            saml: Saml::default(),
            cors: Cors::default(),
            webhooks: Webhooks::default(),
            security_notifications: SecurityNotifications::default(),
            hosted_pages: HostedPages::default(),
            rest_v012: RestV012::default(),
        }
    }
}

impl Config {
    /// The name of the session cookie.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        if self.session.cookie.name.is_empty() { "hanko" } else { &self.session.cookie.name }
    }

    /// The `aud` claim of session and webhook tokens: `session.audience`, else the relying-party id.
    #[must_use]
    pub fn audience(&self) -> Vec<String> {
        if self.session.audience.is_empty() {
            vec![self.webauthn.relying_party.id.clone()]
        } else {
            self.session.audience.clone()
        }
    }

    /// The secrets that protect data at rest, newest first; empty when the server has to generate one.
    #[must_use]
    pub fn secrets(&self) -> &[Secret] {
        if self.secret_keys.is_empty() { &self.secrets.keys } else { &self.secret_keys }
    }
}
