//! s109: the clock jumps, forwards and back. Nothing is accepted early, nothing lives for ever, nobody is locked out.

use std::time::Duration;

use inkan_base::Timestamp;
use serde_json::json;

use crate::{session::is_alive, support::TestApp};

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

fn jump(app: &TestApp, seconds: i64) {
    app.clock.set(Timestamp::from_micros(app.now().micros() + seconds * 1_000_000));
}

each_engine! {
    async fn s109_codes_and_jumps(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        // (jumps, whether the code of before is still good)
        for (jumps, good) in [
            (vec![], true),
            (vec![299], true),
            (vec![HOUR], false),
            (vec![DAY], false),
            (vec![-HOUR, HOUR], true),
            (vec![HOUR, -HOUR], true),
        ] {
            let mut flow = app.login().await;
            flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
            flow.act("continue_to_passcode_confirmation", json!({})).await;
            let code = app.code("ada@example.com").await;
            for seconds in &jumps {
                jump(&app, *seconds);
            }
            let doc = flow.act("verify_passcode", json!({ "code": code })).await;
            assert_ne!(doc.status, 500, "{jumps:?}: {}", doc.json);
            assert_eq!(doc.status == 200, good, "{jumps:?}: {}", doc.outline());
            app.clock.advance(Duration::from_hours(2));
        }
    }

    async fn s109_sessions_and_jumps(app: AppBuilder) {
        let app = app.config("session: { idle_timeout: 2h }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&ada).await;
        let began = app.now();
        // Before it was issued it is not valid yet; that ends nothing.
        for seconds in [-HOUR, -DAY] {
            app.clock.set(Timestamp::from_micros(began.micros() + seconds * 1_000_000));
            let early = app.post("/sessions/validate").json(&json!({ "session_token": token })).await;
            assert_eq!(early.status, 200, "{seconds}");
        }
        app.clock.set(began + Duration::from_mins(1));
        assert!(is_alive(&app, &token).await, "when the clock is right again, so is the session");
        // Whatever the clock did: at its end it ends.
        app.post("/sessions/validate").json(&json!({ "session_token": token })).await;
        jump(&app, -HOUR);
        app.post("/sessions/validate").json(&json!({ "session_token": token })).await;
        app.clock.set(began + Duration::from_hours(12));
        assert!(!is_alive(&app, &token).await);
        app.clock.set(began + Duration::from_hours(36));
        assert!(!is_alive(&app, &token).await);
    }

    async fn s109_limits_and_jumps(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        let try_it = async |password: &str| {
            super::password_login(&app, "203.0.113.1", "ada@example.com", password).await.status
        };
        for _ in 0..5 {
            assert_eq!(try_it("wrong horse").await, 400);
        }
        assert_eq!(try_it("correct horse").await, 429);
        for seconds in [-HOUR, -DAY] {
            jump(&app, seconds);
            assert_eq!(try_it("correct horse").await, 200, "nobody waits for the time that was taken back");
        }
        jump(&app, 2 * DAY);
        assert_eq!(try_it("correct horse").await, 200);
    }

    async fn s109_flows_and_jumps(app: AppBuilder) {
        let app = app.start().await;
        for (seconds, expected) in [
            (DAY, "200 login_init"),
            (DAY + 1, "410 error flow_expired_error"),
            (-HOUR, "200 login_init"),
        ] {
            let mut flow = app.login().without_preflight().await;
            jump(&app, seconds);
            let doc = flow.act("register_client_capabilities", json!({ "webauthn_available": false })).await;
            assert_eq!(doc.outline(), expected, "{seconds}");
        }
    }
}
