//! The weaknesses of spec 10 §14, each with what happens here instead.

use super::{env, errors, errors_with, fails, loaded, yaml};
use crate::{Attestation, Config, ErrorKind};

#[test]
fn w01_no_default_secret_and_two_names_of_one_setting() {
    assert!(Config::default().secrets().is_empty());
    for text in [
        "secrets: {keys: [0123456789abcdef]}",
        "secret_keys: [0123456789abcdef]",
        "{secret_keys: [0123456789abcdef], secrets: {keys: [0123456789abcdef]}}",
        "{secret_keys: [], secrets: {keys: [0123456789abcdef]}}",
    ] {
        let c = yaml(text);
        assert_eq!(c.secrets()[0].expose(), "0123456789abcdef");
        assert_eq!(c.secret_keys, c.secrets.keys);
    }
    let different = "{secret_keys: [0123456789abcdef], secrets: {keys: [fedcba9876543210]}}";
    fails(different, ErrorKind::Conflict, "secret_keys");
    let found = errors_with("secret_keys: [0123456789abcdef]", &[("SECRETS_KEYS", "fedcba9876543210")]);
    assert_eq!(found[0].key, "secret_keys");
    assert_eq!(env(&[("SECRETS_KEYS", "0123456789abcdef")]).secrets().len(), 1);
    assert!(loaded("secrets: {keys: [0123456789abcdef]}", &[]).warnings.is_empty());
}

#[test]
fn w02_a_broken_file_is_an_error() {
    assert_eq!(errors("email: [")[0].kind, ErrorKind::File);
}

#[test]
fn w03_unknown_keys_are_errors_and_older_keys_work() {
    fails("sesion: {limit: 1}", ErrorKind::UnknownKey, "sesion");
    assert_eq!(yaml("server: {public: {cors: {allow_origins: []}}}").cors.allow_origins.len(), 0);
}

#[test]
fn w04_names_can_be_derived_and_collisions_do_no_harm() {
    assert!(
        !env(&[("EMAIL_USE_AS_LOGIN_IDENTIFIER", "false"), ("DEBUG", "yes")]).email.use_as_login_identifier
    );
    assert_eq!(env(&[("SESSION_AUDIENCE", "a, b")]).audience(), ["a", "b"]);
}

#[test]
fn w06_enumerations_and_numbers_are_checked() {
    fails("password: {acquire_on_login: nevr}", ErrorKind::Value, "password.acquire_on_login");
    fails("session: {limit: 0}", ErrorKind::Value, "session.limit");
    fails("session: {lifespan: 3600}", ErrorKind::Value, "session.lifespan");
}

#[test]
fn w07_wildcard_origins_need_the_switch_and_an_empty_list_is_nobody() {
    fails("cors: {allow_origins: ['*']}", ErrorKind::Conflict, "cors.allow_origins[0]");
    assert!(yaml("cors: {allow_origins: []}").cors.allow_origins.is_empty());
}

#[test]
fn w08_keys_are_not_dead() {
    let c = yaml(
        "mfa: {security_keys: {attestation_preference: none}}\naudit_log: {console_output: {output: stderr}}",
    );
    assert_eq!(c.mfa.security_keys.attestation_preference, Attestation::None);
    assert_eq!(c.audit_log.console_output.output, crate::ConsoleStream::Stderr);
    assert_eq!(loaded("default_email_delivery: {enabled: true}", &[]).warnings.len(), 1);
}

#[test]
fn w10_somebody_can_sign_in() {
    fails("{email: {enabled: false}}", ErrorKind::Conflict, "email.enabled");
}

#[test]
fn w13_no_proxy_is_trusted_by_default() {
    assert!(Config::default().server.ip.trusted_proxies.is_empty());
    fails("server: {ip: {extractor: x_forwarded_for}}", ErrorKind::Conflict, "server.ip.trusted_proxies");
}

#[test]
fn w14_the_pool_is_large_enough() {
    assert_eq!(Config::default().database.pool, 16);
    fails("database: {pool: 0}", ErrorKind::Value, "database.pool");
}

#[test]
fn w15_show_masks_secrets_and_is_whole() {
    let shown = yaml("secret_keys: [hunter2-0123456789abcdef]").show();
    assert!(!shown.contains("hunter2") && shown.contains("server:") && shown.contains("database:"));
}

#[test]
fn w16_all_problems_at_once() {
    let found = Config::from_yaml(
        "{email: {limit: x, lmit: 2}, session: {limit: 0}, nodes: many, server: {public: {address: ''}}}",
    );
    let text = found.unwrap_err().to_string();
    for key in ["email.limit", "email.lmit", "session.limit", "nodes", "server.public.address"] {
        assert!(text.contains(&format!("\n  {key}")), "{key} in {text}");
    }
}

#[test]
fn secrets_are_not_in_messages() {
    for text in [
        "secret_keys: [{hunter2: x}]",
        "database: {url: 'mysql://u:hunter2@h/d'}",
        "database: {url: hunter2}",
    ] {
        let found = errors(text).iter().map(ToString::to_string).collect::<String>();
        assert!(!found.contains("hunter2"), "{found}");
    }
}
