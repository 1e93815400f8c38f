//! What the peer accepts without complaint (spec 10 §3.2) and what becomes of it here.

use std::time::Duration;

use super::{errors, fails, loaded, yaml};
use crate::ErrorKind::{Conflict, Value};

#[test]
fn sessions_that_crash_or_expire_at_once_are_refused() {
    fails("session: {limit: 0}", Value, "session.limit");
    fails("session: {limit: -1}", Value, "session.limit");
    fails("session: {lifespan: '-5m'}", Value, "session.lifespan");
    fails("session: {lifespan: 0s}", Value, "session.lifespan");
    fails("session: {lifespan: 999ms}", Value, "session.lifespan");
    fails("session: {idle_timeout: garbage}", Value, "session.idle_timeout");
}

#[test]
fn enumerations_are_closed() {
    for key in [
        "session.cookie.same_site",
        "session.cookie.retention",
        "password.acquire_on_registration",
        "password.acquire_on_login",
        "passkey.acquire_on_registration",
        "passkey.acquire_on_login",
        "passkey.user_verification",
        "passkey.attestation_preference",
        "mfa.device_trust_policy",
        "mfa.security_keys.attestation_preference",
        "mfa.security_keys.authenticator_attachment",
        "mfa.security_keys.user_verification",
        "audit_log.console_output.output",
        "jwt.algorithm",
        "email_delivery.smtp.tls",
    ] {
        let mut text = "sometimes".to_owned();
        for name in key.rsplit('.') {
            text = format!("{{{name}: {text}}}");
        }
        let message = fails(&text, Value, key);
        assert!(message.starts_with("expected one of "), "{message}");
    }
}

#[test]
fn accounts_must_be_usable() {
    fails("{email: {enabled: false}, username: {enabled: false}}", Conflict, "email.enabled");
    fails(
        "{email: {use_as_login_identifier: false}, passkey: {enabled: false}}",
        Conflict,
        "password.enabled",
    );
    fails(
        "{email: {use_for_authentication: false}, passkey: {enabled: false}, password: {enabled: false}}",
        Conflict,
        "password.enabled",
    );
    yaml("{email: {use_for_authentication: false}, password: {enabled: false}}");
    yaml("{email: {enabled: false}, username: {enabled: true}}");
    assert_eq!(loaded("email: {acquire_on_registration: false}", &[]).warnings.len(), 1);
}

#[test]
fn zero_limits_mean_one_and_are_told() {
    let found = loaded("rate_limiter: {otp_limits: {tokens: 0, interval: 0s}}", &[]);
    let limit = found.config.rate_limiter.otp_limits;
    assert_eq!((limit.tokens, limit.interval), (1, Duration::from_secs(1)));
    assert_eq!(found.warnings.len(), 2);
    fails("rate_limiter: {otp_limits: {tokens: -1}}", Value, "rate_limiter.otp_limits.tokens");
}

#[test]
fn redis_addresses_need_a_port_and_no_database() {
    for address in ["redis", "redis:6379/1", ":6379", "redis:0"] {
        let text = format!("rate_limiter: {{store: redis, redis_config: {{address: '{address}'}}}}");
        fails(&text, Value, "rate_limiter.redis_config.address");
    }
}

#[test]
fn mail_settings_are_checked_while_they_count() {
    fails("email_delivery: {from_address: '', smtp: {host: a}}", Value, "email_delivery.from_address");
    fails("email_delivery: {from_address: 'a b@c', smtp: {host: a}}", Value, "email_delivery.from_address");
    fails("email_delivery: {smtp: {host: a, port: smtp}}", Value, "email_delivery.smtp.port");
    fails("email_delivery: {smtp: {host: a, port: 70000}}", Value, "email_delivery.smtp.port");
    let c = yaml("email_delivery: {from_address: ''}");
    assert!(c.email_delivery.development_mailbox());
    let c = yaml("email_delivery: {smtp: {host: a, port: '587'}}");
    assert!(!c.email_delivery.development_mailbox() && !c.email_delivery.smtp.implicit_tls());
    assert!(yaml("email_delivery: {smtp: {host: a}}").email_delivery.smtp.implicit_tls());
    assert!(!yaml("email_delivery: {enabled: false}").email_delivery.development_mailbox());
    assert_eq!(loaded("email_delivery: {enabled: false}", &[]).warnings.len(), 1);
}

#[test]
fn origins() {
    for everybody in ["*", "https://*", "*://*", "http://*:*", "**"] {
        let text = format!("cors: {{allow_origins: ['{everybody}']}}");
        fails(&text, Conflict, "cors.allow_origins[0]");
        yaml(&format!("{{cors: {{allow_origins: ['{everybody}'], unsafe_wildcard_origin_allowed: true}}}}"));
    }
    for wrong in ["foo", "https://a.test/", "https://a.test/x", "", "https://u@a.test"] {
        fails(&format!("cors: {{allow_origins: ['{wrong}']}}"), Value, "cors.allow_origins[0]");
    }
    for right in ["https://a.test", "https://*.a.test", "http://192.168.*.*:80", "capacitor://localhost"] {
        yaml(&format!("cors: {{allow_origins: ['{right}']}}"));
    }
    assert!(yaml("cors: {allow_origins: []}").cors.allow_origins.is_empty());
}

#[test]
fn relying_party() {
    for id in ["http://x", "example.com:443", "example.com/", "a b", "127.0.0.1", "-a.test"] {
        let text = format!("webauthn: {{relying_party: {{id: '{id}'}}}}");
        let found = super::errors(&text);
        assert!(found.iter().all(|e| e.key == "webauthn.relying_party.id"), "{found:?}");
    }
    for origin in ["foo", "https://a.test/x", "https://a.test/", "android:apk-key-hash:short", "ftp://a.test"]
    {
        let text = format!("webauthn: {{relying_party: {{origins: ['{origin}']}}}}");
        fails(&text, Value, "webauthn.relying_party.origins[0]");
    }
    let android = format!("android:apk-key-hash:{}", "A".repeat(43));
    let text =
        format!("webauthn: {{relying_party: {{id: a.test, origins: [https://x.a.test, '{android}']}}}}");
    assert!(loaded(&text, &[]).warnings.is_empty());
    assert_eq!(
        loaded("webauthn: {relying_party: {id: a.test, origins: [https://b.test]}}", &[]).warnings.len(),
        1
    );
    fails("webauthn: {timeouts: {login: 0}}", Value, "webauthn.timeouts.login");
    fails("webauthn: {timeouts: {login: -1}}", Value, "webauthn.timeouts.login");
    assert_eq!(loaded("webauthn: {timeouts: {login: 60}}", &[]).warnings.len(), 1);
    let origins = ["https://a.test", "HTTPS://b.test", "http://localhost:3000"];
    let c = yaml(&format!("webauthn: {{relying_party: {{origins: {origins:?}}}}}"));
    assert_eq!(c.webauthn.relying_party.https_origins().collect::<Vec<_>>(), &origins[..2]);
}

#[test]
fn trust_in_authenticators_needs_their_statements() {
    let with = |passkeys: &str, keys: &str| {
        format!(
            "webauthn: {{attestation: {{mds_file: blob.jwt}}}}\npasskey: {{attestation_preference: {passkeys}}}\n\
             mfa: {{security_keys: {{attestation_preference: {keys}}}}}"
        )
    };
    for (passkeys, keys, warnings) in [
        ("direct", "direct", 0),
        ("none", "direct", 1),
        ("direct", "none", 1),
        ("indirect", "indirect", 2),
        ("none, enabled: false", "direct", 0),
        ("direct", "none, enabled: false", 0),
    ] {
        assert_eq!(loaded(&with(passkeys, keys), &[]).warnings.len(), warnings, "{passkeys}; {keys}");
    }
    let none = |passkeys, keys| errors(&with(passkeys, keys)).iter().map(|e| e.kind).collect::<Vec<_>>();
    assert_eq!(none("none", "none"), [Conflict, Conflict]);
    assert_eq!(none("none", "direct, enabled: false"), [Conflict]);
    assert_eq!(none("direct, enabled: false", "none"), [Conflict]);
}

#[test]
fn what_is_required_of_nobody_is_told() {
    for (text, warnings) in [
        ("passkey: {optional: false, acquire_on_registration: never, acquire_on_login: never}", 1),
        ("passkey: {optional: false, acquire_on_registration: never}", 0),
        ("mfa: {optional: false, acquire_on_registration: false}", 1),
        ("mfa: {optional: false}", 0),
        ("mfa: {enabled: false, optional: false, acquire_on_registration: false}", 0),
    ] {
        assert_eq!(loaded(text, &[]).warnings.len(), warnings, "{text}");
    }
}

#[test]
fn the_rest_of_the_table() {
    fails("audit_log: {retention: garbage}", Value, "audit_log.retention");
    fails("database: {conn_max_lifetime: -1s}", Value, "database.conn_max_lifetime");
    let found = super::errors("webhooks: {enabled: true, hooks: [{}]}");
    let keys: Vec<_> = found.iter().filter(|e| e.kind == Value).map(|e| e.key.as_str()).collect();
    assert_eq!(keys, ["webhooks.hooks[0].callback", "webhooks.hooks[0].events"]);
}

#[test]
fn cookies() {
    fails("session: {cookie: {same_site: none, secure: false}}", Conflict, "session.cookie.same_site");
    fails("session: {cookie: {name: 'a b'}}", Value, "session.cookie.name");
    fails("session: {cookie: {name: __Host-x, domain: a.test}}", Conflict, "session.cookie.name");
    fails("session: {cookie: {domain: 'https://a.test'}}", Value, "session.cookie.domain");
    fails("mfa: {device_trust_cookie_name: hanko}", Conflict, "mfa.device_trust_cookie_name");
    fails("mfa: {device_trust_cookie_name: ''}", Value, "mfa.device_trust_cookie_name");
    assert_eq!(yaml("session: {cookie: {domain: .a.test}}").session.cookie.domain, "a.test");
}

#[test]
fn lengths_fit_together() {
    fails("password: {min_length: 80}", Conflict, "password.min_length");
    fails("password: {max_length: 63}", Value, "password.max_length");
    fails("password: {max_length: 1025}", Value, "password.max_length");
    fails("username: {min_length: 9, max_length: 8}", Conflict, "username.min_length");
    assert_eq!(yaml("password: {min_length: 80, max_length: 128}").password.max_length, 128);
}

#[test]
fn s084_reserved_claims_are_refused_at_config_time() {
    for claim in ["sub", "iat", "exp", "nbf", "jti", "aud", "iss", "email", "username", "session_id", "amr"] {
        let text = format!("session: {{jwt_template: {{claims: {{{claim}: x}}}}}}");
        fails(&text, Value, &format!("session.jwt_template.claims.{claim}"));
    }
    yaml("session: {jwt_template: {claims: {role: '{{ .User.UserID }}'}}}");
}

#[test]
fn admin_ports_need_keys_when_others_reach_them() {
    fails("server: {admin: {address: ':8001'}}", Conflict, "server.admin.address");
    let key = "ab".repeat(32);
    let c = yaml(&format!("{{server: {{admin: {{address: ':8001'}}}}, admin: {{api_keys: [{key}]}}}}"));
    assert_eq!(c.admin.api_keys[0].as_bytes(), &[0xab; 32]);
    fails("admin: {api_keys: [secret]}", Value, "admin.api_keys[0]");
    yaml("server: {management: {address: ':8002'}}");
}
