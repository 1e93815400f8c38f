//! Defaults and the conversion of values (spec 10 §2.2, §6, §9).

use std::time::Duration;

use super::{errors, fails, loaded, yaml};
use crate::{Config, DatabaseTarget, ErrorKind, Retention, SameSite};

#[test]
fn an_empty_file_is_the_defaults() {
    for text in ["", "\n", "# nothing\n", "{}", "email:\n", "null", "--- {}\n--- {email: {limit: 9}}"] {
        let found = loaded(text, &[]);
        assert_eq!(found.config, Config::default(), "{text}");
        assert!(found.warnings.is_empty());
    }
}

#[test]
fn documented_defaults_that_are_not_the_effective_ones() {
    let c = Config::default();
    assert!(c.email.acquire_on_login);
    assert_eq!(c.email.max_length, 120);
    assert_eq!(c.mfa.device_trust_cookie_name, "hanko-device-token");
    assert_eq!(c.flow_locker.ttl, Duration::from_secs(15));
    assert!(!c.log.log_health_and_metrics);
    assert_eq!(c.rate_limiter.password_limits.tokens, 5);
    assert!(!c.saml.options.sign_authn_requests && !c.saml.options.validate_encryption_cert);
    assert_eq!(c.session.cookie.domain, "");
    assert!(c.secrets().is_empty());
    assert_eq!(c.cookie_name(), "hanko");
    assert_eq!(c.audience(), ["localhost"]);
    assert_eq!(
        (c.session.cookie.same_site, c.session.cookie.retention),
        (SameSite::Strict, Retention::Persistent)
    );
    assert_eq!(c.database.target(), DatabaseTarget::Sqlite("./data/inkan.db".into()));
    assert!(c.unsupported().is_empty());
}

#[test]
fn keys_are_found_in_any_case() {
    assert_eq!(yaml("EMAIL: {LIMIT: 3}").email.limit, 3);
    fails("email: {limit: 3, LIMIT: 4}", ErrorKind::Conflict, "email.limit");
}

#[test]
fn null_is_absent() {
    let c = yaml("cors: {allow_origins: null}\nemail: {limit: ~}\nservice: ~");
    assert_eq!(c, Config::default());
}

#[test]
fn booleans() {
    for (text, expected) in [
        ("1", true),
        ("0", false),
        ("2.5", true),
        ("'t'", true),
        ("'FALSE'", false),
        ("True", true),
        ("F", false),
    ] {
        assert_eq!(
            yaml(&format!("account: {{allow_deletion: {text}}}")).account.allow_deletion,
            expected,
            "{text}"
        );
    }
    for text in ["yes", "on", "''", "[true]", "tRUE"] {
        fails(&format!("account: {{allow_deletion: {text}}}"), ErrorKind::Value, "account.allow_deletion");
    }
}

#[test]
fn whole_numbers() {
    for text in ["7", "0x7", "'0x7'", "0o7", "'07'", "7.9", "'7'", "'0b111'", "'+7'"] {
        assert_eq!(yaml(&format!("email: {{limit: {text}}}")).email.limit, 7, "{text}");
    }
    for text in
        ["abc", "-1", "'-1'", "0", "''", "'0x'", "'7.5'", "1e30", "true", "{a: 1}", "'--7'", "'0+7'", "'é7'"]
    {
        fails(&format!("email: {{limit: {text}}}"), ErrorKind::Value, "email.limit");
    }
}

#[test]
fn texts() {
    for (text, expected) in [("7", "7"), ("true", "1"), ("a", "a"), ("1.5", "1.5")] {
        assert_eq!(yaml(&format!("service: {{name: {text}}}")).service.name, expected);
    }
    fails("service: {name: [a]}", ErrorKind::Value, "service.name");
}

#[test]
fn durations_need_a_unit() {
    assert_eq!(yaml("session: {lifespan: 1h30m}").session.lifespan, Duration::from_mins(90));
    assert_eq!(yaml("session: {idle_timeout: 0}").session.idle_timeout(), None);
    assert_eq!(yaml("session: {idle_timeout: 5m}").session.idle_timeout(), Some(Duration::from_mins(5)));
    let message = fails(
        "rate_limiter: {otp_limits: {interval: 60}}",
        ErrorKind::Value,
        "rate_limiter.otp_limits.interval",
    );
    assert!(message.contains("60s"), "{message}");
    fails("session: {lifespan: '12'}", ErrorKind::Value, "session.lifespan");
}

#[test]
fn seconds_and_milliseconds_are_plain_numbers() {
    let c = yaml("email: {passcode_ttl: 60}\nwebauthn: {timeouts: {login: 30000}}");
    assert_eq!(c.email.passcode_ttl, Duration::from_mins(1));
    assert_eq!(c.webauthn.timeouts.login, Duration::from_secs(30));
    assert_eq!(c.webauthn.timeouts.registration, Duration::from_mins(10));
}

#[test]
fn lists_replace_and_single_values_become_lists() {
    assert_eq!(yaml("cors: {allow_origins: [https://a.test]}").cors.allow_origins, ["https://a.test"]);
    assert_eq!(yaml("session: {audience: 'a,b'}").session.audience, ["a,b"]);
    fails("session: {audience: [a, ~]}", ErrorKind::Value, "session.audience[1]");
}

#[test]
fn sections_must_be_sections() {
    fails("email: 3", ErrorKind::Value, "email");
    fails("[a]", ErrorKind::Value, "the file");
    fails("session: {jwt_template: {claims: [a]}}", ErrorKind::Value, "session.jwt_template.claims");
}

#[test]
fn claims_survive_as_they_are() {
    let c = yaml("session: {jwt_template: {claims: {'https://example.com/Roles': [a, 1, {B: ~}], x: true}}}");
    let claims = serde_json::Value::Object(c.session.jwt_template.claims);
    assert_eq!(
        claims,
        serde_json::json!({ "https://example.com/Roles": ["a", 1, { "B": null }], "x": true })
    );
}

#[test]
fn anchors_and_merge_keys_work() {
    let text = "rate_limiter: {otp_limits: &limit {tokens: 9}, token_limits: {<<: *limit, interval: 2m}}";
    let c = yaml(text);
    assert_eq!((c.rate_limiter.otp_limits.tokens, c.rate_limiter.token_limits.tokens), (9, 9));
    assert_eq!(c.rate_limiter.token_limits.interval, Duration::from_mins(2));
}

#[test]
fn limits_keep_their_own_defaults() {
    let c = yaml("rate_limiter: {password_limits: {interval: 20s}}");
    assert_eq!(c.rate_limiter.password_limits.tokens, 5);
    assert_eq!(c.rate_limiter.lookup_limits.tokens, 30);
}

#[test]
fn databases() {
    let target = |text: &str| yaml(text).database.target();
    let postgres = |url: &str| DatabaseTarget::Postgres(url.to_owned());
    assert_eq!(target("data_dir: /var/lib/inkan"), DatabaseTarget::Sqlite("/var/lib/inkan/inkan.db".into()));
    assert_eq!(target("database: {url: 'sqlite:///srv/a.db'}"), DatabaseTarget::Sqlite("/srv/a.db".into()));
    assert_eq!(target("database: {pool: 4}"), DatabaseTarget::Sqlite("./data/inkan.db".into()));
    assert_eq!(target("database: {url: '', host: db}"), postgres("postgres://hanko:hanko@db:5432/hanko"));
    assert_eq!(
        target("database: {password: 'p@ss/w', user: a b, port: 6000, database: 'x y', dialect: pgx}"),
        postgres("postgres://a%20b:p%40ss%2Fw@localhost:6000/x%20y")
    );
    let url = "postgres://u:p@h1/d?sslmode=verify-full";
    assert_eq!(target(&format!("database: {{url: '{url}', dialect: mysql, host: ''}}")), postgres(url));
}

#[test]
fn names_follow_the_service() {
    let c = yaml(
        "service: {name: Acme}\nwebauthn: {relying_party: {id: acme.test, origins: [https://acme.test]}}",
    );
    assert_eq!(c.webauthn.relying_party.display_name, "Acme");
    assert_eq!(
        (c.email_delivery.from_name.as_str(), c.email_delivery.from_address.as_str()),
        ("Acme", "noreply@acme.test")
    );
    assert_eq!(c.audience(), ["acme.test"]);
}

#[test]
fn custom_providers_have_lower_case_keys() {
    let c =
        yaml("third_party: {custom_providers: {Corp: {display_name: X, attribute_mapping: {Email: mail}}}}");
    let corp = &c.third_party.custom_providers["corp"];
    assert_eq!(corp.attribute_mapping["Email"], "mail");
    assert!(!corp.use_discovery && !corp.allow_linking);
    assert_eq!(
        errors("third_party: {custom_providers: {a: {scope: x}}}")[0].key,
        "third_party.custom_providers.a.scope"
    );
}
