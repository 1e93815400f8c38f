//! `register_login_identifier` (spec 03, sections 4.3 and 4.4): existing and free addresses, protected and not.

use serde_json::json;

use super::{BOTH_OPTIONAL, PASSWORD, client};
use crate::support::Doc;

/// A document without what differs from flow to flow.
fn shape(doc: &Doc) -> String {
    let mut text = doc.reply.text();
    for action in doc.json["actions"].as_object().unwrap().values() {
        let id = action["href"].as_str().unwrap().rsplit_once("%40").unwrap().1;
        text = text.replace(id, "FLOW");
    }
    text.replace(doc.csrf(), "TOKEN")
}

fn headers(doc: &Doc) -> Vec<(String, String)> {
    let volatile = ["date", "x-request-id"];
    let mut headers: Vec<_> = doc
        .headers
        .iter()
        .filter(|(name, _)| !volatile.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    headers.sort();
    headers
}

each_engine! {
    /// Spec 03, section 4.3, step 5: when the existence of an address is told.
    async fn taken_addresses_by_configuration(app: AppBuilder) {
        let rows = [
            ("{}", "200 passcode_confirmation", 1),
            (
                "privacy: { show_account_existence_hints: true }",
                "400 registration_init form_data_invalid_error email=email_already_exists",
                0,
            ),
            (
                "email: { require_verification: false }",
                "400 registration_init form_data_invalid_error email=email_already_exists",
                0,
            ),
            (
                "{ email: { require_verification: false }, privacy: { show_account_existence_hints: true } }",
                "400 registration_init form_data_invalid_error email=email_already_exists",
                0,
            ),
        ];
        for (config, outline, mails) in rows {
            let app = app.clone().config(config).start().await;
            for (number, (address, verified)) in
                [("ada@example.com", true), ("bob@example.com", false)].into_iter().enumerate()
            {
                app.user(address).verified(verified).create().await;
                let mut flow = app.submit(number, json!({ "email": address.to_uppercase() })).await;
                assert_eq!(flow.doc.outline(), outline, "{config}: {address}");
                assert_eq!(app.mails(address).await.len(), mails, "{config}: {address}");
                // The flow goes on with another address.
                if flow.doc.status == 400 {
                    let other = flow
                        .act("register_login_identifier", json!({ "email": format!("new.{address}") }))
                        .await;
                    assert_eq!(other.status, 200, "{config}");
                }
            }
            let kinds: Vec<_> = app.audit().await.into_iter().map(|record| record.kind).collect();
            assert_eq!(kinds, [""; 0], "{config}");
        }
    }

    /// The table of spec 03, section 4.4, step by step, on two flows side by side.
    async fn s035_a_taken_address_looks_like_a_free_one(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password(PASSWORD).create().await;
        let mut free = app.registration().ip(&client(1)).await;
        let mut taken = app.registration().ip(&client(2)).await;
        let steps = [
            ("register_login_identifier", json!({})),
            ("verify_passcode", json!({ "code": "x" })),
            ("verify_passcode", json!({})),
            ("verify_passcode", json!({ "code": "not it" })),
            ("resend_passcode", json!({})),
            ("back", json!({})),
            ("register_login_identifier", json!({})),
            ("verify_passcode", json!({ "code": "000 00" })),
            ("verify_passcode", json!({ "code": "1" })),
            ("verify_passcode", json!({ "code": "2" })),
            ("verify_passcode", json!({ "code": "3" })),
            ("resend_passcode", json!({})),
        ];
        for (number, (action, input)) in steps.into_iter().enumerate() {
            let (mut for_free, mut for_taken) = (input.clone(), input);
            if action == "register_login_identifier" {
                for_free["email"] = "eve@example.com".into();
                for_taken["email"] = "ada@example.com".into();
            }
            let (one, other) = (free.act(action, for_free).await, taken.act(action, for_taken).await);
            assert_eq!(shape(&one), shape(&other), "step {number}: {action}");
            assert_eq!(headers(&one), headers(&other), "step {number}: {action}");
        }
        let count = app.mails("eve@example.com").await.len();
        assert!(count > 1);
        assert_eq!(app.mails("ada@example.com").await.len(), count, "as many mails");
        assert!(app.audit().await.is_empty(), "an attempt leaves no record");
    }

    async fn r13_the_owner_of_a_taken_address_is_told_without_a_code(app: AppBuilder) {
        let app = app.config("service: { name: Acme }").start().await;
        app.user("ada@example.com").create().await;
        let mut flow = app.submit(0, json!({ "email": "ada@example.com" })).await;
        flow.act("resend_passcode", json!({})).await;
        let mails = app.mails("ada@example.com").await;
        assert_eq!(mails.len(), 2);
        for mail in mails {
            assert_eq!(mail.subject, "You already have an account at Acme");
            assert!(mail.text.contains("sign in"), "{}", mail.text);
            let digits = mail.text.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
            assert!(
                digits.unwrap_or(0) < 4 && !mail.html.contains("class=\"code\""),
                "no code: {}",
                mail.text
            );
        }
        assert!(app.account("ada@example.com").await.unwrap().password.is_none());
    }

    /// Spec 03, section 4.3, step 3: user names are not protected, and are looked at before addresses.
    async fn taken_usernames_are_told(app: AppBuilder) {
        let app = app.config(BOTH_OPTIONAL).start().await;
        app.user("ada@example.com").username("ada").create().await;
        for (number, input) in [
            json!({ "username": "ada" }),
            json!({ "username": " ADA" }),
            json!({ "username": "Ada", "email": "new@example.com" }),
            json!({ "username": "ada", "email": "ada@example.com" }),
        ]
        .into_iter()
        .enumerate()
        {
            let mut flow = app.submit(number, input.clone()).await;
            assert_eq!(
                flow.doc.outline(),
                "400 registration_init form_data_invalid_error username=username_already_exists",
                "{input}"
            );
            let other = flow
                .act(
                    "register_login_identifier",
                    json!({ "username": format!("ada{number}"), "email": format!("n{number}@example.com") }),
                )
                .await;
            assert_eq!(other.outline(), "200 passcode_confirmation");
        }
        assert!(
            app.mails("ada@example.com").await.is_empty() && app.mails("new@example.com").await.is_empty()
        );
    }

    /// Spec 03, section 20, item 27: what is optional may be left empty.
    async fn r27_an_optional_identifier_can_be_left_empty(app: AppBuilder) {
        let app = app.config(BOTH_OPTIONAL).start().await;
        for (number, (input, outline)) in [
            (json!({ "email": "", "username": "ada" }), "200 password_creation"),
            (json!({ "username": "bob" }), "200 password_creation"),
            (json!({ "email": "cem@example.com", "username": "" }), "200 passcode_confirmation"),
            (json!({ "email": "dan@example.com", "username": null }), "200 passcode_confirmation"),
        ]
        .into_iter()
        .enumerate()
        {
            let flow = app.submit(number, input.clone()).await;
            assert_eq!(flow.doc.outline(), outline, "{input}");
        }
    }

    /// Spec 03, section 20, item 27: nor does an empty optional address break a later step.
    async fn r27_onboarding_inputs_that_are_optional_can_be_skipped(app: AppBuilder) {
        let app = app
            .config("{ email: { optional: true }, username: { enabled: true, optional: true } }")
            .start()
            .await;
        let rows: [(&str, &str, &str, &[&str]); 2] = [
            ("ada@example.com", "", "onboarding_username", &["username_create", "username_set"]),
            ("", "bob", "onboarding_email", &["email_address_set"]),
        ];
        for (address, name, state, actions) in rows {
            let user = app.user(address).password(PASSWORD);
            let user = if name.is_empty() { user } else { user.username(name) };
            let user = user.create().await;
            let mut flow = app.login().await;
            flow.act(
                "continue_with_login_identifier",
                json!({ "identifier": if name.is_empty() { address } else { name } }),
            )
            .await;
            flow.act("continue_to_password_login", json!({})).await;
            let asked = flow.act("password_login", json!({ "password": user.password })).await;
            assert_eq!(asked.outline(), format!("200 {state}"));
            for action in actions {
                let empty = flow.act(action, json!({ "email": "", "username": "" })).await;
                assert_eq!((empty.status, empty.name()), (400, state), "{action}: {}", empty.json);
                assert!(empty.actions().contains(&"skip"), "{action}");
            }
            assert_eq!(flow.act("skip", json!({})).await.outline(), "200 success", "{state}");
        }
    }

    /// Spec 03, section 20, item 12: names cannot be probed and addresses not be mailed to without end.
    async fn r12_identifiers_are_limited_per_client(app: AppBuilder) {
        let app = app.config("username: { enabled: true }").start().await;
        app.user("").username("ada").create().await;
        let mut flow = app.registration().await;
        let mut probed = 0;
        let refused: Doc = loop {
            let doc = flow
                .act("register_login_identifier", json!({ "email": "x@example.com", "username": "ada" }))
                .await;
            if doc.status != 400 {
                break doc;
            }
            probed += 1;
            assert!(probed <= 200, "no limit");
        };
        assert_eq!(refused.outline(), "429 registration_init rate_limit_exceeded");
        assert!(refused.json["payload"]["retry_after"].as_u64().is_some(), "{}", refused.json);
        assert_ne!(refused.header("retry-after"), "");
        // Somebody else is not affected, and the client may go on later.
        assert_eq!(app.submit(7, json!({ "email": "bob@example.com" })).await.doc.status, 200);
        app.clock.advance(std::time::Duration::from_mins(1));
        let later = flow
            .act("register_login_identifier", json!({ "email": "x@example.com", "username": "eve" }))
            .await;
        assert_eq!(later.outline(), "200 passcode_confirmation");
    }
}
