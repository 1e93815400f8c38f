//! Guessing passwords: many accounts (s033), one account (s034).

use std::future::IntoFuture;

use serde_json::json;
use tokio::task::JoinSet;

use super::password_login;
use crate::session::is_alive;

each_engine! {
    async fn s033_stuffing_reaches_hardly_any_hash(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        for n in 0..5 {
            app.user(&format!("user{n}@example.com")).password("correct horse").create().await;
        }
        app.token(&ada).await; // her client is known from now on
        let before = app.domain().passwords.work_done();
        let mut limited = 0;
        for n in 0..400 {
            let ip = format!("198.51.100.{}", n % 100);
            let doc = password_login(&app, &ip, &format!("user{n}@example.com"), "Summer2026!").await;
            limited += u32::from(doc.status == 429);
        }
        let hashed = app.domain().passwords.work_done() - before;
        assert!(hashed < 100, "{hashed} passwords were hashed");
        assert!(limited > 300, "{limited}");
        // The attack goes on: a known client and whoever can read their mail get in.
        assert!(is_alive(&app, &app.token(&ada).await).await);
        let mut flow = app.login().ip("192.0.2.77").await;
        flow.act("continue_with_login_identifier", json!({ "email": "user3@example.com" })).await;
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        let code = app.code("user3@example.com").await;
        assert_eq!(flow.act("verify_passcode", json!({ "code": code })).await.outline(), "200 success");
    }

    async fn s034_an_attacker_cannot_lock_the_owner_out(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        app.token(&ada).await; // her client is known from now on
        let mut flows = Vec::new();
        for n in 0..200 {
            let ip = format!("198.51.{}.{}", n / 100, n % 100);
            let mut flow = app.login().ip(&ip).await;
            flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
            flow.act("continue_to_password_login", json!({})).await;
            flows.push((flow, ip));
        }
        let before = app.domain().passwords.work_done();
        for _ in 0..5 {
            let mut running = JoinSet::new();
            for (flow, ip) in &flows {
                let body = json!({ "input_data": { "password": "wrong horse" }, "csrf_token": flow.doc.csrf() });
                running.spawn(app.post(&flow.href("password_login")).ip(ip).json(&body).into_future());
            }
            running.join_all().await;
        }
        let hashed = app.domain().passwords.work_done() - before;
        assert!(hashed <= 101, "{hashed} guesses were checked");
        let stranger = password_login(&app, "192.0.2.1", "ada@example.com", "correct horse").await;
        assert_eq!(stranger.status, 429, "even with the right password: {}", stranger.json);
        assert!(is_alive(&app, &app.token(&ada).await).await, "the owner enters as ever");
    }
}
