//! What follows from other settings. Spec 10 §2.5.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::tree;
use crate::error::Report;
use crate::sections::default_database_url;
use crate::{Config, ConnectionUrl, Limit};

/// The separate keys of the database; any of them selects PostgreSQL.
const DATABASE_PARTS: [&str; 6] = ["dialect", "host", "port", "user", "password", "database"];

/// Fills in what follows from other settings. `settings` holds what the operator set.
pub(crate) fn resolve(config: &mut Config, settings: &Value, report: &mut Report) {
    let given = |path: &str| tree::find(settings, path).is_some();
    database(config, settings, report);
    secrets(config, report);
    limits(config, report);
    let named = !config.service.name.trim().is_empty();
    if named && !given("webauthn.relying_party.display_name") {
        config.webauthn.relying_party.display_name.clone_from(&config.service.name);
    }
    if named && !given("email_delivery.from_name") {
        config.email_delivery.from_name.clone_from(&config.service.name);
    }
    if !given("email_delivery.from_address") {
        config.email_delivery.from_address = format!("noreply@{}", config.webauthn.relying_party.id);
    }
    if config.flow_locker.ttl.is_zero() {
        config.flow_locker.ttl = Duration::from_secs(15);
    }
    if config.mfa.device_trust_max_users_per_device == 0 {
        config.mfa.device_trust_max_users_per_device = 20;
    }
    if let Some(url) = config.saml.endpoint_url.strip_suffix('/') {
        config.saml.endpoint_url = url.to_owned();
    }
    if let Some(domain) = config.session.cookie.domain.strip_prefix('.') {
        config.session.cookie.domain = domain.to_owned();
    }
}

fn database(config: &mut Config, settings: &Value, report: &mut Report) {
    let given = |name: &str| tree::find(settings, &format!("database.{name}")).is_some();
    if given("url") && !config.database.url.is_blank() {
        return;
    }
    if !DATABASE_PARTS.iter().any(|name| given(name)) {
        config.database.url = default_database_url(&config.data_dir);
        return;
    }
    let database = &config.database;
    let errors = report.errors.len();
    database.check_parts(report);
    if report.errors.len() == errors {
        match postgres_url(config) {
            Some(url) => config.database.url = ConnectionUrl::new(url),
            None => report.value("database.host", "is not a host name"),
        }
    }
}

fn postgres_url(config: &Config) -> Option<String> {
    let database = &config.database;
    let mut url = Url::parse("postgres://localhost").ok()?;
    url.set_host(Some(database.host.trim())).ok()?;
    url.set_port(database.port.trim().parse().ok()).ok()?;
    url.set_username(database.user.trim()).ok()?;
    if !database.password.is_empty() {
        url.set_password(Some(database.password.expose())).ok()?;
    }
    url.path_segments_mut().ok()?.clear().push(database.database.trim());
    Some(url.to_string())
}

/// `secret_keys` and `secrets.keys` are one setting with two names.
fn secrets(config: &mut Config, report: &mut Report) {
    let (a, b) = (&config.secret_keys, &config.secrets.keys);
    match (a.is_empty(), b.is_empty()) {
        (false, false) if a != b => report.conflict(
            "secret_keys",
            "secret_keys and secrets.keys are two names of one setting and have different values; remove one",
        ),
        (true, false) => config.secret_keys.clone_from(&config.secrets.keys),
        (false, true) => config.secrets.keys.clone_from(&config.secret_keys),
        _ => {}
    }
}

fn limits(config: &mut Config, report: &mut Report) {
    let limiter = &mut config.rate_limiter;
    let limits: [(&str, &mut Limit); 5] = [
        ("passcode_limits", &mut limiter.passcode_limits),
        ("password_limits", &mut limiter.password_limits),
        ("otp_limits", &mut limiter.otp_limits),
        ("token_limits", &mut limiter.token_limits),
        ("lookup_limits", &mut limiter.lookup_limits),
    ];
    for (name, limit) in limits {
        if limit.tokens == 0 {
            limit.tokens = 1;
            report.warn(&format!("rate_limiter.{name}.tokens"), "0 means 1");
        }
        if limit.interval.is_zero() {
            limit.interval = Duration::from_secs(1);
            report.warn(&format!("rate_limiter.{name}.interval"), "0s means 1s");
        }
    }
}
