//! Names and values of environment variables (spec 10 §2.3, §2.4, §6).

use std::collections::BTreeSet;
use std::time::Duration;

use super::{env, errors_with, loaded};
use crate::ErrorKind;
use crate::load::keys::SETTINGS;

/// Key and variable of every row of the peer's reference.
const NAMES: &str = include_str!("../../tests/data/environment_names.txt");

#[test]
fn every_name_of_the_peer_is_known() {
    for row in NAMES.lines() {
        let (key, variable) = row.split_once(' ').unwrap();
        let setting = SETTINGS.iter().find(|setting| setting.path == key);
        assert_eq!(setting.map(|setting| setting.env.as_str()), Some(variable), "{key}");
    }
}

#[test]
fn no_name_means_two_settings() {
    let mut seen = BTreeSet::new();
    for setting in SETTINGS.iter() {
        let names = BTreeSet::from([setting.env.clone(), setting.derived_env()]);
        for name in names {
            assert!(seen.insert(name.clone()), "{name}");
        }
    }
    for name in &seen {
        let file = format!("{name}_FILE");
        assert!(!seen.contains(&file), "{file} is a setting and a file");
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let c = loaded("email: {limit: 3, max_length: 50}", &[("EMAIL_LIMIT", "4")]).config;
    assert_eq!((c.email.limit, c.email.max_length), (4, 50));
}

#[test]
fn the_order_of_names() {
    let all = [
        ("EMAIL_MAX_LENGTH", "51"),
        ("EMAIL_MAXLENGTH", "52"),
        ("INKAN_EMAIL_MAX_LENGTH", "53"),
        ("INKAN_EMAIL_MAXLENGTH", "54"),
    ];
    for n in 1..=all.len() {
        assert_eq!(env(&all[..n]).email.max_length, 50 + n);
    }
}

#[test]
fn values() {
    let c = env(&[
        ("ACCOUNT_ALLOWDELETION", "T"),
        ("PASSKEY_LIMIT", "0x10"),
        ("SESSION_LIFESPAN", "90m"),
        ("SESSION_COOKIE_RETENTION", "prompt"),
        ("CORS_ALLOW_ORIGINS", "https://a.test, https://b.test ,"),
        ("WEBAUTHN_TIMEOUTS_LOGIN", "5000"),
        ("SERVER_IP_EXTRACTOR", ""),
        ("SERVER_IP_TRUSTEDPROXIES", "10.0.0.0/8, fd00::/8"),
        ("SECRET_KEYS", "0123456789abcdef,fedcba9876543210"),
    ]);
    assert!(c.account.allow_deletion);
    assert_eq!(c.passkey.limit, 16);
    assert_eq!(c.session.lifespan, Duration::from_mins(90));
    assert_eq!(c.session.cookie.retention, crate::Retention::Prompt);
    assert_eq!(c.cors.allow_origins, ["https://a.test", "https://b.test"]);
    assert_eq!(c.webauthn.timeouts.login, Duration::from_secs(5));
    assert_eq!(c.server.ip.trusted_proxies.len(), 2);
    assert_eq!(c.secrets()[1].expose(), "fedcba9876543210");
    assert!(
        loaded("cors: {allow_origins: [https://a.test]}", &[("CORS_ALLOW_ORIGINS", "")])
            .config
            .cors
            .allow_origins
            .is_empty()
    );
}

#[test]
fn wrong_values_name_variable_and_key() {
    for (variable, value, key) in [
        ("EMAIL_LIMIT", "", "email.limit"),
        ("EMAIL_ENABLED", "on", "email.enabled"),
        ("SESSION_LIFESPAN", "60", "session.lifespan"),
        ("SESSION_LIFESPAN", "", "session.lifespan"),
        ("INKAN_DEBUG", "*", "debug"),
        ("WEBHOOKS_HOOKS", "{\"callback\":", "webhooks.hooks"),
        ("WEBHOOKS_HOOKS", "{} {}", "webhooks.hooks"),
        ("SESSION_JWTTEMPLATE_CLAIMS", "k:v", "session.jwt_template.claims"),
        ("WEBHOOKS_HOOKS", "{\"url\":\"x\"}", "webhooks.hooks[0].url"),
    ] {
        let found = errors_with("", &[(variable, value)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].key.as_str(), found[0].given_as.as_deref()), (key, Some(variable)));
        assert!(found[0].to_string().contains(variable));
    }
    assert_eq!(errors_with("", &[("SERVICE_NAME", "")])[0].key, "service.name");
    assert_eq!(
        errors_with("", &[("WEBAUTHN_RELYING_PARTY_ORIGINS", "")])[0].key,
        "webauthn.relying_party.origins"
    );
}

#[test]
fn hooks_are_json_objects() {
    let text =
        r#"{"callback":"http://a;b","events":["user"]} ; {"callback":"http://c","events":["email.send"]}"#;
    for text in [text, &format!("[{}]", text.replace(" ; ", ","))] {
        let c = env(&[("WEBHOOKS_HOOKS", text)]);
        assert_eq!(c.webhooks.hooks[0].callback, "http://a;b");
        assert_eq!(c.webhooks.hooks[1].events, ["email.send"]);
    }
    let c = env(&[("SESSION_JWTTEMPLATE_CLAIMS", r#"{"role":"user"}"#)]);
    assert_eq!(c.session.jwt_template.claims["role"], "user");
}

#[test]
fn foreign_variables_do_no_harm() {
    let found =
        loaded("", &[("DEBUG", "express:*"), ("DATABASE_PORT", "tcp://10.0.0.1:5432"), ("NODES", "3")]);
    assert_eq!(found.config, crate::Config::default());
    assert_eq!(found.warnings.len(), 3);
    assert!(loaded("", &[("DEBUG", "1"), ("PATH", "/bin"), ("INKAN_PORT_8000_TCP", "x")]).config.debug);
}

#[test]
fn mistyped_variables_are_told() {
    let found = loaded("", &[("INKAN_EMAIL_LIMITS", "3"), ("INKAN_ELSE", "3")]);
    assert_eq!(
        found.warnings,
        ["INKAN_EMAIL_LIMITS: there is no such variable; did you mean INKAN_EMAIL_LIMIT?"]
    );
}

#[test]
fn values_from_files() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (one, many) = (write("one", "p4ss\n"), write("many", "0123456789abcdef\nfedcba9876543210\n"));
    let c = env(&[
        ("EMAIL_DELIVERY_SMTP_PASSWORD_FILE", &one),
        ("SERVICE_NAME_FILE", &one),
        ("SECRET_KEYS_FILE", &many),
        ("INKAN_RATE_LIMITER_REDIS_PASSWORD_FILE", &one),
        ("DATABASE_PASSWORD", ""),
        ("DATABASE_PASSWORD_FILE", &one),
    ]);
    assert_eq!(c.email_delivery.smtp.password.expose(), "p4ss");
    assert_eq!(c.service.name, "p4ss");
    assert_eq!(c.secrets().len(), 2);
    assert_eq!(c.rate_limiter.redis_config.password.expose(), "p4ss");
    assert!(matches!(c.database.target(), crate::DatabaseTarget::Postgres(url) if url.contains(":p4ss@")));
    for variables in [
        [("SERVICE_NAME", "x"), ("SERVICE_NAME_FILE", one.as_str())],
        [("SERVICE_NAME", ""), ("SERVICE_NAME_FILE", "/nowhere")],
        [("SERVICE_NAME", ""), ("SERVICE_NAME_FILE", &write("big", &"x".repeat(70_000)))],
    ] {
        let found = errors_with("", &variables);
        assert_eq!((found[0].kind, found[0].key.as_str()), (ErrorKind::Value, "service.name"));
    }
}
