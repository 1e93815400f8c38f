//! Files: named, absent, broken; complete; and what is printed.

use std::path::Path;

use super::{errors, loaded};
use crate::{Config, ErrorKind, Secret};

#[test]
fn a_named_file_must_exist_and_parse() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    let load = |path: &Path| Config::load(Some(path), []);
    let kind = |path: &Path| load(path).unwrap_err().iter().next().unwrap().kind;
    assert_eq!(kind(&path), ErrorKind::File);
    assert_eq!(kind(Path::new("")), ErrorKind::File);
    assert_eq!(kind(Path::new(crate::DEFAULT_FILE)), ErrorKind::File);
    assert_eq!(kind(dir.path()), ErrorKind::File);
    std::fs::write(&path, "a: [").unwrap();
    assert!(load(&path).unwrap_err().to_string().contains(path.to_str().unwrap()));
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert_eq!(kind(&path), ErrorKind::File);
    std::fs::write(&path, "email: {limit: 3}").unwrap();
    assert_eq!(load(&path).unwrap().config.email.limit, 3);
}

#[test]
fn without_a_name_the_default_file_is_optional() {
    assert_eq!(Config::load(None, []).unwrap().config, Config::default());
    let env = [("EMAIL_LIMIT".to_owned(), "4".to_owned())];
    assert_eq!(Config::load(None, env).unwrap().config.email.limit, 4);
}

#[test]
fn the_complete_file_of_the_peer_is_understood() {
    let text = include_str!("../../tests/data/complete.yaml");
    let found = errors(text);
    let left: Vec<_> =
        found.iter().filter(|e| e.kind != ErrorKind::Unsupported).map(ToString::to_string).collect();
    assert_eq!(left.len(), 1, "only the unprotected admin port: {left:?}");
    assert!(left[0].starts_with("server.admin.address"), "{left:?}");
}

#[test]
fn the_minimal_file_of_the_peer_loads() {
    let text = "
secret_keys: ['0123456789abcdef']
database: {url: 'postgres://auth:secret@db.internal:5432/auth?sslmode=verify-full'}
service: {name: Acme}
cors: {allow_origins: [https://app.acme.test]}
webauthn: {relying_party: {id: acme.test, display_name: Acme, origins: [https://app.acme.test]}}
email_delivery:
  from_address: no-reply@acme.test
  from_name: Acme
  smtp: {host: smtp.acme.test, port: '587', user: mailer, password: secret}";
    assert!(loaded(text, &[]).warnings.is_empty());
}

#[test]
fn what_is_shown_has_no_secrets_and_everything_else() {
    let text = "
secret_keys: [hunter2-0123456789abcdef]
database: {url: 'postgres://u:hunter2@h/d'}
email_delivery: {smtp: {host: a, password: hunter2}}
third_party: {providers: {apple: {secret: hunter2}}, custom_providers: {x: {secret: hunter2}}}
rate_limiter: {redis_config: {password: hunter2}}";
    let config = loaded(text, &[]).config;
    for shown in [config.show(), format!("{config:?}")] {
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("u:***@h"), "{shown}");
    }
    let shown = config.show();
    for section in ["audit_log:", "lifespan: 12h", "passcode_ttl: 300", "interval: 1m", "data_dir: ./data"] {
        assert!(shown.contains(section), "{section}");
    }
}

#[test]
fn what_is_shown_can_be_read_again() {
    let config = Config { secret_keys: Vec::new(), ..Config::default() };
    let mut again = Config::from_yaml(&config.show()).unwrap();
    again.database.password = Secret::new("hanko");
    again.database.url = config.database.url.clone();
    assert_eq!(again, config);
}
