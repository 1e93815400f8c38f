//! `success` (section 13): what the client gets.

use serde_json::json;

use super::{account, act_with, at_passcode, at_password, verify, with_passcode, with_password};

each_engine! {
    async fn the_whole_answer(app: AppBuilder) {
        let app = app.config("username: { enabled: true }").start().await;
        let ada = app.user("ada@example.com").username("ada").password("correct horse").create().await;
        let done = with_password(&app, &ada).await.doc;
        let stored = account(&app, &ada).await.unwrap();
        let session = super::sessions(&app, &ada).await.remove(0);
        let (email, name) = (&stored.emails[0], stored.username.as_ref().unwrap());
        let time = "2026-11-22T05:00:00Z";
        assert_eq!(done.json["payload"], json!({
            "claims": {
                "amr": ["pwd"],
                "audience": ["localhost"],
                "email": { "address": "ada@example.com", "is_primary": true, "is_verified": true },
                "expiration": "2026-11-22T17:00:00Z",
                "issued_at": time,
                "session_id": session.id,
                "subject": ada.id,
                "username": "ada",
            },
            "last_login": { "login_method": "password" },
            "user": {
                "created_at": time,
                "emails": [{ "address": "ada@example.com", "id": email.id, "is_primary": true, "is_verified": true }],
                "id": ada.id,
                "mfa_config": { "auth_app_set_up": false, "security_keys_enabled": true, "totp_enabled": true },
                "updated_at": time,
                "user_id": ada.id,
                "username": { "created_at": time, "id": name.id, "updated_at": time, "username": "ada" },
            },
        }));
        let token = done.token().unwrap();
        let attributes = "; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict";
        assert_eq!(done.header("set-cookie"), format!("hanko={token}{attributes}"));
        assert_eq!(done.header("x-session-lifetime"), "43200");
        assert_eq!((done.header("x-session-retention"), done.header("x-auth-token")), ("persistent".into(), String::new()));
        assert_eq!(done.header("cache-control"), "no-store");
        assert_eq!((done.actions(), &done.json["links"]), (vec![], &json!(null)));
    }

    async fn the_first_factor_is_in_the_claims(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let by_password = with_password(&app, &ada).await.doc;
        let by_code = with_passcode(&app, "ada@example.com").await.doc;
        for (done, amr, method) in [(by_password, "pwd", "password"), (by_code, "otp", "passcode")] {
            assert_eq!(done.json["payload"]["claims"]["amr"], json!([amr]));
            assert_eq!(done.json["payload"]["last_login"], json!({ "login_method": method }));
        }
    }

    async fn members_that_are_empty_are_left_out(app: AppBuilder) {
        let app = app.config("{ username: { enabled: true }, email: { acquire_on_login: false } }").start().await;
        let ada = app.user("").username("ada").password("correct horse").create().await;
        let done = with_password(&app, &ada).await.doc;
        let payload = &done.json["payload"];
        for absent in [&payload["user"]["emails"], &payload["claims"]["email"], &payload["claims"]["issuer"]] {
            assert!(absent.is_null(), "{payload}");
        }
        let absent = |value: &serde_json::Value, name: &str| value.as_object().unwrap().get(name).is_none();
        assert!(absent(&payload["user"], "emails") && absent(&payload["claims"], "email"), "{payload}");
    }

    async fn issuer_audience_and_lifespan_are_configured(app: AppBuilder) {
        let config = "session: { issuer: the-issuer, audience: [app.example.com, api], lifespan: 30m }";
        let app = app.config(config).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let done = with_password(&app, &ada).await.doc;
        let claims = &done.json["payload"]["claims"];
        assert_eq!(claims["issuer"], "the-issuer");
        assert_eq!(claims["audience"], json!(["app.example.com", "api"]));
        assert_eq!(claims["expiration"], "2026-11-22T05:30:00Z");
        assert_eq!(done.header("x-session-lifetime"), "1800");
        assert!(done.header("set-cookie").contains("; Max-Age=1800;"));
    }

    async fn how_long_the_cookie_stays(app: AppBuilder) {
        for (retention, remember, persistent) in [
            ("session", None, false),
            ("persistent", None, true),
            ("prompt", None, false),
            ("prompt", Some(json!({ "remember_me": false })), false),
            ("prompt", Some(json!({})), false),
            ("prompt", Some(json!({ "remember_me": true })), true),
        ] {
            for header in [false, true] {
                let config = format!("session: {{ cookie: {{ retention: {retention} }}, enable_auth_token_header: {header} }}");
                let app = app.clone().config(&config).start().await;
                app.user("ada@example.com").password("correct horse").create().await;
                let mut flow = app.login().await;
                if let Some(remember) = &remember {
                    // The last choice counts.
                    flow.act("remember_me", json!({ "remember_me": !persistent })).await;
                    flow.act("remember_me", remember.clone()).await;
                }
                super::identify(&mut flow, "ada@example.com").await;
                flow.act("continue_to_password_login", json!({})).await;
                let done = flow.act("password_login", json!({ "password": "correct horse" })).await;
                let case = format!("{config} {remember:?}");
                assert_eq!(done.outline(), "200 success", "{case}");
                let retention = if persistent { "persistent" } else { "session" };
                assert_eq!(done.header("x-session-retention"), retention, "{case}");
                assert_eq!(done.header("x-session-lifetime"), "43200", "{case}");
                assert_eq!(done.header("x-auth-token").is_empty(), !header, "{case}");
                assert_eq!(done.header("set-cookie").is_empty(), header, "{case}");
                if !header {
                    assert_eq!(done.header("set-cookie").contains("Max-Age"), persistent, "{case}");
                }
                assert_eq!(app.get("/me").bearer(&done.token().unwrap()).await.status, 200, "{case}");
            }
        }
    }

    async fn l19_a_long_user_agent_is_cut(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        for agent in ["x".repeat(4096), "é".repeat(2048), String::new()] {
            let mut flow = at_password(&app, "ada@example.com").await;
            let input = json!({ "password": "correct horse" });
            let done = act_with(&app, &mut flow, "password_login", input, ("user-agent", &agent)).await;
            assert_eq!(done.outline(), "200 success");
            app.clock.advance(std::time::Duration::from_secs(1));
            let mut stored = super::sessions(&app, &ada).await;
            stored.sort_by_key(|session| session.created_at);
            let stored = stored.pop().unwrap().user_agent.unwrap_or_default();
            assert!(stored.len() <= 255 && agent.starts_with(&stored) && (stored.len() > 250 || agent.is_empty()), "{stored}");
        }
    }

    async fn every_further_action_is_refused(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        let done = verify(&mut flow, &app.code("ada@example.com").await).await;
        app.clock.advance(std::time::Duration::from_secs(11));
        for action in ["verify_passcode", "back", "resend_passcode", "continue_with_login_identifier"] {
            let body = json!({ "csrf_token": done.csrf(), "input_data": { "code": "123456" } });
            let doc = flow.send(action, &body).await;
            assert_eq!(doc.outline(), "403 error operation_not_permitted_error", "{action}");
        }
    }
}
