//! Spec 05 §1.5: a session that has ended is dead everywhere, at once and for ever.

use std::time::Duration;

use serde_json::json;

use super::{assert_dies, is_alive, rows, sign_in_with};
use crate::support::{Engine, TestApp};

async fn assert_dead(app: &TestApp, token: &str) {
    for reply in [
        app.get("/sessions/validate").cookie(token).await,
        app.get("/sessions/validate").bearer(token).await,
        app.post("/sessions/validate").json(&json!({ "session_token": token })).await,
    ] {
        assert_eq!((reply.status, reply.text().as_str()), (200, "{\"is_valid\":false}\n"));
    }
    app.get("/me").cookie(token).await.assert_error(401, "Unauthorized");
    app.post("/logout").bearer(token).await.assert_error(401, "Unauthorized");
}

each_engine! {
    async fn s042_logout_ends_cookie_and_token_at_once(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let (token, other) = (app.token(&ada).await, app.token(&ada).await);
        assert!(is_alive(&app, &token).await, "now in the cache");
        let reply = app.post("/logout").cookie(&token).await;
        assert_eq!((reply.status, reply.text().as_str()), (204, ""));
        let removal = "hanko=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict";
        assert_eq!(reply.header("set-cookie"), removal);
        assert_dead(&app, &token).await;
        assert!(is_alive(&app, &other).await);
        let audit = app.audit().await;
        assert!(audit.iter().any(|record| record.kind == "user_logged_out" && record.actor_user_id == Some(ada.id)));
        assert_eq!(app.get("/logout").cookie(&other).await.status, 405);
    }

    async fn s042_logout_reaches_a_second_server(app: AppBuilder) {
        if app.engine() == Engine::Sqlite {
            return; // one server owns the file
        }
        let first = app.start().await;
        let second = first.beside().start().await;
        let ada = first.user("ada@example.com").password("correct horse").create().await;
        for (here, there) in [(&first, &second), (&second, &first)] {
            let (token, kept) = (here.token(&ada).await, here.token(&ada).await);
            assert!(is_alive(there, &token).await && is_alive(there, &kept).await);
            assert_eq!(here.post("/logout").bearer(&token).await.status, 204);
            assert_dead(here, &token).await;
            assert_dies(there, &token).await;
            assert!(is_alive(there, &kept).await);
        }
    }

    async fn s044_revocation_survives_a_restart(app: AppBuilder) {
        let app = app.config("session: { limit: 2 }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let mut tokens = Vec::new();
        for _ in 0..3 {
            tokens.push(app.token(&ada).await);
            app.clock.advance(Duration::from_secs(1));
        }
        app.post("/logout").bearer(&tokens[2]).await;
        let app = app.stop().await.start().await;
        assert_dead(&app, &tokens[0]).await;
        assert_dead(&app, &tokens[2]).await;
        assert!(is_alive(&app, &tokens[1]).await, "what was not ended lives on");
        assert_eq!(app.get("/me").bearer(&tokens[1]).await.json()["id"], ada.id.to_string());
    }

    async fn s041_the_session_before_a_sign_in_is_dead(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let mallory = app.user("mallory@example.com").password("battery staple").create().await;
        let (kept, planted) = (app.token(&ada).await, app.token(&mallory).await);
        // Whoever planted the cookie does not share the session that follows, and his own is gone.
        for old in [kept, planted] {
            assert!(is_alive(&app, &old).await);
            let new = sign_in_with(&app, &ada, |call| call.cookie(&old)).await.token().unwrap();
            assert_ne!(new, old);
            assert_dead(&app, &old).await;
            assert_eq!(app.get("/me").cookie(&new).await.json()["id"], ada.id.to_string());
        }
        assert_eq!(rows(&app, &mallory).await, []);
    }

    async fn s041_no_session_outlives_a_recovery(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let old = [app.token(&ada).await, app.token(&ada).await];
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
        let code = app.code("ada@example.com").await;
        flow.act("verify_passcode", json!({ "code": code })).await;
        let done = flow.act("password_recovery", json!({ "new_password": "battery staple" })).await;
        assert_eq!(done.outline(), "200 success");
        for token in &old {
            assert_dead(&app, token).await;
        }
        assert!(is_alive(&app, &done.token().unwrap()).await);
    }
}
