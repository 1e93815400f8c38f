//! Names of older generations (spec 10 §8).

use std::time::Duration;

use super::{env, errors, fails, loaded, yaml};
use crate::{DatabaseTarget, ErrorKind, UserVerification};

/// One warning per older key, and the value where it belongs.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "the calls read better")]
fn older<T: PartialEq + std::fmt::Debug>(text: &str, value: impl Fn(&crate::Config) -> T, expected: T) {
    let found = loaded(text, &[]);
    assert_eq!(value(&found.config), expected, "{text}");
    assert_eq!(found.warnings.len(), 1, "{text}: {:?}", found.warnings);
    assert!(found.warnings[0].contains("this key is old; use "), "{:?}", found.warnings);
}

#[test]
fn every_older_key_works_and_is_told() {
    older(
        "server: {public: {cors: {allow_origins: [https://a.test]}}}",
        |c| c.cors.allow_origins.clone(),
        vec!["https://a.test".to_owned()],
    );
    older(
        "server: {public: {cors: {unsafe_wildcard_origin_allowed: true}}}",
        |c| c.cors.unsafe_wildcard_origin_allowed,
        true,
    );
    older(
        "smtp: {host: h, port: 25}",
        |c| (c.email_delivery.smtp.host.clone(), c.email_delivery.smtp.port),
        ("h".into(), 25),
    );
    older("passcode: {smtp: {host: h}}", |c| c.email_delivery.smtp.host.clone(), "h".into());
    older(
        "passcode: {email: {from_address: a@b.test}}",
        |c| c.email_delivery.from_address.clone(),
        "a@b.test".into(),
    );
    older("passcode: {email: {from_name: N}}", |c| c.email_delivery.from_name.clone(), "N".into());
    older("passcode: {ttl: 60}", |c| c.email.passcode_ttl, Duration::from_mins(1));
    older("password: {min_password_length: 12}", |c| c.password.min_length, 12);
    older("passwords: {enabled: false}", |c| c.password.enabled, false);
    older("emails: {require_verification: false}", |c| c.email.require_verification, false);
    older("emails: {max_num_of_addresses: 2}", |c| c.email.limit, 2);
    older(
        "webauthn: {timeout: 60000}",
        |c| (c.webauthn.timeouts.login, c.webauthn.timeouts.registration),
        (Duration::from_mins(1), Duration::from_mins(1)),
    );
    older(
        "webauthn: {user_verification: required}",
        |c| c.passkey.user_verification,
        UserVerification::Required,
    );
    older(
        "thirdparty: {providers: {apple: {client_id: x}}}",
        |c| c.third_party.providers.apple.client_id.clone(),
        "x".into(),
    );
}

#[test]
fn older_sections_may_hold_older_keys() {
    let found = loaded("passwords: {min_password_length: 12}", &[]);
    assert_eq!(found.config.password.min_length, 12);
    assert_eq!(found.warnings.len(), 2);
}

#[test]
fn keys_without_effect_are_told() {
    let text = "{convert_legacy_config: true, server: {admin: {cors: {allow_origins: ['*']}}}, \
                default_email_delivery: {smtp: {host: x}}, webauthn: {relying_party: {icon: x}}}";
    let found = loaded(text, &[]);
    assert_eq!(found.config, crate::Config::default());
    assert_eq!(found.warnings.len(), 4);
}

#[test]
fn the_new_key_wins() {
    let c = yaml(
        "{emails: {max_num_of_addresses: 2}, email: {limit: 3}, smtp: {host: old, user: u}, email_delivery: {smtp: {host: new}}}",
    );
    assert_eq!(c.email.limit, 3);
    let smtp = c.email_delivery.smtp;
    assert_eq!((smtp.host.as_str(), smtp.user.as_str()), ("new", "u"));
}

#[test]
fn the_oldest_mail_server_counts_only_alone() {
    let found = loaded("{smtp: {host: root}, passcode: {smtp: {host: old, user: u}}}", &[]);
    let smtp = &found.config.email_delivery.smtp;
    assert_eq!((smtp.host.as_str(), smtp.user.as_str()), ("root", ""));
    assert_eq!(found.warnings.len(), 2);
    assert_eq!(yaml("{smtp: {port: 25}, passcode: {smtp: {host: old}}}").email_delivery.smtp.host, "old");
}

#[test]
fn problems_of_older_keys_name_both() {
    let found = &errors("passcode: {ttl: x}")[0];
    assert_eq!((found.key.as_str(), found.given_as.as_deref()), ("email.passcode_ttl", Some("passcode.ttl")));
    fails("smtp: {hots: x}", ErrorKind::UnknownKey, "email_delivery.smtp.hots");
    fails("server: {public: {cors: {allow_origins: ['*']}}}", ErrorKind::Conflict, "cors.allow_origins[0]");
    fails("passcode: 3", ErrorKind::Value, "passcode");
}

#[test]
fn older_variables_work_and_are_told() {
    let variables = [
        ("SMTP_HOST", "h"),
        ("PASSCODE_TTL", "60"),
        ("PASSWORD_MIN_PASSWORD_LENGTH", "12"),
        ("EMAILS_MAX_NUM_OF_ADDRESSES", "2"),
        ("SERVER_PUBLIC_CORS_ALLOW_ORIGINS", "https://a.test"),
        ("WEBAUTHN_USER_VERIFICATION", "required"),
        ("INKAN_PASSCODE_EMAIL_FROM_NAME", "N"),
    ];
    let found = loaded("", &variables);
    let c = &found.config;
    assert_eq!((c.email_delivery.smtp.host.as_str(), c.email_delivery.from_name.as_str()), ("h", "N"));
    assert_eq!((c.email.passcode_ttl, c.password.min_length, c.email.limit), (Duration::from_mins(1), 12, 2));
    assert_eq!(c.cors.allow_origins, ["https://a.test"]);
    assert_eq!(c.passkey.user_verification, UserVerification::Required);
    assert_eq!(found.warnings.len(), variables.len());
    assert_eq!(env(&[("WEBAUTHN_TIMEOUT", "1000")]).webauthn.timeouts.registration, Duration::from_secs(1));
    assert_eq!(
        env(&[("SMTP_HOST", "old"), ("EMAIL_DELIVERY_SMTP_HOST", "new")]).email_delivery.smtp.host,
        "new"
    );
}

#[test]
fn the_minimal_older_file_loads() {
    let found = loaded(
        "database: {user: auth, password: secret, host: localhost, port: 5432, dialect: postgres}
smtp: {host: smtp.acme.test, user: mailer, password: secret}
secrets: {keys: ['0123456789abcdef']}
service: {name: Acme}",
        &[],
    );
    let url = "postgres://auth:secret@localhost:5432/hanko".to_owned();
    assert_eq!(found.config.database.target(), DatabaseTarget::Postgres(url));
    assert_eq!(found.warnings, ["smtp: this key is old; use email_delivery.smtp"]);
}
