//! Spec 05 §2.5: claims of the operator.

use serde_json::json;

use super::{claims_of, tokens::verified};

/// The worked example, without metadata, which accounts do not have yet.
const EXAMPLE: &str = r#"
session:
  jwt_template:
    claims:
      role: user
      num: 42
      ver: "{{ .User.Email.IsVerified }}"
      scopes: [read, "{{if .User.Email.IsVerified}}admin{{else}}basic{{end}}", 7]
      pub: "{{ .User.Metadata }}"
      doc: '{"a":[1,2,"{{.User.Email.Address}}"]}'
      text: "12"
      truth: "true"
      nested: { who: "{{ .User.UserID }}", list: [null, true, "{{ .User.Username }}"] }
      broken: "{{ .User.Nope }}"
      half: { good: 1, bad: "{{ .User.Nope }}" }
      unclosed: "{{ if }}"
"#;

each_engine! {
    async fn claims_of_the_operator(app: AppBuilder) {
        let app = app.config(EXAMPLE).config("username: { enabled: true }").start().await;
        let ada = app.user("ada@example.com").username("ada").password("correct horse").create().await;
        let done = app.sign_in(&ada).await;
        let claims = verified(&app, &done.token().unwrap()).await;
        let expected = json!({
            "role": "user",
            "num": 42,
            "ver": true,
            "scopes": ["read", "admin", 7],
            "pub": "",
            "doc": { "a": [1, 2, "ada@example.com"] },
            "text": "12",
            "truth": true,
            "nested": { "who": ada.id.to_string(), "list": [null, true, "ada"] },
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&claims[name], value, "{name}");
            assert_eq!(&done.json["payload"]["claims"][name], value, "{name}");
        }
        let log = app.log.text();
        for dropped in ["broken", "half", "unclosed"] {
            assert!(claims[dropped].is_null(), "{dropped}");
            assert!(log.contains(dropped), "{dropped} is not in the log");
        }
        let validated = app.get("/sessions/validate").bearer(&done.token().unwrap()).await.json();
        assert_eq!(validated["claims"], done.json["payload"]["claims"]);
    }

    async fn v05_06_an_account_cannot_write_claims(app: AppBuilder) {
        let claims = "session: { jwt_template: { claims: {
            greeting: 'Hello {{ .User.Username }}', name: '{{ .User.Username }}',
            subject: other, audience: [other], issued_at: never, expiration: never, issuer: me } } }";
        let app = app.config(claims).config("username: { enabled: true }").start().await;
        let ada = app.user("ada@example.com").username("true").password("correct horse").create().await;
        let done = app.sign_in(&ada).await;
        let token = claims_of(&done.token().unwrap());
        assert_eq!(token["greeting"], "Hello true");
        assert_eq!(token["sub"], ada.id.to_string());
        assert_eq!(token["aud"], json!(["localhost"]));
        assert_eq!(done.json["payload"]["claims"]["expiration"], "2026-11-22T17:00:00Z");
    }
}

/// Reserved names are refused when the settings are read, from a file and in every notation.
#[test]
fn s084_reserved_claims_are_refused_at_configuration_time() {
    for name in ["sub", "iat", "exp", "nbf", "jti", "aud", "iss", "email", "username", "session_id", "amr"] {
        let yaml = format!(
            "secret_keys: [a-secret-for-tests-only-0123456789]\n\
             session: {{ jwt_template: {{ claims: {{ fine: 1, {name}: '{{{{ .User.UserID }}}}' }} }} }}"
        );
        let error = inkan_config::Config::from_yaml(&yaml).unwrap_err().to_string();
        assert!(error.contains(&format!("session.jwt_template.claims.{name}")), "{name}: {error}");
        assert!(!error.contains("claims.fine"), "{error}");
    }
}
