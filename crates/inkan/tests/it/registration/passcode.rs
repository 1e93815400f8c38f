//! `passcode_confirmation` in a registration (spec 03, section 5): sending, limits, guesses, life time.

use std::time::Duration;

use serde_json::json;

use super::client;

const ADA: &str = "ada@example.com";
const INVALID: &str = "400 passcode_confirmation form_data_invalid_error code=passcode_invalid";
const EXHAUSTED: &str = "401 passcode_confirmation passcode_max_attempts_reached";
const LIMITED: &str = "429 passcode_confirmation rate_limit_exceeded";
const SECOND: Duration = Duration::from_secs(1);

/// A code that is not the right one.
fn other_than(code: &str) -> String {
    let first = if code.starts_with('1') { '2' } else { '1' };
    format!("{first}{}", &code[1..])
}

each_engine! {
    async fn the_step_offers_what_the_specification_says(app: AppBuilder) {
        let app = app.start().await;
        let flow = app.submit(0, json!({ "email": ADA })).await;
        assert_eq!(flow.doc.actions(), ["back", "resend_passcode", "verify_passcode"]);
        let code =
            json!({ "name": "code", "type": "string", "min_length": 6, "max_length": 6, "required": true });
        assert_eq!(super::inputs_of(&flow.doc, "verify_passcode"), &json!({ "code": code }));
        assert_eq!(flow.doc.json["payload"], json!({}));
    }

    async fn wrong_codes_are_counted_and_the_third_ends_the_code(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.submit(0, json!({ "email": ADA })).await;
        let code = app.code(ADA).await;
        let wrong = other_than(&code);
        for (given, outline) in [
            (&wrong, INVALID),
            (&wrong, INVALID),
            (&wrong, EXHAUSTED),
            (&code, EXHAUSTED),
            (&wrong, EXHAUSTED),
        ] {
            let doc = flow.act("verify_passcode", json!({ "code": given })).await;
            assert_eq!(doc.outline(), outline);
            assert_eq!(doc.actions(), ["back", "resend_passcode", "verify_passcode"]);
        }
        assert_eq!(flow.act("resend_passcode", json!({})).await.outline(), "200 passcode_confirmation");
        let fresh = app.code(ADA).await;
        assert_eq!(
            flow.act("verify_passcode", json!({ "code": fresh })).await.outline(),
            "200 password_creation"
        );
        assert_eq!(flow.doc.actions(), ["register_password"], "no way back over a proven address");
    }

    /// Spec 03, section 20, item 14: odd codes are wrong codes or missing ones.
    async fn r14_odd_codes_are_rejected_like_wrong_ones(app: AppBuilder) {
        let app = app.start().await;
        let missing = "400 passcode_confirmation form_data_invalid_error code=value_missing_error";
        for (number, (input, outline)) in [
            (json!({}), missing),
            (json!({ "code": "" }), missing),
            (json!({ "code": null }), missing),
            (json!({ "code": "1" }), INVALID),
            (json!({ "code": "1234567" }), INVALID),
            (json!({ "code": "abcdef" }), INVALID),
            (json!({ "code": "ＡＢＣＤＥＦ" }), INVALID),
            (json!({ "code": "12345\u{0}" }), INVALID),
            (json!({ "code": "9".repeat(10_000) }), INVALID),
        ]
        .into_iter()
        .enumerate()
        {
            let mut flow = app.submit(number, json!({ "email": format!("u{number}@example.com") })).await;
            let doc = flow.act("verify_passcode", input.clone()).await;
            assert_eq!(doc.outline(), outline, "{:.60}", input.to_string());
        }
    }

    async fn s018_a_code_lives_as_long_as_configured(app: AppBuilder) {
        let app = app.config("email: { passcode_ttl: 120 }").start().await;
        for (number, (wait, outline)) in
            [(119, "200 password_creation"), (121, INVALID)].into_iter().enumerate()
        {
            let address = format!("u{number}@example.com");
            let mut flow = app.submit(number, json!({ "email": address })).await;
            let code = app.code(&address).await;
            app.clock.advance(SECOND * wait);
            assert_eq!(
                flow.act("verify_passcode", json!({ "code": code })).await.outline(),
                outline,
                "{wait}"
            );
        }
    }

    async fn s015_a_code_is_used_once(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.submit(0, json!({ "email": ADA })).await;
        let code = app.code(ADA).await;
        let old = flow.doc.csrf().to_owned();
        assert_eq!(flow.act("verify_passcode", json!({ "code": code })).await.status, 200);
        for csrf in [old.as_str(), flow.doc.csrf()] {
            let body = json!({ "csrf_token": csrf, "input_data": { "code": code, "x": 1 } });
            assert_eq!(
                flow.send("verify_passcode", &body).await.outline(),
                "403 error operation_not_permitted_error"
            );
        }
    }

    async fn s016_a_code_of_another_flow_is_a_wrong_code(app: AppBuilder) {
        let app = app.start().await;
        app.user("bob@example.com").create().await;
        let mut ada = app.submit(0, json!({ "email": ADA })).await;
        let code = app.code(ADA).await;
        let mut again = app.submit(1, json!({ "email": ADA })).await;
        let mut other = app.submit(2, json!({ "email": "eve@example.com" })).await;
        let mut login = app.login().ip(&client(3)).await;
        login.act("continue_with_login_identifier", json!({ "email": "bob@example.com" })).await;
        let sent = login.act("continue_to_passcode_confirmation", json!({})).await;
        assert_eq!(sent.name(), "passcode_confirmation");
        for flow in [&mut again, &mut other, &mut login] {
            let doc = flow.act("verify_passcode", json!({ "code": code })).await;
            assert_eq!(doc.outline(), INVALID);
        }
        let login_code = app.code("bob@example.com").await;
        assert_eq!(other.act("verify_passcode", json!({ "code": login_code })).await.outline(), INVALID);
        assert_eq!(
            ada.act("verify_passcode", json!({ "code": code })).await.outline(),
            "200 password_creation"
        );
    }

    async fn s017_only_the_newest_code_counts(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.submit(0, json!({ "email": ADA })).await;
        let first = app.code(ADA).await;
        flow.act("resend_passcode", json!({})).await;
        let second = app.code(ADA).await;
        assert_ne!(first, second);
        assert_eq!(flow.act("verify_passcode", json!({ "code": first })).await.outline(), INVALID);
        assert_eq!(
            flow.act("verify_passcode", json!({ "code": second })).await.outline(),
            "200 password_creation"
        );
    }

    /// Spec 03, section 4.4, last paragraph.
    async fn the_same_address_is_not_mailed_to_again_while_its_code_is_valid(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.submit(0, json!({ "email": ADA })).await;
        let code = app.code(ADA).await;
        flow.act("back", json!({})).await;
        assert_eq!(flow.act("register_login_identifier", json!({ "email": ADA })).await.status, 200);
        assert_eq!(app.mails(ADA).await.len(), 1);

        flow.act("back", json!({})).await;
        flow.act("register_login_identifier", json!({ "email": "new@example.com" })).await;
        assert_eq!(app.mails("new@example.com").await.len(), 1);
        // The code went to the first address: it proves nothing about the second one.
        assert_eq!(flow.act("verify_passcode", json!({ "code": code })).await.outline(), INVALID);

        flow.act("back", json!({})).await;
        app.clock.advance(SECOND * 301);
        flow.act("register_login_identifier", json!({ "email": "new@example.com" })).await;
        assert_eq!(app.mails("new@example.com").await.len(), 2, "the first one has expired");
        let code = app.code("new@example.com").await;
        assert_eq!(
            flow.act("verify_passcode", json!({ "code": code })).await.outline(),
            "200 password_creation"
        );
    }

    /// Spec 03, section 5.2 and section 20, item 18: a resend costs one token, and what was refused was not sent.
    async fn r18_a_resend_costs_one_token(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.submit(0, json!({ "email": ADA })).await;
        for (resend, outline) in
            [(1, "200 passcode_confirmation"), (2, "200 passcode_confirmation"), (3, LIMITED), (4, LIMITED)]
        {
            let doc = flow.act("resend_passcode", json!({})).await;
            assert_eq!(doc.outline(), outline, "resend {resend}");
            app.deliver().await;
            if doc.status == 429 {
                assert_eq!(doc.json["payload"]["resend_after"], 60);
                assert_eq!(doc.json["payload"]["retry_after"], 60);
                assert_eq!(doc.header("retry-after"), "60");
            }
        }
        assert_eq!(app.mails(ADA).await.len(), 3);
        let code = app.code(ADA).await;
        assert_eq!(
            flow.act("verify_passcode", json!({ "code": code })).await.outline(),
            "200 password_creation"
        );
    }

    /// Spec 03, section 5.2 and section 20, item 14: the flow is where it should be, only without a mail.
    async fn r14_a_limit_on_entry_leaves_a_flow_that_works(app: AppBuilder) {
        let app = app.start().await;
        for _ in 0..3 {
            assert_eq!(app.submit(0, json!({ "email": ADA })).await.doc.status, 200);
        }
        let mut flow = app.submit(0, json!({ "email": ADA })).await;
        assert_eq!(flow.doc.outline(), LIMITED);
        assert_eq!(flow.doc.actions(), ["back", "resend_passcode", "verify_passcode"]);
        assert_eq!(app.mails(ADA).await.len(), 3);
        assert_eq!(flow.act("verify_passcode", json!({ "code": "123456" })).await.outline(), INVALID);
        // Another address, and later the same one, go on.
        flow.act("back", json!({})).await;
        assert_eq!(
            flow.act("register_login_identifier", json!({ "email": "b@example.com" })).await.status,
            200
        );
        flow.act("back", json!({})).await;
        app.clock.advance(SECOND * 60);
        assert_eq!(flow.act("register_login_identifier", json!({ "email": ADA })).await.status, 200);
        let code = app.code(ADA).await;
        assert_eq!(
            flow.act("verify_passcode", json!({ "code": code })).await.outline(),
            "200 password_creation"
        );
    }

    /// Spec 03, section 20, item 18: the mail leaves after the answer, so a dead mail server does not stop a registration.
    async fn r18_a_dead_mail_server_is_no_error_of_the_flow(app: AppBuilder) {
        let config = "email_delivery: { from_address: noreply@example.com, smtp: { host: 127.0.0.1, port: 1, tls: none } }";
        let app = app.config(config).start().await;
        app.expect_errors();
        let mut flow = app.submit(0, json!({ "email": ADA })).await;
        assert_eq!(flow.doc.outline(), "200 passcode_confirmation");
        app.deliver().await;
        assert_eq!(app.queued().await, 1, "it waits for another try");
        assert_eq!(flow.act("verify_passcode", json!({ "code": "x" })).await.outline(), INVALID);
    }

    async fn alphanumeric_codes_are_compared_with_their_case(app: AppBuilder) {
        let app = app.config("email: { passcode_charset: alphanumeric }").start().await;
        let mut checked = false;
        for number in 0..5 {
            let address = format!("u{number}@example.com");
            let mut flow = app.submit(number, json!({ "email": address })).await;
            let subject = app.mails(&address).await[0].subject.clone();
            let code = subject.split(' ').next().unwrap().to_owned();
            assert!(
                code.len() == 6 && code.chars().all(|c| c.is_ascii_alphanumeric() && !"01IOl".contains(c)),
                "{code}"
            );
            let swapped: String = code
                .chars()
                .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
                .collect();
            if swapped != code {
                checked = true;
                assert_eq!(flow.act("verify_passcode", json!({ "code": swapped })).await.outline(), INVALID);
            }
            assert_eq!(
                flow.act("verify_passcode", json!({ "code": code })).await.outline(),
                "200 password_creation"
            );
        }
        assert!(checked);
    }
}
