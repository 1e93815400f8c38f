//! Spec 05 §3: the key set, and the change of keys.

use serde_json::{Value, json};

use super::{is_alive, part_text, tokens::verified};
use crate::support::{Engine, TestApp};

fn kid(token: &str) -> String {
    let header: Value = serde_json::from_str(&part_text(token, 0)).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn algorithms(app: &TestApp) -> Vec<String> {
    let keys = app.get("/.well-known/jwks.json").await.json();
    keys["keys"].as_array().unwrap().iter().map(|key| key["alg"].as_str().unwrap().to_owned()).collect()
}

each_engine! {
    async fn v05_05_the_key_set_of_each_algorithm(app: AppBuilder) {
        for (algorithm, members) in [
            ("RS256", "alg e kid kty n use"),
            ("ES256", "alg crv kid kty use x y"),
            ("EdDSA", "alg crv kid kty use x"),
        ] {
            let app = app.clone().config(&format!("jwt: {{ algorithm: {algorithm} }}")).start().await;
            let reply = app.get("/.well-known/jwks.json").await;
            assert_eq!(reply.header("content-type"), "application/json");
            assert_eq!(reply.header("cache-control"), "max-age=600");
            assert!(reply.text().ends_with("}\n"));
            let set = reply.json();
            assert_eq!(set.as_object().unwrap().len(), 1);
            assert_eq!(set["keys"].as_array().unwrap().len(), 1);
            let key = set["keys"][0].as_object().unwrap();
            assert_eq!(key.keys().map(String::as_str).collect::<Vec<_>>().join(" "), members);
            assert_eq!((&key["alg"], &key["use"]), (&json!(algorithm), &json!("sig")));
            assert_eq!(key["kid"].as_str().unwrap().len(), 36);
        }
    }

    async fn s082_a_change_of_the_algorithm_invalidates_nothing(app: AppBuilder) {
        let mut app = app.config("jwt: { algorithm: RS256 }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let mut tokens = vec![app.token(&ada).await];
        let mut expected = vec!["RS256"];
        for algorithm in ["ES256", "EdDSA", "EdDSA"] {
            app = app.stop().await.config(&format!("jwt: {{ algorithm: {algorithm} }}")).start().await;
            if expected.last() != Some(&algorithm) {
                expected.push(algorithm);
            }
            assert_eq!(algorithms(&app).await, expected, "one key per algorithm, none at a plain restart");
            tokens.push(app.token(&ada).await);
            for token in &tokens {
                assert!(is_alive(&app, token).await);
                verified(&app, token).await;
            }
            let header = part_text(tokens.last().unwrap(), 0);
            assert!(header.contains(&format!("\"alg\":\"{algorithm}\"")), "{header}");
        }
        assert_eq!(kid(&tokens[2]), kid(&tokens[3]));
        assert_ne!(kid(&tokens[0]), kid(&tokens[1]));
    }

    async fn s082_two_servers_use_one_key(app: AppBuilder) {
        if app.engine() == Engine::Sqlite {
            return; // one server owns the file
        }
        let first = app.start().await;
        let second = first.beside().start().await;
        let keys = first.get("/.well-known/jwks.json").await.text();
        assert_eq!(second.get("/.well-known/jwks.json").await.text(), keys);
        let ada = first.user("ada@example.com").password("correct horse").create().await;
        let token = first.token(&ada).await;
        assert!(is_alive(&second, &token).await);
        assert_eq!(second.get("/me").bearer(&token).await.json()["id"], ada.id.to_string());
    }

    async fn v05_02_validation_reads_no_keys(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        // Without its stored keys a server that has parsed them goes on.
        let store = &app.domain().store;
        let removed: Result<(), inkan_store::StoreError> = store
            .write(inkan_base::TenantId::DEFAULT, async |tx| {
                for key in tx.signing_keys().list().await? {
                    tx.signing_keys().delete(key.id).await?;
                }
                Ok(())
            })
            .await;
        removed.unwrap();
        assert!(is_alive(&app, &token).await);
        assert!(is_alive(&app, &app.token(&ada).await).await);
    }
}
