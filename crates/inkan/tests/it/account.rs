//! `GET /me`, `POST /logout`, and how a session comes to the client (spec 05 §4, §6; spec 13 §16 rows 19 to 22).

use std::time::Duration;

use inkan_base::TenantId;
use inkan_store::StoreError;
use serde_json::json;

each_engine! {
    async fn c19_me_has_both_ids_and_a_vanished_user_has_no_session(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        let me = app.get("/me").cookie(&token).await.json();
        assert_eq!((&me["id"], &me["user_id"]), (&json!(ada.id), &json!(ada.id)));
        for reply in [app.get("/me").await, app.get("/me").cookie("x").await, app.get("/me").bearer("x").await] {
            reply.assert_error(401, "Unauthorized");
            assert_eq!(reply.header("www-authenticate"), "");
        }

        let deleted: Result<bool, StoreError> =
            app.domain().store.write(TenantId::DEFAULT, async |tx| tx.users().delete(ada.id).await).await;
        assert!(deleted.unwrap());
        app.get("/me").cookie(&token).await.assert_error(401, "Unauthorized");
        assert_eq!(app.get("/sessions/validate").cookie(&token).await.json()["is_valid"], false);
    }

    async fn c20_logout_ends_the_session_and_removes_the_cookie(app: AppBuilder) {
        let app = app.config("session: { cookie: { domain: example.com, same_site: lax } }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let done = app.sign_in(&ada).await;
        let set = done.header("set-cookie");
        let token = done.token().unwrap();
        assert_eq!(
            set.replace(&token, "TOKEN"),
            "hanko=TOKEN; Path=/; Domain=example.com; Max-Age=43200; HttpOnly; Secure; SameSite=Lax"
        );

        app.clock.advance(Duration::from_secs(1));
        let logout = app.post("/logout").cookie(&token).await;
        assert_eq!((logout.status, logout.body.len()), (204, 0));
        assert_eq!(
            logout.header("set-cookie"),
            "hanko=; Path=/; Domain=example.com; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
        );
        app.post("/logout").cookie(&token).await.assert_error(401, "Unauthorized");
        assert_eq!(app.audit().await.last().unwrap().kind, "user_logged_out");
    }

    async fn c21_header_mode_sends_the_token_in_a_header(app: AppBuilder) {
        let app = app.config("session: { enable_auth_token_header: true }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let done = app.sign_in(&ada).await;
        assert_eq!(done.header("set-cookie"), "");
        let token = done.header("x-auth-token");
        assert_eq!(app.get("/me").header("authorization", &format!("bearer {token}")).await.status, 200);
        let exposed = app.get("/me").origin("http://localhost:8888").await.header("access-control-expose-headers");
        assert!(exposed.split(',').any(|name| name == "X-Auth-Token"), "{exposed}");
    }

    async fn c22_lifetime_and_retention_are_told(app: AppBuilder) {
        let app = app.config("session: { lifespan: 1h30m10.5s, cookie: { retention: session } }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let done = app.sign_in(&ada).await;
        assert_eq!(done.header("x-session-lifetime"), "5410");
        assert_eq!(done.header("x-session-retention"), "session");
        assert!(!done.header("set-cookie").contains("Max-Age"));
        assert_eq!(done.header("cache-control"), "no-store");
    }
}
