//! `password_creation` at login (sections 5.19, 6.6 and 6.8).

use serde_json::{Value, json};

use super::{UNLIMITED, account, at_passcode, verify, with_passcode, with_password};

const ASKED: &str = "200 password_creation";

each_engine! {
    /// Section 6.6 for clients without WebAuthn.
    async fn when_a_password_is_asked_for(app: AppBuilder) {
        for (config, without) in [
            ("password: { acquire_on_login: always }", ASKED),
            ("password: { acquire_on_login: conditional }", ASKED),
            ("password: { acquire_on_login: never }", "200 success"),
            ("{ password: { acquire_on_login: always }, passkey: { acquire_on_login: never } }", ASKED),
            ("{ password: { acquire_on_login: conditional }, passkey: { acquire_on_login: conditional } }", ASKED),
            ("{ password: { acquire_on_login: always }, passkey: { enabled: false } }", ASKED),
            ("{ password: { enabled: false, acquire_on_login: always } }", "200 success"),
        ] {
            let app = app.clone().config(config).start().await;
            app.user("without@example.com").create().await;
            app.user("with@example.com").password("correct horse").create().await;
            assert_eq!(with_passcode(&app, "without@example.com").await.doc.outline(), without, "{config}");
            assert_eq!(with_passcode(&app, "with@example.com").await.doc.outline(), "200 success", "{config}");
        }
    }

    async fn it_is_set_once_and_works(app: AppBuilder) {
        let app = app.config("password: { acquire_on_login: always }").start().await;
        let mut ada = app.user("ada@example.com").create().await;
        let mut flow = with_passcode(&app, "ada@example.com").await;
        let done = flow.act("register_password", json!({ "new_password": "correct horse" })).await;
        assert_eq!(done.outline(), "200 success");
        assert_eq!(done.json["payload"]["claims"]["amr"], json!(["otp"]));
        ada.password = Some("correct horse".into());
        assert_eq!(app.sign_in(&ada).await.outline(), "200 success");
        assert_eq!(with_passcode(&app, "ada@example.com").await.doc.outline(), "200 success");
    }

    async fn l07_values(app: AppBuilder) {
        for optional in [false, true] {
            let config = format!("password: {{ acquire_on_login: always, optional: {optional} }}");
            let app = app.clone().config(&config).start().await;
            app.user("ada@example.com").create().await;
            let mut flow = with_passcode(&app, "ada@example.com").await;
            let input = flow.doc.json["actions"]["register_password"]["inputs"]["new_password"].clone();
            let expected = json!({ "name": "new_password", "type": "password", "min_length": 8, "max_length": 72, "required": !optional });
            assert_eq!(input, expected);
            let empty = if optional { "value_invalid_error" } else { "value_missing_error" };
            for (value, code) in [
                (Value::Null, empty),
                (json!(""), empty),
                (json!(1_234_567_890), empty),
                (json!("7 chars"), "value_too_short_error"),
                (json!("x!".repeat(37)), "value_too_long_error"),
                (json!("ü".repeat(37)), "value_too_long_error"),
                (json!("password1"), "value_invalid_error"),
            ] {
                let doc = flow.act("register_password", json!({ "new_password": value })).await;
                let outline = format!("400 password_creation form_data_invalid_error new_password={code}");
                assert_eq!(doc.outline(), outline, "{value}, optional {optional}");
            }
            let few_letters = flow.act("register_password", json!({ "new_password": "üüüü" })).await;
            assert_eq!(few_letters.status, 400, "{}", few_letters.json);
            let done = flow.act("register_password", json!({ "new_password": "üüüüüüüü" })).await;
            assert_eq!(done.outline(), "200 success");
        }
    }

    /// Section 6.8: nobody may end without a way to sign in. It depends on the account, not on where one came from, so a
    /// rejected input changes nothing about it.
    async fn l11_when_it_can_be_skipped(app: AppBuilder) {
        let by_name = "{ username: { enabled: true }, email: { use_as_login_identifier: false } }";
        for (config, identifier, offered) in [
            ("{}", "ada@example.com", true),
            ("passkey: { acquire_on_login: never }", "ada@example.com", true),
            ("password: { optional: false }", "ada@example.com", false),
            (by_name, "ada", false),
            ("{ username: { enabled: true }, passkey: { acquire_on_login: never } }", "ada", true),
        ] {
            let asked = "password: { acquire_on_login: always, optional: true }";
            let app = app.clone().config(asked).config(config).start().await;
            app.user("ada@example.com").username("ada").create().await;
            let mut flow = at_passcode(&app, identifier).await;
            verify(&mut flow, &app.code("ada@example.com").await).await;
            for try_ in 0..3 {
                assert_eq!(flow.doc.name(), "password_creation", "{config}");
                assert_eq!(flow.doc.actions().contains(&"skip"), offered, "{config}, try {try_}");
                flow.act("register_password", json!({ "new_password": "x" })).await;
            }
            let status = if offered { 200 } else { 403 };
            assert_eq!(flow.act("skip", json!({})).await.status, status, "{config}");
        }
    }

    async fn skipping_leaves_the_account_as_it_was(app: AppBuilder) {
        let app = app.config("password: { acquire_on_login: conditional, optional: true }").start().await;
        let ada = app.user("ada@example.com").create().await;
        let mut flow = with_passcode(&app, "ada@example.com").await;
        assert_eq!(flow.doc.actions(), ["register_password", "skip"]);
        assert_eq!(flow.act("skip", json!({})).await.outline(), "200 success");
        assert!(account(&app, &ada).await.unwrap().password.is_none());
    }

    async fn one_can_step_back_over_a_skip_but_not_over_the_proof(app: AppBuilder) {
        let config = "{ username: { enabled: true }, password: { acquire_on_login: always, optional: true } }";
        let app = app.config(config).config(UNLIMITED).start().await;
        app.user("ada@example.com").create().await;
        let mut flow = with_passcode(&app, "ada@example.com").await;
        assert_eq!(flow.act("skip", json!({})).await.outline(), ASKED);
        assert_eq!(flow.doc.actions(), ["back", "register_password", "skip"]);
        assert_eq!(flow.act("back", json!({})).await.outline(), "200 onboarding_username");
        assert_eq!(flow.act("back", json!({})).await.status, 403);
        flow.act("username_set", json!({ "username": "ada" })).await;
        assert_eq!(flow.doc.actions(), ["register_password", "skip"]);

        let bob = app.user("bob@example.com").username("bob").password("correct horse").create().await;
        assert_eq!(with_password(&app, &bob).await.doc.outline(), "200 success");
    }
}
