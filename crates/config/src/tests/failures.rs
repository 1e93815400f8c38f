//! Every start-up failure of spec 10 §3.1, all of them named by key.

use super::{errors, fails};
use crate::ErrorKind::{Conflict, File, UnknownKey, Unsupported, Value};

#[test]
fn broken_files() {
    for text in ["a: [", "email: {limit: 1}\nemail: {limit: 2}", "a: b: c", "email: !x 3", "[1, 2]: 3"] {
        let found = errors(text);
        assert_eq!((found.len(), found[0].kind), (1, File), "{text}: {found:?}");
    }
}

#[test]
fn a_file_that_expands_without_bound_is_refused() {
    let mut lines = vec!["a0: &a0 [x, x, x, x, x, x, x, x, x, x]".to_owned()];
    for i in 1..12 {
        let item = format!("*a{}", i - 1);
        lines.push(format!("a{i}: &a{i} [{}]", [item.as_str(); 10].join(", ")));
    }
    assert_eq!(errors(&lines.join("\n"))[0].kind, File);
    assert_eq!(errors(&format!("# {}", "x".repeat(2 << 20)))[0].kind, File);
}

#[test]
fn values_that_do_not_convert() {
    fails("email: {limit: abc}", Value, "email.limit");
    fails("email: {enabled: yes}", Value, "email.enabled");
    fails("rate_limiter: {otp_limits: {interval: abc}}", Value, "rate_limiter.otp_limits.interval");
    fails("session: 1", Value, "session");
}

#[test]
fn patterns_that_do_not_compile() {
    fails(
        "third_party: {allowed_redirect_urls: ['https://[a']}",
        Value,
        "third_party.allowed_redirect_urls[0]",
    );
    fails("saml: {allowed_redirect_urls: [a, '{b']}", Value, "saml.allowed_redirect_urls[1]");
}

#[test]
fn relying_party() {
    fails("webauthn: {relying_party: {id: ''}}", Value, "webauthn.relying_party.id");
    fails("webauthn: {relying_party: {display_name: ' '}}", Value, "webauthn.relying_party.display_name");
    fails("webauthn: {relying_party: {origins: []}}", Value, "webauthn.relying_party.origins");
}

#[test]
fn server() {
    for name in ["public", "admin", "management"] {
        fails(&format!("server: {{{name}: {{address: ' '}}}}"), Value, &format!("server.{name}.address"));
    }
    fails("server: {ip: {extractor: x}}", Value, "server.ip.extractor");
    fails("server: {ip: {extractor: x_real_ip}}", Conflict, "server.ip.trusted_proxies");
    fails("server: {ip: {trusted_proxies: [10.0.0.1]}}", Value, "server.ip.trusted_proxies[0]");
}

#[test]
fn stores() {
    fails("rate_limiter: {store: memcached}", Value, "rate_limiter.store");
    fails("rate_limiter: {store: redis}", Value, "rate_limiter.redis_config.address");
    fails("rate_limiter: {store: postgres}", Conflict, "rate_limiter.store");
    fails("flow_locker: {store: etcd}", Value, "flow_locker.store");
    fails("flow_locker: {store: redis}", Value, "flow_locker.redis_config.address");
}

#[test]
fn database() {
    for name in ["database", "user", "host", "port", "dialect"] {
        fails(&format!("database: {{{name}: ''}}"), Value, &format!("database.{name}"));
    }
    for url in ["oracle://x", "nonsense", "'sqlite::memory:'", "'sqlite://'"] {
        fails(&format!("database: {{url: {url}}}"), Value, "database.url");
    }
    for product in ["mysql", "mariadb", "cockroach", "cockroachdb"] {
        let message = fails(&format!("database: {{url: '{product}://u:p@h/d'}}"), Value, "database.url");
        assert!(message.contains("inkan import hanko") && !message.contains("u:p"), "{message}");
        let message = fails(&format!("database: {{dialect: {product}}}"), Value, "database.dialect");
        assert!(message.contains("inkan import hanko"), "{message}");
    }
}

#[test]
fn mail_server() {
    fails("email_delivery: {smtp: {host: a, port: ''}}", Value, "email_delivery.smtp.port");
    fails("email_delivery: {smtp: {host: 'a b'}}", Value, "email_delivery.smtp.host");
}

#[test]
fn key_management() {
    fails("secrets: {key_management: {type: hsm}}", Value, "secrets.key_management.type");
    fails("secrets: {key_management: {type: ''}}", Value, "secrets.key_management.type");
    let found = errors("secrets: {key_management: {type: aws_kms, key_id: a, region: b}}");
    assert_eq!((found[0].kind, found[0].key.as_str()), (Unsupported, "secrets.key_management.type"));
}

#[test]
fn single_values() {
    fails("service: {name: ' '}", Value, "service.name");
    fails("session: {lifespan: ''}", Value, "session.lifespan");
    fails("email: {passcode_charset: hex}", Value, "email.passcode_charset");
    fails("secret_keys: [short]", Value, "secret_keys[0]");
}

const PROVIDER: &str = "{enabled: true, client_id: i, secret: s}";

#[test]
fn third_party_urls() {
    let with = |urls: &str| format!("third_party: {{providers: {{google: {PROVIDER}}}, {urls}}}");
    let all = [
        ("redirect_url", "https://a.test/cb"),
        ("error_redirect_url", "https://a.test/e"),
        ("allowed_redirect_urls", "['https://a.test/**']"),
    ];
    for missing in 0..all.len() {
        let urls = all.iter().enumerate().filter(|(i, _)| *i != missing);
        let urls: Vec<_> = urls.map(|(_, (k, v))| format!("{k}: {v}")).collect();
        fails(&with(&urls.join(", ")), Conflict, &format!("third_party.{}", all[missing].0));
    }
    for (key, value) in [
        ("error_redirect_url", "https://a.test/e/"),
        ("default_redirect_url", "https://a.test/"),
        ("error_redirect_url", "/relative"),
    ] {
        let urls: Vec<_> = all.iter().filter(|(k, _)| *k != key).map(|(k, v)| format!("{k}: {v}")).collect();
        fails(&with(&format!("{}, {key}: '{value}'", urls.join(", "))), Value, &format!("third_party.{key}"));
    }
    let urls = "redirect_url: https://a.test/cb, error_redirect_url: https://a.test/e, allowed_redirect_urls: ['https://a.test/']";
    fails(&with(urls), Value, "third_party.allowed_redirect_urls[0]");
}

#[test]
fn third_party_providers() {
    let urls = "redirect_url: https://a.test/cb, error_redirect_url: https://a.test/e, allowed_redirect_urls: ['https://a.test/**']";
    for (provider, missing) in
        [("{enabled: true, secret: s}", "client_id"), ("{enabled: true, client_id: i}", "secret")]
    {
        let text = format!("third_party: {{{urls}, providers: {{apple: {provider}}}}}");
        fails(&text, Conflict, &format!("third_party.providers.apple.{missing}"));
    }
    let fields = [
        ("display_name", "D"),
        ("client_id", "i"),
        ("secret", "s"),
        ("scopes", "[openid]"),
        ("issuer", "https://i.test"),
    ];
    for (missing, _) in fields {
        let fields: Vec<_> =
            fields.iter().filter(|(k, _)| *k != missing).map(|(k, v)| format!("{k}: {v}")).collect();
        let provider = format!("{{enabled: true, use_discovery: true, {}}}", fields.join(", "));
        let text = format!("third_party: {{{urls}, custom_providers: {{c: {provider}}}}}");
        fails(&text, Conflict, &format!("third_party.custom_providers.c.{missing}"));
    }
    let text = format!(
        "third_party: {{{urls}, custom_providers: {{c: {{enabled: true, display_name: D, client_id: i, secret: s, scopes: x}}}}}}"
    );
    let keys: Vec<_> = errors(&text).into_iter().filter(|e| e.kind == Conflict).map(|e| e.key).collect();
    assert_eq!(
        keys,
        ["authorization_endpoint", "token_endpoint", "userinfo_endpoint"]
            .map(|k| format!("third_party.custom_providers.c.{k}"))
    );
}

#[test]
fn saml() {
    let keys: Vec<_> =
        errors("saml: {enabled: true}").into_iter().filter(|e| e.kind == Conflict).map(|e| e.key).collect();
    assert_eq!(
        keys,
        ["endpoint_url", "audience_uri", "default_redirect_url", "identity_providers"]
            .map(|k| format!("saml.{k}"))
    );
    let with = |providers: &str| {
        format!(
            "saml: {{enabled: true, endpoint_url: https://a.test/saml/, audience_uri: urn:a, default_redirect_url: https://a.test, identity_providers: {providers}}}"
        )
    };
    let idp = "{enabled: true, name: N, domain: d.test, metadata_url: https://i.test/m}";
    fails(&with(&format!("[{idp}, {idp}]")), Conflict, "saml.identity_providers[1].domain");
    fails(
        &with("[{enabled: true, name: N, domain: d.test}]"),
        Conflict,
        "saml.identity_providers[0].metadata_url",
    );
    fails(
        &with("[{enabled: true, domain: d, metadata_url: https://i.test}]"),
        Conflict,
        "saml.identity_providers[0].name",
    );
    assert_eq!(
        errors(&with(&format!("[{idp}, {{domain: d.test}}]"))).len(),
        1,
        "only that SAML is unsupported"
    );
    fails("saml: {error_redirect_status: 304}", Value, "saml.error_redirect_status");
    fails("saml: {options: {clock_skew: 6m}}", Value, "saml.options.clock_skew");
}

#[test]
fn webhooks() {
    fails(
        "webhooks: {enabled: true, hooks: [{callback: 'http://', events: [user]}]}",
        Value,
        "webhooks.hooks[0].callback",
    );
    let message = fails(
        "webhooks: {enabled: true, hooks: [{callback: https://a.test, events: [user.created]}]}",
        Value,
        "webhooks.hooks[0].events",
    );
    assert!(message.contains("user.create?"), "{message}");
}

#[test]
fn unknown_keys_name_the_nearest_known_one() {
    for (text, key, nearest) in [
        ("emial: {}", "emial", "email"),
        ("email: {limits: 1}", "email.limits", "email.limit"),
        ("server: {cors: {allow_origins: [https://a.test]}}", "server.cors", "cors"),
        ("session: {cookie: {samesite: lax}}", "session.cookie.samesite", "session.cookie.same_site"),
        ("session: {same_site: lax}", "session.same_site", "session.cookie.same_site"),
        ("allow_signup: true", "allow_signup", "account.allow_signup"),
        ("passcode: {tll: 1}", "passcode.tll", "passcode.ttl"),
    ] {
        let message = fails(text, UnknownKey, key);
        assert_eq!(message, format!("there is no such key; did you mean {nearest}?"));
    }
    assert_eq!(fails("xyzzy: 1", UnknownKey, "xyzzy"), "there is no such key");
}

#[test]
fn what_is_missing_in_this_version_is_said() {
    for (text, key) in [
        ("multi_tenancy: {enabled: true}", "multi_tenancy.enabled"),
        ("webhooks: {enabled: true, hooks: {callback: https://a.test, events: user}}", "webhooks.hooks"),
        ("rate_limiter: {store: redis, redis_config: {address: 'r:6379'}}", "rate_limiter.store"),
        ("flow_locker: {store: redis, redis_config: {address: 'r:6379'}}", "flow_locker.store"),
    ] {
        let found: Vec<_> = errors(text).into_iter().map(|e| (e.kind, e.key)).collect();
        assert_eq!(found, [(Unsupported, key.to_owned())], "{text}");
    }
    super::yaml(
        "third_party: {providers: {google: {enabled: false}}}\nwebhooks: {enabled: false, hooks: {callback: https://a.test, events: user}}",
    );
}

#[test]
fn several_nodes_need_what_they_share() {
    let keys: Vec<_> = errors("nodes: many").into_iter().map(|e| (e.kind, e.key)).collect();
    let nodes = || "nodes".to_owned();
    assert_eq!(keys, [(Conflict, nodes()), (Conflict, nodes()), (Conflict, nodes()), (Unsupported, nodes())]);
    let text = "{nodes: many, secret_keys: [0123456789abcdef], database: {url: 'postgres://h/d'}, rate_limiter: {store: postgres}}";
    assert!(errors(text).iter().all(|e| e.kind == Unsupported));
}
