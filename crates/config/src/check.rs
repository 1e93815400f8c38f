//! What must hold between sections, and the forms that several sections share. Spec 10 §3.1, §3.2, §4.

use url::Url;

use crate::error::Report;
use crate::{AcquireOn, Attestation, Config, DatabaseTarget, Nodes, RateLimitStore};

/// Runs the checks of all sections and those between them.
pub(crate) fn check(config: &Config, report: &mut Report) {
    config.server.check(report);
    config.database.check(report);
    config.log.check(report);
    config.tracing.check(report);
    config.rate_limiter.check(report);
    config.flow_locker.check(report);
    config.service.check(report);
    config.email_delivery.check(report);
    config.username.check(report);
    config.password.check(report);
    config.mfa.check(report);
    config.webauthn.check(report);
    config.session.check(report);
    config.third_party.check(report);
    config.saml.check(report);
    config.cors.check(report);
    config.webhooks.check(report);
    config.secrets.key_management.check(report);
    secret_length(config, report);
    admin_keys(config, report);
    nodes(config, report);
    limiter_store(config, report);
    usable_accounts(config, report);
    deliverable(config, report);
    cookies(config, report);
    attestation(config, report);
    never_asked_for(config, report);
}

/// An absolute `http` or `https` URL with a host.
pub(crate) fn is_http_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// A name that may stand in a cookie header.
pub(crate) fn is_cookie_name(name: &str) -> bool {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty() && name.len() <= 128 && name.chars().all(token)
}

/// `host:port` with a host.
pub(crate) fn is_host_and_port(address: &str) -> bool {
    let listener = crate::Listener { address: address.to_owned() };
    !address.trim().starts_with(':') && listener.host_and_port().is_some_and(|(_, port)| port > 0)
}

fn secret_length(config: &Config, report: &mut Report) {
    for (i, secret) in config.secrets().iter().enumerate() {
        if secret.expose().len() < 16 {
            report.value(
                format!("secret_keys[{i}]"),
                "is shorter than 16 bytes; make one with: openssl rand -base64 32",
            );
        }
    }
}

fn admin_keys(config: &Config, report: &mut Report) {
    let missing = |address: &str| {
        format!(
            "{address} can be reached from other machines, so admin.api_keys must name at least one key; \
             or listen on 127.0.0.1"
        )
    };
    if !config.admin.api_keys.is_empty() {
        return;
    }
    let server = &config.server;
    if server.admin.host_and_port().is_some() && !server.admin.is_loopback() {
        report.conflict("server.admin.address", missing(&server.admin.address));
    }
    if config.multi_tenancy.enabled && !server.management.is_loopback() {
        report.conflict("server.management.address", missing(&server.management.address));
    }
}

fn nodes(config: &Config, report: &mut Report) {
    if config.nodes != Nodes::Many {
        return;
    }
    if matches!(config.database.target(), DatabaseTarget::Sqlite(_)) {
        report.conflict("nodes", "several nodes need PostgreSQL; set database.url");
    }
    if config.secrets().is_empty() {
        report.conflict("nodes", "several nodes need the same secrets; set secret_keys");
    }
    if config.rate_limiter.enabled && config.rate_limiter.store == RateLimitStore::InMemory {
        report.conflict("nodes", "several nodes need a shared rate_limiter.store: postgres or redis");
    }
}

fn limiter_store(config: &Config, report: &mut Report) {
    let sqlite = matches!(config.database.target(), DatabaseTarget::Sqlite(_));
    if config.rate_limiter.enabled && config.rate_limiter.store == RateLimitStore::Postgres && sqlite {
        report.conflict("rate_limiter.store", "postgres needs a PostgreSQL database.url");
    }
}

/// Somebody must be able to sign up and to sign in (spec 10 §14.10).
fn usable_accounts(config: &Config, report: &mut Report) {
    let (email, username) = (&config.email, &config.username);
    let foreign = config.saml.enabled || config.third_party.any_enabled();
    if !email.enabled && !username.enabled && !foreign {
        report.conflict("email.enabled", "nobody could register: enable email or username");
        return;
    }
    let by_email = email.enabled && email.use_as_login_identifier;
    let by_username = username.enabled && username.use_as_login_identifier;
    let passcode = by_email && email.use_for_authentication;
    let known_by_name = (by_email || by_username) && config.password.enabled;
    if !(passcode || known_by_name || config.passkey.enabled || foreign) {
        report.conflict(
            "password.enabled",
            "nobody could sign in: enable password or passkey, or email.use_for_authentication, \
             with an identifier (email.use_as_login_identifier or username.use_as_login_identifier)",
        );
    }
    let asked = email.enabled && email.acquire_on_registration
        || username.enabled && username.acquire_on_registration;
    if config.account.allow_signup && !asked && !foreign {
        report.warn(
            "email.acquire_on_registration",
            "registration asks for no identifier, so nobody can register",
        );
    }
}

fn deliverable(config: &Config, report: &mut Report) {
    let subscribed = config.webhooks.enabled
        && config.webhooks.hooks.iter().any(|hook| hook.events.iter().any(|event| event == "email.send"));
    let needed =
        config.email.enabled && (config.email.require_verification || config.email.use_for_authentication);
    if needed && !config.email_delivery.enabled && !subscribed {
        report.warn("email_delivery.enabled", "mails are neither sent nor handed to a hook for email.send");
    }
}

fn cookies(config: &Config, report: &mut Report) {
    if config.mfa.device_trust_cookie_name == config.cookie_name() {
        report.conflict("mfa.device_trust_cookie_name", "is also the name of the session cookie");
    }
    let header = config.session.enable_auth_token_header;
    if !header && !config.session.cookie.secure && !config.webauthn.is_local() {
        report.warn("session.cookie.secure", "the session cookie is also sent without TLS");
    }
}

/// Who lists trusted authenticators must ask for statements, else none is looked at. Not asking for those of passkeys can be
/// meant: phones that copy their passkeys have none, and security keys may be judged all the same.
fn attestation(config: &Config, report: &mut Report) {
    let trust = &config.webauthn.attestation;
    if trust.trust_anchors.is_empty() && trust.mds_file.trim().is_empty() {
        return;
    }
    let (passkey, keys) = (&config.passkey, &config.mfa.security_keys);
    let kinds = [
        (passkey.enabled, "passkey.attestation_preference", passkey.attestation_preference),
        (
            config.mfa.enabled && keys.enabled,
            "mfa.security_keys.attestation_preference",
            keys.attestation_preference,
        ),
    ];
    let used = kinds.iter().filter(|(used, ..)| *used);
    let judged = used.clone().any(|(.., asked)| *asked != Attestation::None);
    for (_, key, asked) in used {
        match asked {
            Attestation::None if !judged => report.conflict(
                *key,
                "with none no statement is looked at, although webauthn.attestation says whom to trust; set it to direct",
            ),
            Attestation::None => report.warn(key, "with none webauthn.attestation does not count here"),
            Attestation::Indirect => report.warn(
                key,
                "with indirect browsers may take the statement away, and then webauthn.attestation refuses the authenticator",
            ),
            Attestation::Direct => {}
        }
    }
}

/// What is required and never asked for is required of nobody.
fn never_asked_for(config: &Config, report: &mut Report) {
    let (passkey, mfa) = (&config.passkey, &config.mfa);
    let never = [passkey.acquire_on_registration, passkey.acquire_on_login] == [AcquireOn::Never; 2];
    if passkey.enabled && !passkey.optional && never {
        report.warn("passkey.optional", "passkeys are required of nobody while both acquire_on_… are never");
    }
    if mfa.enabled && !mfa.optional && !mfa.acquire_on_registration && !mfa.acquire_on_login {
        report.warn(
            "mfa.optional",
            "accounts without a second factor are not asked for one while both acquire_on_… are false",
        );
    }
}
