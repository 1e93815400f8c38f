//! The sections of the configuration, one file each. A section holds its type, its defaults and its own checks; what
//! concerns several sections is in [`crate::check`].
//!
//! The doc comment of a field is its description in the schema and in `docs/reference/configuration.md`. `x-env` names
//! the peer's segment of the environment variable where it is not the upper-cased field name.

mod account;
mod admin;
mod audit_log;
mod cors;
mod database;
mod email;
mod email_delivery;
mod flow_locker;
mod hosted_pages;
mod jwt;
mod log;
mod mfa;
mod multi_tenancy;
mod outbound;
mod passkey;
mod password;
mod privacy;
mod rate_limiter;
mod rest_v012;
mod saml;
mod secrets;
mod security_notifications;
mod server;
mod service;
mod session;
mod third_party;
mod tracing;
mod username;
mod webauthn;
mod webhooks;

pub use account::Account;
pub use admin::Admin;
pub use audit_log::{AuditLog, AuditStorage, ConsoleOutput};
pub use cors::Cors;
pub use database::Database;
pub(crate) use database::default_url as default_database_url;
pub use email::Email;
pub use email_delivery::{EmailDelivery, Smtp};
pub use flow_locker::FlowLocker;
pub use hosted_pages::HostedPages;
pub use jwt::Jwt;
pub use log::Log;
pub use mfa::{Mfa, RecoveryCodes, SecurityKeys, Totp};
pub use multi_tenancy::MultiTenancy;
pub use outbound::Outbound;
pub use passkey::Passkey;
pub use password::Password;
pub use privacy::Privacy;
pub use rate_limiter::{Limit, RateLimiter, Redis};
pub use rest_v012::RestV012;
pub use saml::{AttributeMap, IdentityProvider, Saml, SamlOptions};
pub use secrets::{KeyManagement, Secrets};
pub use security_notifications::{Notification, Notifications, SecurityNotifications};
pub use server::{ClientIp, Listener, Server};
pub use service::Service;
pub use session::{JwtTemplate, Session, SessionCookie};
pub use third_party::{CustomProvider, Provider, Providers, ThirdParty};
pub use tracing::{Otlp, Tracing};
pub use username::Username;
pub use webauthn::{RelyingParty, Timeouts, WebAuthn, WebAuthnAttestation};
pub use webhooks::{Hook, Webhooks};
