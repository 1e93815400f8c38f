//! `GET` and `POST /sessions/validate` (spec 05 §6.3–6.4, spec 13 §16 rows 17, 18, 37).

use std::time::Duration;

use serde_json::json;

const IDLE: &str = "session: { idle_timeout: 10m }";

each_engine! {
    async fn a_valid_session_is_described(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;

        for reply in [
            app.get("/sessions/validate").cookie(&token).await,
            app.get("/sessions/validate").bearer(&token).await,
            app.get("/sessions/validate").header("authorization", &format!("bEARER  {token}")).await,
            app.get("/sessions/validate").bearer("wrong").cookie(&token).await,
            app.post("/sessions/validate").json(&json!({ "session_token": token })).await,
        ] {
            let body = reply.json();
            assert_eq!((reply.status, &body["is_valid"]), (200, &json!(true)), "{body}");
            assert_eq!(body["user_id"], ada.id.to_string());
            assert_eq!(body["claims"]["subject"], body["user_id"]);
            assert_eq!(body["expiration_time"], "2026-11-22T17:00:00Z");
            assert_eq!(body["claims"]["expiration"], body["expiration_time"]);
            assert!(body["claims"]["session_id"].is_string() && body["idle_expires_at"].is_null(), "{body}");
            assert_eq!(reply.header("cache-control"), "no-store");
        }
    }

    async fn the_table_of_requests_of_back_ends(app: AppBuilder) {
        let app = app.start().await;
        let validate = async |content_type: &str, body: &str| {
            app.post("/sessions/validate").body(content_type, body.to_owned()).await
        };
        let json_type = "application/json";
        for (content_type, body) in [
            (json_type, ""),
            (json_type, "{}"),
            (json_type, "{\"session_token\":\"\"}"),
            (json_type, "{\"session_token\":null}"),
            ("text/plain", ""),
            ("application/x-www-form-urlencoded", "session_token=x"),
        ] {
            validate(content_type, body).await.assert_error(400, "session_token is required");
        }
        validate(json_type, "{").await.assert_error(400, "the body is not valid JSON");
        validate(json_type, "[]").await.assert_error(400, "the body must be a JSON object");
        validate(json_type, "{\"session_token\":1}").await.assert_error(400, "session_token must be a string");
        validate("text/plain", "x").await.assert_error(415, "Unsupported Media Type");
        for token in ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
            let reply = validate(json_type, &json!({ "session_token": token }).to_string()).await;
            assert_eq!((reply.status, reply.text().as_str()), (200, "{\"is_valid\":false}\n"), "{token}");
        }
    }

    async fn header_and_cookie_do_not_count_for_back_ends(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        let reply = app.post("/sessions/validate").cookie(&token).bearer(&token).json(&json!({ "session_token": "x" })).await;
        assert_eq!(reply.text(), "{\"is_valid\":false}\n");
    }

    async fn c17_polling_reads_only_and_does_not_prolong(app: AppBuilder) {
        let app = app.config(IDLE).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        let first = app.get("/sessions/validate").cookie(&token).await.json();
        assert_eq!(first["idle_expires_at"], "2026-11-22T05:10:00Z");

        for _ in 0..60 {
            app.clock.advance(Duration::from_secs(9));
            let poll = app.get("/sessions/validate").cookie(&token).await;
            assert_eq!((poll.status, poll.json()), (200, first.clone()));
        }
        app.clock.advance(Duration::from_secs(61));
        let ended = app.get("/sessions/validate").cookie(&token).await;
        assert_eq!((ended.status, ended.text().as_str()), (200, "{\"is_valid\":false}\n"));
        assert!(ended.header("set-cookie").starts_with("hanko=; ") && ended.header("set-cookie").contains("Max-Age=0"));
        assert_eq!(app.get("/sessions/validate").await.header("set-cookie"), "");
    }

    async fn c17_asking_for_a_back_end_counts_as_use(app: AppBuilder) {
        let app = app.config(IDLE).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        for _ in 0..5 {
            app.clock.advance(Duration::from_mins(9));
            let reply = app.post("/sessions/validate").json(&json!({ "session_token": token })).await;
            assert_eq!(reply.json()["is_valid"], true);
        }
    }

    async fn c17_polling_is_not_limited_per_address(app: AppBuilder) {
        let app = app.start().await;
        for _ in 0..150 {
            assert_eq!(app.get("/sessions/validate").await.text(), "{\"is_valid\":false}\n");
        }
    }

    async fn c18_an_ended_session_is_known_at_the_next_poll(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let (one, two) = (app.token(&ada).await, app.token(&ada).await);
        let valid = async |token: &str| app.get("/sessions/validate").cookie(token).await.json()["is_valid"] == true;
        assert!(valid(&one).await && valid(&two).await);

        assert_eq!(app.post("/logout").cookie(&one).await.status, 204);
        assert!(!valid(&one).await && valid(&two).await);

        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
        let code = app.code("ada@example.com").await;
        flow.act("verify_passcode", json!({ "code": code })).await;
        let done = flow.act("password_recovery", json!({ "new_password": "another horse" })).await;
        assert_eq!(done.outline(), "200 success");
        assert!(!valid(&two).await && valid(&done.token().unwrap()).await);
    }

    async fn an_expired_session_is_invalid(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        app.clock.advance(Duration::from_hours(12) - Duration::from_secs(1));
        assert_eq!(app.get("/sessions/validate").cookie(&token).await.json()["is_valid"], true);
        app.clock.advance(Duration::from_secs(1));
        assert_eq!(app.get("/sessions/validate").cookie(&token).await.text(), "{\"is_valid\":false}\n");
        app.get("/me").cookie(&token).await.assert_error(401, "Unauthorized");
    }
}
