//! `onboarding_username` (section 5.14).

use serde_json::{Value, json};

use super::{UNLIMITED, account, with_passcode, with_password};

const ON: &str = "username: { enabled: true }";
const MANDATORY: &str = "username: { enabled: true, optional: false }";

each_engine! {
    async fn the_action_has_two_names(app: AppBuilder) {
        for (config, required) in [(ON, false), (MANDATORY, true)] {
            let app = app.clone().config(config).start().await;
            app.user("ada@example.com").create().await;
            let flow = with_passcode(&app, "ada@example.com").await;
            let mut actions = vec!["skip", "username_create", "username_set"];
            actions.retain(|action| *action != "skip" || !required);
            assert_eq!((flow.doc.outline().as_str(), flow.doc.actions()), ("200 onboarding_username", actions));
            let inputs = json!({ "username": {
                "name": "username", "type": "string", "min_length": 3, "max_length": 32, "required": required,
            } });
            for action in ["username_create", "username_set"] {
                assert_eq!(flow.doc.json["actions"][action]["inputs"], inputs, "{action}");
            }
        }
    }

    async fn either_name_sets_it(app: AppBuilder) {
        let app = app.config(ON).start().await;
        for (action, typed, stored) in [("username_create", " Ada_1 ", "ada_1"), ("username_set", "BOB", "bob")] {
            let address = format!("{stored}@example.com");
            let user = app.user(&address).create().await;
            let mut flow = with_passcode(&app, &address).await;
            let done = flow.act(action, json!({ "username": typed })).await;
            assert_eq!(done.outline(), "200 success", "{action}");
            assert_eq!(done.json["payload"]["user"]["username"]["username"], stored, "{action}");
            assert_eq!(done.json["payload"]["claims"]["username"], stored, "{action}");
            assert_eq!(account(&app, &user).await.unwrap().username.unwrap().username, stored);
            // Not asked again.
            assert_eq!(with_passcode(&app, &address).await.doc.outline(), "200 success", "{action}");
        }
    }

    async fn values(app: AppBuilder) {
        for (config, empty) in [(ON, "invalid_username_error"), (MANDATORY, "value_missing_error")] {
            let app = app.clone().config(config).config(UNLIMITED).start().await;
            app.user("ada@example.com").create().await;
            app.user("").username("taken").create().await;
            let mut flow = with_passcode(&app, "ada@example.com").await;
            let long = "x".repeat(33);
            let (short, bad) = ("value_too_short_error", "invalid_username_error");
            for (value, code) in [
                (Value::Null, empty),
                (json!(""), empty),
                (json!("  "), empty),
                (json!("ab"), short),
                (json!(long), "value_too_long_error"),
                (json!("a b"), bad),
                (json!("a-b"), bad),
                (json!("a.b"), bad),
                (json!("user@host"), bad),
                (json!("äöü"), bad),
                (json!("١٢٣"), bad),
                (json!(["a", "b"]), bad),
                (json!("taken"), "username_already_exists"),
                (json!(" TAKEN "), "username_already_exists"),
            ] {
                let doc = flow.act("username_set", json!({ "username": value })).await;
                let outline = format!("400 onboarding_username form_data_invalid_error username={code}");
                assert_eq!(doc.outline(), outline, "{value} with {config}");
            }
            let done = flow.act("username_set", json!({ "username": 12345 })).await;
            assert_eq!(done.json["payload"]["claims"]["username"], "12345", "{}", done.json);
        }
    }

    async fn it_can_be_skipped_only_if_it_is_optional(app: AppBuilder) {
        for (config, outline) in [(ON, "200 success"), (MANDATORY, "403 error operation_not_permitted_error")] {
            let app = app.clone().config(config).start().await;
            let ada = app.user("ada@example.com").password("correct horse").create().await;
            let mut flow = with_password(&app, &ada).await;
            assert_eq!(flow.act("back", json!({})).await.status, 403, "{config}");
            assert_eq!(flow.act("skip", json!({})).await.outline(), outline, "{config}");
        }
    }

    async fn it_is_asked_for_only_where_that_is_configured(app: AppBuilder) {
        for (config, outline) in [
            ("username: { enabled: false }", "200 success"),
            ("username: { enabled: true, acquire_on_login: false }", "200 success"),
            ("username: { enabled: true, use_as_login_identifier: false }", "200 onboarding_username"),
        ] {
            let app = app.clone().config(config).start().await;
            app.user("ada@example.com").create().await;
            assert_eq!(with_passcode(&app, "ada@example.com").await.doc.outline(), outline, "{config}");
        }
    }
}
