//! `onboarding_email` (section 5.15), for accounts that are known by user name.

use serde_json::{Value, json};

use super::{UNLIMITED, WRONG_CODE, account, shape, verify, with_password};

const NAMES: &str = "username: { enabled: true }";
const UNVERIFIED: &str = "{ username: { enabled: true }, email: { require_verification: false } }";
const OPTIONAL: &str = "{ username: { enabled: true }, email: { optional: true } }";
const ASKED: &str = "200 onboarding_email";

each_engine! {
    async fn a_new_address_is_proven_first(app: AppBuilder) {
        let app = app.config(NAMES).start().await;
        let ada = app.user("").username("ada").password("correct horse").create().await;
        let mut flow = with_password(&app, &ada).await;
        assert_eq!((flow.doc.outline().as_str(), flow.doc.actions()), (ASKED, vec!["email_address_set"]));
        let sent = flow.act("email_address_set", json!({ "email": " Ada@Example.com " })).await;
        assert_eq!(sent.outline(), "200 passcode_confirmation");
        assert_eq!(sent.actions(), ["back", "resend_passcode", "verify_passcode"]);
        assert!(account(&app, &ada).await.unwrap().emails.is_empty());
        let code = app.code("ada@example.com").await;
        assert_eq!(verify(&mut flow, &super::other(&code)).await.outline(), WRONG_CODE);
        let done = verify(&mut flow, &code).await;
        assert_eq!(done.outline(), "200 success");
        let email = &done.json["payload"]["user"]["emails"][0];
        assert_eq!((&email["address"], &email["is_primary"], &email["is_verified"]), (&json!("ada@example.com"), &json!(true), &json!(true)));
        assert_eq!(done.json["payload"]["claims"]["email"]["address"], "ada@example.com");
        assert_eq!(done.json["payload"]["claims"]["amr"], json!(["pwd"]));
        assert_eq!(app.sign_in(&ada).await.outline(), "200 success");
    }

    async fn without_verification_it_is_added_at_once(app: AppBuilder) {
        let app = app.config(UNVERIFIED).start().await;
        let ada = app.user("").username("ada").password("correct horse").create().await;
        app.user("taken@example.com").create().await;
        let mut flow = with_password(&app, &ada).await;
        let taken = flow.act("email_address_set", json!({ "email": "taken@example.com" })).await;
        assert_eq!(taken.outline(), "400 onboarding_email form_data_invalid_error email=email_already_exists");
        assert_eq!(taken.json["actions"]["email_address_set"]["inputs"]["email"]["value"], "taken@example.com");
        let done = flow.act("email_address_set", json!({ "email": "ada@example.com" })).await;
        let email = &done.json["payload"]["user"]["emails"][0];
        assert_eq!((done.outline().as_str(), &email["is_primary"], &email["is_verified"]), ("200 success", &json!(true), &json!(false)));
        assert_eq!(app.queued().await, 0);
    }

    async fn a_taken_address_is_not_given_away(app: AppBuilder) {
        let app = app.config(NAMES).start().await;
        app.user("taken@example.com").create().await;
        let mut documents = Vec::new();
        for (name, address) in [("ada", "taken@example.com"), ("bob", "free@example.com")] {
            let user = app.user("").username(name).password("correct horse").create().await;
            let mut flow = with_password(&app, &user).await;
            let mut mine = vec![shape(&flow.act("email_address_set", json!({ "email": address })).await)];
            for code in ["12", "x00000", "", "x00001", "x00002"] {
                mine.push(shape(&verify(&mut flow, code).await));
            }
            for action in ["resend_passcode", "back"] {
                mine.push(shape(&flow.act(action, json!({})).await));
            }
            documents.push(mine);
        }
        assert_eq!(documents[0], documents[1]);
        let (taken, free) = (app.mails("taken@example.com").await, app.mails("free@example.com").await);
        assert_eq!((taken.len(), free.len()), (2, 2));
        assert!(taken.iter().all(|mail| !mail.text.contains(|c: char| c.is_ascii_digit())), "{}", taken[0].text);
    }

    async fn another_address_can_be_chosen_after_going_back(app: AppBuilder) {
        let app = app.config(NAMES).start().await;
        let ada = app.user("").username("ada").password("correct horse").create().await;
        let mut flow = with_password(&app, &ada).await;
        flow.act("email_address_set", json!({ "email": "typo@example.com" })).await;
        let typo = app.code("typo@example.com").await;
        assert_eq!(flow.act("back", json!({})).await.outline(), ASKED);
        flow.act("email_address_set", json!({ "email": "ada@example.com" })).await;
        assert_eq!(verify(&mut flow, &typo).await.outline(), WRONG_CODE);
        let done = verify(&mut flow, &app.code("ada@example.com").await).await;
        assert_eq!(done.json["payload"]["user"]["emails"].as_array().unwrap().len(), 1);
    }

    async fn l28_values_and_their_echo(app: AppBuilder) {
        for config in [NAMES, UNVERIFIED, OPTIONAL] {
            let app = app.clone().config(config).start().await;
            let ada = app.user("").username("ada").password("correct horse").create().await;
            let mut flow = with_password(&app, &ada).await;
            let input = flow.doc.json["actions"]["email_address_set"]["inputs"]["email"].clone();
            let expected = json!({ "name": "email", "type": "email", "max_length": 120, "required": config != OPTIONAL, "value": null });
            assert_eq!(input, expected, "{config}");
            let long = format!("{}@example.com", "x".repeat(109));
            for (value, echo, code) in [
                (Value::Null, "", "value_missing_error"),
                (json!("  "), "", "value_missing_error"),
                (json!("nope"), "nope", "value_invalid_error"),
                (json!(" A@B "), "a@b", "value_invalid_error"),
                (json!("a..b@example.com"), "a..b@example.com", "value_invalid_error"),
                (json!("a@b.co\r\nBcc: x@y.zz"), "a@b.co\r\nbcc: x@y.zz", "value_invalid_error"),
                (json!(5), "5", "value_invalid_error"),
                (json!(long), long.as_str(), "value_too_long_error"),
            ] {
                let doc = flow.act("email_address_set", json!({ "email": value })).await;
                let outline = format!("400 onboarding_email form_data_invalid_error email={code}");
                assert_eq!(doc.outline(), outline, "{value} with {config}");
                assert_eq!(doc.json["actions"]["email_address_set"]["inputs"]["email"]["value"], echo, "{value}");
            }
            assert_eq!(app.queued().await, 0);
        }
    }

    async fn it_can_be_skipped_only_if_it_is_optional(app: AppBuilder) {
        for (config, outline) in [(OPTIONAL, "200 success"), (NAMES, "403 error operation_not_permitted_error")] {
            let app = app.clone().config(config).config(UNLIMITED).start().await;
            let ada = app.user("").username("ada").password("correct horse").create().await;
            let mut flow = with_password(&app, &ada).await;
            assert_eq!(flow.act("back", json!({})).await.status, 403, "{config}");
            assert_eq!(flow.act("skip", json!({})).await.outline(), outline, "{config}");
        }
    }

    async fn it_is_asked_for_only_where_that_is_configured(app: AppBuilder) {
        for (config, outline) in [
            ("{ username: { enabled: true }, email: { enabled: false } }", "200 success"),
            ("{ username: { enabled: true }, email: { acquire_on_login: false } }", "200 success"),
            ("{ username: { enabled: true }, email: { use_as_login_identifier: false } }", ASKED),
        ] {
            let app = app.clone().config(config).start().await;
            let ada = app.user("").username("ada").password("correct horse").create().await;
            assert_eq!(with_password(&app, &ada).await.doc.outline(), outline, "{config}");
        }
    }

    async fn an_address_that_was_taken_while_it_was_proven_is_not_added(app: AppBuilder) {
        let app = app.config(NAMES).start().await;
        let ada = app.user("").username("ada").password("correct horse").create().await;
        let mut flow = with_password(&app, &ada).await;
        flow.act("email_address_set", json!({ "email": "ada@example.com" })).await;
        let code = app.code("ada@example.com").await;
        app.user("ada@example.com").create().await;
        let doc = verify(&mut flow, &code).await;
        assert!(doc.status < 500 && doc.token().is_none(), "{}", doc.json);
        assert!(account(&app, &ada).await.unwrap().emails.is_empty());
    }
}
