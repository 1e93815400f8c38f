//! Spec 05 §2.1–2.3, §2.6, §3.1: tokens are what they should be, seen with an independent library; all others are refused.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use inkan_base::TenantId;
use inkan_crypto::{Algorithm, PrivateKey, SigningKeys, seal::Context as Sealed};
use inkan_store::StoreError;
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode, jwk::JwkSet};
use serde_json::{Map, Value, json};

use super::{claims_of, part_text};
use crate::support::TestApp;

/// The claims of a token, verified with the published keys and nothing else.
pub(super) async fn verified(app: &TestApp, token: &str) -> Value {
    let jwks: JwkSet = serde_json::from_value(app.get("/.well-known/jwks.json").await.json()).unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    let jwk = jwks.find(header.kid.as_ref().unwrap()).expect("the key of the token is published");
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false; // the clock of the test is not that of the library
    validation.validate_aud = false;
    decode(token, &DecodingKey::from_jwk(jwk).unwrap(), &validation).unwrap().claims
}

/// The server's own private key, to sign what it would not.
async fn own_key(app: &TestApp) -> (String, PrivateKey) {
    let store = &app.domain().store;
    let keys: Result<_, StoreError> =
        store.read(TenantId::DEFAULT, async |tx| tx.signing_keys().list().await).await;
    let key = keys.unwrap().pop().unwrap();
    let place = Sealed { table: "signing_keys", tenant: TenantId::DEFAULT, row: &key.kid, column: "sealed" };
    let pkcs8 = app.domain().keyring.open(place, &key.sealed).unwrap();
    (key.kid, PrivateKey::from_pkcs8(Algorithm::ES256, &pkcs8).unwrap())
}

fn unsigned(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

async fn assert_refused(app: &TestApp, what: &str, token: &str) {
    let get = app.get("/sessions/validate").bearer(token).await;
    assert_eq!((get.status, get.text().as_str()), (200, "{\"is_valid\":false}\n"), "{what}");
    let post = app.post("/sessions/validate").json(&json!({ "session_token": token })).await;
    assert_eq!((post.status, post.text().as_str()), (200, "{\"is_valid\":false}\n"), "{what}");
    for reply in [app.get("/me").bearer(token).await, app.get("/me").cookie(token).await] {
        assert_eq!((reply.status, reply.header("set-cookie").as_str()), (401, ""), "{what}");
    }
}

each_engine! {
    async fn a_token_says_what_the_specification_says(app: AppBuilder) {
        for (settings, audience, issuer) in [
            ("{}", json!(["localhost"]), Value::Null),
            ("{ audience: [one, two], issuer: 'https://id.example' }", json!(["one", "two"]), json!("https://id.example")),
        ] {
            let app = app.clone().config(&format!("session: {settings}")).config("username: { enabled: true }").start().await;
            let ada = app.user("ada@example.com").username("ada").password("correct horse").create().await;
            let done = app.sign_in(&ada).await;
            let token = done.token().unwrap();
            let kid = app.get("/.well-known/jwks.json").await.json()["keys"][0]["kid"].clone();
            assert_eq!(part_text(&token, 0), format!("{{\"alg\":\"ES256\",\"kid\":{kid},\"typ\":\"JWT\"}}"));
            let claims = verified(&app, &token).await;
            // Alphabetical, and nothing beside them: the text is that of a sorted map.
            assert_eq!(part_text(&token, 1), claims.to_string());
            assert!(claims.as_object().unwrap().keys().is_sorted());
            assert_eq!((&claims["aud"], &claims["iss"]), (&audience, &issuer));
            assert_eq!(claims["sub"], ada.id.to_string());
            assert_eq!(claims["username"], "ada");
            assert_eq!(claims["amr"], json!(["pwd"]));
            assert_eq!(claims["email"], json!({ "address": "ada@example.com", "is_primary": true, "is_verified": true }));
            for absent in ["jti", "nbf", "auth_time"] {
                assert!(claims[absent].is_null(), "{absent}");
            }
            // The object in answers: the same under other names (§2.3).
            let mut renamed = claims.clone();
            let members = renamed.as_object_mut().unwrap();
            for (old, new) in [("sub", "subject"), ("aud", "audience"), ("iss", "issuer")] {
                if let Some(value) = members.remove(old) {
                    members.insert(new.to_owned(), value);
                }
            }
            members.insert("issued_at".into(), json!("2026-11-22T05:00:00Z"));
            members.insert("expiration".into(), json!("2026-11-22T17:00:00Z"));
            members.retain(|name, _| name != "iat" && name != "exp");
            assert_eq!(done.json["payload"]["claims"], renamed);
            let verdict = app.get("/sessions/validate").bearer(&token).await.json();
            assert_eq!(verdict["claims"], renamed);
        }
    }

    async fn tokens_with_a_good_signature_can_still_be_wrong(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let bob = app.user("bob@example.com").password("correct horse").create().await;
        let good = claims_of(&app.token(&ada).await);
        let keys = SigningKeys::new(vec![own_key(&app).await]).unwrap();
        let sign = |change: &Value| {
            let mut claims = good.as_object().unwrap().clone();
            for (name, value) in change.as_object().unwrap() {
                claims.insert(name.clone(), value.clone());
            }
            claims.retain(|_, value| !value.is_null());
            keys.sign(&claims).unwrap()
        };
        let now = app.now().seconds();
        let reply = app.get("/me").bearer(&sign(&json!({ "extra": 1 }))).await;
        assert_eq!(reply.status, 200, "the method itself works: {}", reply.text());
        for change in [
            json!({ "aud": ["elsewhere"] }),
            json!({ "aud": [] }),
            json!({ "aud": null }),
            json!({ "exp": now }),
            json!({ "exp": null }),
            json!({ "exp": "never" }),
            json!({ "nbf": now + 1 }),
            json!({ "iat": now + 1 }),
            json!({ "session_id": null }),
            json!({ "session_id": "1" }),
            json!({ "session_id": 1 }),
            json!({ "session_id": "00000000-0000-4000-8000-000000000000" }),
            json!({ "sub": null }),
            json!({ "sub": "hanko webhooks" }),
            json!({ "sub": bob.id.to_string() }),
            json!({ "padding": "x".repeat(8 * 1024) }),
        ] {
            assert_refused(&app, &change.to_string()[..40.min(change.to_string().len())], &sign(&change)).await;
        }
    }

    async fn tokens_with_a_bad_signature_are_refused(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let bob = app.user("bob@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        let jwks = app.get("/.well-known/jwks.json").await.json();
        let (kid, claims) = (jwks["keys"][0]["kid"].as_str().unwrap(), claims_of(&token));
        let signature = token.rsplit('.').next().unwrap();
        let mut other = claims.clone();
        other["sub"] = bob.id.to_string().into();
        let foreign = SigningKeys::new(vec![(kid.to_owned(), PrivateKey::generate(Algorithm::ES256).unwrap())]).unwrap();
        let unknown = SigningKeys::new(vec![("unknown".into(), PrivateKey::generate(Algorithm::ES256).unwrap())]).unwrap();
        let map: &Map<String, Value> = claims.as_object().unwrap();
        let flip = |at: usize| {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        };
        let mut rows = vec![
            ("none", unsigned(&json!({ "alg": "none", "kid": kid }), &claims, "")),
            ("None", unsigned(&json!({ "alg": "None", "kid": kid }), &claims, signature)),
            ("no algorithm", unsigned(&json!({ "kid": kid }), &claims, signature)),
            ("no key id", unsigned(&json!({ "alg": "ES256" }), &claims, signature)),
            ("foreign key", foreign.sign(map).unwrap()),
            ("unknown key id", unknown.sign(map).unwrap()),
            ("other claims", unsigned(&json!({ "alg": "ES256", "kid": kid, "typ": "JWT" }), &other, signature)),
            ("no signature", token.rsplit_once('.').unwrap().0.to_owned() + "."),
            ("two parts", token.rsplit_once('.').unwrap().0.to_owned()),
            ("four parts", format!("{token}.x")),
            ("five parts, as if encrypted", "a.b.c.d.e".to_owned()),
            ("signature flipped", flip(token.len() - 10)),
            ("claims flipped", flip(token.find('.').unwrap() + 20)),
            ("padded", format!("{token}=")),
            ("9 KiB", format!("{token}{}", "A".repeat(9 * 1024))),
        ];
        // The public key as the secret of an HMAC, in every form it is published in.
        let key = &jwks["keys"][0];
        for secret in [key["x"].as_str().unwrap().to_owned(), key.to_string(), jwks.to_string()] {
            let mut header = Header::new(jsonwebtoken::Algorithm::HS256);
            header.kid = Some(kid.to_owned());
            rows.push(("HS256", encode(&header, &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()));
        }
        // The key that comes with the token is nobody's key.
        let header = json!({ "alg": "ES256", "kid": kid, "jwk": key, "jku": "https://evil.example/jwks" });
        rows.push(("jwk in the header", unsigned(&header, &claims, signature)));
        let critical = json!({ "alg": "ES256", "kid": kid, "crit": ["b64"], "b64": false });
        rows.push(("crit", unsigned(&critical, &claims, signature)));
        for (what, token) in &rows {
            assert_refused(&app, what, token).await;
        }
        assert_eq!(app.get("/me").bearer(&token).await.status, 200);
    }
}
