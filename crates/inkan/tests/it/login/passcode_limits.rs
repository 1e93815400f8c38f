//! How often codes are sent (sections 5.6 and 14).

use std::time::Duration;

use serde_json::{Value, json};

use super::{UNLIMITED, WRONG_CODE, at_passcode, identify, verify};
use crate::support::Doc;

const LIMITED: &str = "429 passcode_confirmation rate_limit_exceeded";

fn assert_limited(doc: &Doc, seconds: u64) {
    assert_eq!(doc.outline(), LIMITED);
    assert_eq!(doc.json["payload"], json!({ "resend_after": seconds, "retry_after": seconds }));
    assert_eq!(doc.header("retry-after"), seconds.max(1).to_string());
    assert_eq!(doc.actions(), ["back", "resend_passcode", "verify_passcode"]);
}

each_engine! {
    async fn l10_sending_again_costs_one_token_and_is_never_refused_after_sending(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        assert_eq!(flow.doc.json["payload"], json!({}));
        for mails in [2, 3] {
            app.clock.advance(Duration::from_secs(5));
            let doc = flow.act("resend_passcode", json!({})).await;
            assert_eq!((doc.outline().as_str(), &doc.json["payload"]), ("200 passcode_confirmation", &json!({})));
            assert_eq!(app.mails("ada@example.com").await.len(), mails);
        }
        assert_limited(&flow.act("resend_passcode", json!({})).await, 50);
        app.clock.advance(Duration::from_millis(49_500));
        assert_limited(&flow.act("resend_passcode", json!({})).await, 0);
        assert_eq!(app.mails("ada@example.com").await.len(), 3);
        app.clock.advance(Duration::from_millis(500));
        assert_eq!(flow.act("resend_passcode", json!({})).await.status, 200);
        assert_eq!(verify(&mut flow, &app.code("ada@example.com").await).await.outline(), "200 success");
    }

    async fn entering_costs_a_token_even_if_no_mail_is_needed(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        for outline in ["200 passcode_confirmation", "200 passcode_confirmation", LIMITED] {
            flow.act("back", json!({})).await;
            assert_eq!(flow.act("continue_to_passcode_confirmation", json!({})).await.outline(), outline);
        }
        assert_eq!(app.mails("ada@example.com").await.len(), 1);
        // The code that was sent before is still good.
        assert_eq!(verify(&mut flow, &app.code("ada@example.com").await).await.outline(), "200 success");
    }

    async fn w10_a_first_entry_that_is_refused_has_no_code(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        for _ in 0..3 {
            at_passcode(&app, "ada@example.com").await;
        }
        let mut flow = at_passcode(&app, "ada@example.com").await;
        assert_limited(&flow.doc, 60);
        assert_eq!(app.mails("ada@example.com").await.len(), 3);
        for code in ["123456", &app.code("ada@example.com").await] {
            assert_eq!(verify(&mut flow, code).await.outline(), WRONG_CODE);
        }
        app.clock.advance(Duration::from_mins(1));
        flow.act("resend_passcode", json!({})).await;
        assert_eq!(verify(&mut flow, &app.code("ada@example.com").await).await.outline(), "200 success");
    }

    async fn the_budget_is_one_per_client_and_address(app: AppBuilder) {
        let app = app.start().await;
        for address in ["ada@example.com", "bob@example.com"] {
            app.user(address).create().await;
        }
        for _ in 0..3 {
            assert_eq!(at_passcode(&app, "ada@example.com").await.doc.status, 200);
        }
        assert_eq!(at_passcode(&app, "ada@example.com").await.doc.outline(), LIMITED);
        assert_eq!(at_passcode(&app, "bob@example.com").await.doc.status, 200);
        let mut elsewhere = app.login().ip("203.0.113.2").await;
        identify(&mut elsewhere, "ada@example.com").await;
        let doc = elsewhere.act("continue_to_passcode_confirmation", json!({})).await;
        assert_eq!(doc.outline(), "200 passcode_confirmation");
    }

    async fn s038_unknown_addresses_are_limited_alike(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut answers: Vec<Vec<Value>> = Vec::new();
        for address in ["ada@example.com", "nobody@example.com"] {
            let mut flow = at_passcode(&app, address).await;
            let mut all = Vec::new();
            for _ in 0..4 {
                let doc = flow.act("resend_passcode", json!({})).await;
                all.push(json!([super::shape(&doc), doc.header("retry-after")]));
            }
            answers.push(all);
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0][3][0]["status"], 429);
    }

    async fn l20_one_address_is_not_flooded_from_many_clients(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let limit = inkan_auth::limits::MAILS_PER_RECIPIENT;
        let mut sent = 0;
        for n in 0..=limit {
            let mut flow = app.login().ip(&format!("198.51.100.{n}")).await;
            identify(&mut flow, "ada@example.com").await;
            let doc = flow.act("continue_to_passcode_confirmation", json!({})).await;
            sent += u32::from(doc.status == 200);
        }
        assert_eq!(sent, limit);
        assert_eq!(app.mails("ada@example.com").await.len(), usize::try_from(limit).unwrap());
    }

    async fn l20_codes_of_one_address_are_not_guessed_from_many_clients(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        app.user("ada@example.com").create().await;
        let mut guesses = 0;
        for n in 0..40 {
            let mut flow = app.login().ip(&format!("198.51.100.{n}")).await;
            identify(&mut flow, "ada@example.com").await;
            flow.act("continue_to_passcode_confirmation", json!({})).await;
            for _ in 0..3 {
                guesses += u32::from(verify(&mut flow, "x00000").await.status < 429);
            }
        }
        assert_eq!(guesses, inkan_auth::limits::WRONG_CODES_PER_ADDRESS);
    }

    async fn without_limiter_there_is_no_limit_per_minute(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        app.user("ada@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        for _ in 0..10 {
            assert_eq!(flow.act("resend_passcode", json!({})).await.status, 200);
        }
    }
}
