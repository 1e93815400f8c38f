//! Spec 11 §13: what the peer does wrong with data, mail and limits, as far as no other module shows it.

use std::{future::IntoFuture, time::Duration};

use serde_json::json;
use tokio::task::JoinSet;

use super::password_login;
use crate::{
    session::{rows, sign_in_with},
    support::Doc,
};

each_engine! {
    async fn d11_01_cleanup_removes_abandoned_flows(app: AppBuilder) {
        let app = app.start().await;
        for number in 0..3 {
            app.login().await.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
            let address = json!({ "email": format!("u{number}@example.com") });
            app.registration().await.act("register_login_identifier", address).await;
            app.login().await; // not even stored
        }
        app.clock.advance(Duration::from_hours(25));
        let removed = app.domain().store.clean_up(app.now(), Duration::from_hours(1), 4).await.unwrap();
        assert_eq!(removed.flows, 6);
    }

    async fn d11_02_a_notification_that_is_recorded_is_mailed(app: AppBuilder) {
        let app = app.config("security_notifications: { notifications: { password_update: { enabled: true } } }").start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
        let code = app.code("ada@example.com").await;
        flow.act("verify_passcode", json!({ "code": code })).await;
        flow.act("password_recovery", json!({ "new_password": "battery staple" })).await;
        let recorded = app.audit().await.iter().filter(|record| record.kind == "security_notification_sent").count();
        assert_eq!((recorded, app.mails("ada@example.com").await.len()), (1, 2));
    }

    async fn d11_03_an_account_without_address_can_do_everything(app: AppBuilder) {
        let app = app.config("username: { enabled: true, use_as_login_identifier: true }\nemail: { optional: true, acquire_on_login: false }").start().await;
        let ada = app.user("").username("ada").password("correct horse").create().await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "identifier": "ada" })).await;
        if flow.doc.name() == "login_method_chooser" {
            flow.act("continue_to_password_login", json!({})).await;
        }
        let refused = flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
        assert_eq!(refused.status, 403, "there is nowhere to send a code to");
        let done = flow.act("password_login", json!({ "password": "correct horse" })).await;
        assert_eq!(done.outline(), "200 success");
        let token = done.token().unwrap();
        assert_eq!(app.get("/me").bearer(&token).await.json()["id"], ada.id.to_string());
        assert_eq!(app.post("/logout").bearer(&token).await.status, 204);
    }

    async fn d11_04_long_headers_do_not_keep_anybody_out(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let (agent, id) = ("Mozilla ".repeat(200), "x".repeat(300));
        sign_in_with(&app, &ada, |call| call.header("user-agent", &agent).header("x-request-id", &id)).await;
        assert_eq!(rows(&app, &ada).await[0].user_agent.as_ref().unwrap().len(), 255);
        let record = app.audit().await.pop().unwrap();
        assert_eq!(record.kind, "login_success");
        assert!(record.request_id.len() <= 128 && record.user_agent.len() <= 255);
    }

    async fn d11_05_one_account_has_one_budget_under_all_its_names(app: AppBuilder) {
        let app = app.config("username: { enabled: true, use_as_login_identifier: true }").start().await;
        app.user("ada@example.com").username("ada").password("correct horse").create().await;
        let before = app.domain().passwords.work_done();
        for n in 0..130 {
            let mut flow = app.login().ip(&format!("198.51.100.{n}")).await;
            let name = if n % 2 == 0 { "ada" } else { "ada@example.com" };
            flow.act("continue_with_login_identifier", json!({ "identifier": name })).await;
            flow.act("continue_to_password_login", json!({})).await;
            flow.act("password_login", json!({ "password": "wrong horse" })).await;
        }
        let hashed = app.domain().passwords.work_done() - before;
        assert_eq!(hashed, 100, "guesses that were checked");
    }

    async fn d11_05_one_client_cannot_try_many_accounts(app: AppBuilder) {
        let app = app.start().await;
        let before = app.domain().passwords.work_done();
        for n in 0..70 {
            password_login(&app, "192.0.2.1", &format!("user{n}@example.com"), "Summer2026!").await;
        }
        let hashed = app.domain().passwords.work_done() - before;
        assert!(hashed <= 50, "{hashed}");
    }

    async fn d11_07_plain_text_is_plain_text(app: AppBuilder) {
        let app = app.config("service: { name: 'Acme & Sons <Ltd>' }").start().await;
        app.user("ada@example.com").create().await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        let mail = app.mails("ada@example.com").await.remove(0);
        assert!(mail.text.contains("Acme & Sons <Ltd>") && !mail.text.contains("&amp;"), "{}", mail.text);
        assert!(mail.html.contains("Acme &amp; Sons &lt;Ltd&gt;"), "{}", mail.html);
    }

    async fn d11_11_contention_is_never_a_server_error(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        let flow = app.login().await;
        let href = flow.href("continue_with_login_identifier");
        let send = |n: usize| {
            let input = json!({ "email": format!("user{}@example.com", n % 4) });
            let body = json!({ "input_data": input, "csrf_token": flow.doc.csrf() });
            app.post(&href).json(&body).into_future()
        };
        let mut running: JoinSet<_> = (0..24).map(send).collect();
        let mut winners = std::collections::BTreeSet::new();
        while let Some(reply) = running.join_next().await {
            let doc = Doc::new(reply.unwrap());
            match doc.status {
                200 => drop(winners.insert(doc.csrf().to_owned())),
                status => assert_eq!(status, 403, "{}", doc.json),
            }
        }
        assert_eq!(winners.len(), 1, "one ran; who asked the same got the same");
    }
}
