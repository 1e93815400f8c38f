//! Spec 05 §1.1–1.2: the row of a new session, and how many there may be.

use std::{future::IntoFuture, time::Duration};

use serde_json::json;
use tokio::task::JoinSet;

use super::{is_alive, last_step, rows, sign_in_with};

const UNLIMITED: &str = "rate_limiter: { enabled: false }";

each_engine! {
    async fn a_session_keeps_where_it_came_from(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let long = "ü".repeat(200);
        for (agent, kept) in [("Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)"), (&long, &long[..254])] {
            sign_in_with(&app, &ada, |call| {
                call.add_header("user-agent", agent.as_bytes()).ip("198.51.100.7")
            })
            .await;
            let row = rows(&app, &ada).await.remove(0);
            assert_eq!(row.user_agent.as_deref(), Some(kept));
            assert_eq!(row.ip_address.as_deref(), Some("198.51.100.7"));
            assert_eq!((row.created_at, row.last_used), (app.now(), app.now()));
            assert_eq!(row.expires_at, app.now() + Duration::from_hours(12));
            app.clock.advance(Duration::from_secs(1));
        }
    }

    async fn a_session_keeps_nothing_that_is_not_wanted(app: AppBuilder) {
        let app = app.config("session: { acquire_ip_address: false, acquire_user_agent: false }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        sign_in_with(&app, &ada, |call| call.header("user-agent", "Mozilla/5.0")).await;
        let row = rows(&app, &ada).await.remove(0);
        assert_eq!((row.user_agent, row.ip_address), (None, None));
    }

    async fn a_registration_begins_a_session_too(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.registration().await;
        flow.act("register_login_identifier", json!({ "email": "new@example.com" })).await;
        let code = app.code("new@example.com").await;
        flow.act("verify_passcode", json!({ "code": code })).await;
        let done = flow.act("register_password", json!({ "new_password": "correct horse" })).await;
        assert_eq!(done.outline(), "200 success");
        let token = done.token().unwrap();
        assert!(is_alive(&app, &token).await);
        assert_eq!(super::claims_of(&token)["amr"], json!(["otp", "pwd"]));
    }

    async fn the_oldest_session_makes_room(app: AppBuilder) {
        let app = app.config(UNLIMITED).config("session: { limit: 3 }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let bob = app.user("bob@example.com").password("correct horse").create().await;
        let other = app.token(&bob).await;
        let mut tokens = Vec::new();
        for n in 0..6_usize {
            tokens.push(app.token(&ada).await);
            app.clock.advance(Duration::from_mins(2));
            // Age counts, not use.
            app.post("/sessions/validate").json(&json!({ "session_token": tokens[0] })).await;
            for (age, token) in tokens.iter().enumerate() {
                assert_eq!(is_alive(&app, token).await, age + 3 > n, "token {age} after sign-in {n}");
            }
            assert!(rows(&app, &ada).await.len() <= 3);
        }
        assert!(is_alive(&app, &other).await);
    }

    async fn s048_the_limit_holds_against_parallel_sign_ins(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let mut calls = Vec::new();
        for _ in 0..50 {
            calls.push(last_step(&app, &ada).await);
        }
        let mut running: JoinSet<_> = calls.into_iter().map(IntoFuture::into_future).collect();
        let mut done = 0;
        while let Some(reply) = running.join_next().await {
            let reply = reply.unwrap();
            // Whoever lost a race twice is asked to come again.
            assert!(matches!(reply.status, 200 | 503), "{}", reply.text());
            done += usize::from(reply.status == 200);
            let alive = rows(&app, &ada).await.len();
            assert!(alive <= 5, "{alive} sessions");
        }
        assert!(done >= 40, "only {done} of 50 signed in");
        assert_eq!(rows(&app, &ada).await.len(), 5);
    }
}
