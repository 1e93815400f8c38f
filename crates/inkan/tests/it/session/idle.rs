//! Spec 05 §1.3–1.4: how long a session lives, and what keeps it alive. Times are exact to the second.

use std::time::Duration;

use inkan_base::Timestamp;
use serde_json::json;

use super::{claims_of, is_alive, rows};
use crate::support::{Reply, TestApp};

const IDLE: &str = "session: { idle_timeout: 10m }";
const REMOVAL: &str = "hanko=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict";

async fn post_validate(app: &TestApp, token: &str) -> Reply {
    app.post("/sessions/validate").json(&json!({ "session_token": token })).await
}

each_engine! {
    async fn s045_the_absolute_end_is_exact(app: AppBuilder) {
        let app = app.config("session: { lifespan: 1h30m10.5s }").start().await;
        app.clock.advance(Duration::from_millis(700));
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let done = app.sign_in(&ada).await;
        assert_eq!(done.header("x-session-lifetime"), "5410");
        let token = done.token().unwrap();
        let claims = claims_of(&token);
        let issued = app.now().seconds();
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(issued), &json!(issued + 5411)));
        assert_eq!(done.json["payload"]["claims"]["expiration"], "2026-11-22T06:30:11Z");
        let end = Timestamp::from_seconds(issued + 5411);
        assert_eq!(rows(&app, &ada).await[0].expires_at.micros(), end.micros() + 200_000);

        for _ in 0..5 {
            app.clock.advance(Duration::from_mins(15));
            assert_eq!(post_validate(&app, &token).await.json()["is_valid"], true);
        }
        app.clock.set(end - Duration::from_micros(1));
        assert!(is_alive(&app, &token).await);
        assert_eq!(app.get("/me").bearer(&token).await.status, 200);
        app.clock.set(end);
        assert!(!is_alive(&app, &token).await);
        assert_eq!(post_validate(&app, &token).await.json()["is_valid"], false);
        app.get("/me").bearer(&token).await.assert_error(401, "Unauthorized");
    }

    async fn s045_use_never_extends_beyond_the_absolute_end(app: AppBuilder) {
        let app = app.config("session: { idle_timeout: 30m, lifespan: 1h }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        for minutes in [20, 40, 59] {
            app.clock.set(Timestamp::from_seconds(1_795_323_600 + minutes * 60));
            let verdict = post_validate(&app, &token).await.json();
            let ends = if minutes == 20 { "2026-11-22T05:50:00Z" } else { "2026-11-22T06:00:00Z" };
            assert_eq!(verdict["idle_expires_at"], ends, "after {minutes} min");
        }
        app.clock.advance(Duration::from_mins(1));
        assert!(!is_alive(&app, &token).await);
    }

    async fn s045_an_idle_session_ends_to_the_second(app: AppBuilder) {
        let app = app.config(IDLE).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        for seconds in [300, 299, 1] {
            app.clock.advance(Duration::from_secs(seconds));
            let verdict = app.get("/sessions/validate").cookie(&token).await.json();
            assert_eq!(verdict["is_valid"], true, "{seconds}");
            // Looking is no use.
            assert_eq!(verdict["idle_expires_at"], "2026-11-22T05:10:00Z");
        }
        app.clock.advance(Duration::from_secs(1));
        let reply = app.get("/sessions/validate").cookie(&token).await;
        assert_eq!(reply.text(), "{\"is_valid\":false}\n");
        assert_eq!(reply.header("set-cookie"), REMOVAL);
        assert_eq!(rows(&app, &ada).await, []);
        app.clock.set(app.now() - Duration::from_mins(5));
        assert!(!is_alive(&app, &token).await, "a clock that goes back brings no session back");
    }

    async fn s045_use_keeps_a_session_alive(app: AppBuilder) {
        let app = app.config(IDLE).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let ways: [(&str, u64); 4] = [("/me", 599), ("post", 600), ("/me", 5), ("post", 25)];
        let token = app.token(&ada).await;
        for (way, seconds) in ways {
            app.clock.advance(Duration::from_secs(seconds));
            let status = match way {
                "post" => u16::from(post_validate(&app, &token).await.json()["is_valid"] == true) * 200,
                path => app.get(path).bearer(&token).await.status,
            };
            assert_eq!(status, 200, "{way} after {seconds} s");
        }
        app.clock.advance(Duration::from_mins(10));
        assert!(is_alive(&app, &token).await, "counted from the last use, however short after the one before");
        app.clock.advance(Duration::from_secs(1));
        assert!(!is_alive(&app, &token).await);
    }

    async fn v05_14_an_idle_end_takes_the_cookie_away(app: AppBuilder) {
        let app = app.config(IDLE).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        for path in ["/me", "/logout", "/sessions/validate"] {
            let token = app.token(&ada).await;
            app.clock.advance(Duration::from_secs(601));
            let call = if path == "/logout" { app.post(path) } else { app.get(path) };
            let reply = call.cookie(&token).await;
            assert_eq!(reply.header("set-cookie"), REMOVAL, "{path}");
            let status = if path == "/sessions/validate" { 200 } else { 401 };
            assert_eq!(reply.status, status, "{path}");
        }
    }

    async fn v05_11_use_is_written_down_only_now_and_then(app: AppBuilder) {
        let app = app.config(IDLE).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        let began = app.now();
        for (seconds, written) in [(1, 0), (59, 0), (60, 60), (61, 60), (119, 60), (121, 121)] {
            app.clock.set(began + Duration::from_secs(seconds));
            assert_eq!(post_validate(&app, &token).await.json()["is_valid"], true);
            let used = rows(&app, &ada).await[0].last_used;
            assert_eq!(used.since(began).as_secs(), written, "after {seconds} s");
        }
    }

    async fn v05_13_polling_does_not_prolong(app: AppBuilder) {
        let app = app.config(IDLE).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        for _ in 0..60 {
            app.clock.advance(Duration::from_secs(10));
            assert!(is_alive(&app, &token).await);
        }
        assert_eq!(rows(&app, &ada).await[0].last_used.since(app.now() - Duration::from_mins(10)).as_secs(), 0);
        app.clock.advance(Duration::from_secs(10));
        assert!(!is_alive(&app, &token).await);
    }
}
