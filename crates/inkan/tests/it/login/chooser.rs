//! `login_method_chooser` (section 5.5).

use serde_json::json;

use super::{identified, identify, shape};

const ONLY_SHOW: &str = "privacy: { only_show_actual_login_methods: true }";
const ALL: [&str; 3] = ["back", "continue_to_passcode_confirmation", "continue_to_password_login"];

each_engine! {
    async fn every_method_is_shown_to_everybody(app: AppBuilder) {
        let app = app.start().await;
        app.user("both@example.com").password("correct horse").create().await;
        app.user("mail@example.com").create().await;
        let known = identified(&app, "both@example.com").await;
        assert_eq!(known.doc.actions(), ALL);
        for identifier in ["mail@example.com", "nobody@example.com"] {
            assert_eq!(shape(&identified(&app, identifier).await.doc), shape(&known.doc), "{identifier}");
        }
    }

    async fn l09_only_real_methods_are_shown_and_unknown_addresses_have_all(app: AppBuilder) {
        let app = app.config(ONLY_SHOW).start().await;
        app.user("both@example.com").password("correct horse").create().await;
        let known = identified(&app, "both@example.com").await;
        assert_eq!(known.doc.actions(), ALL);
        assert_eq!(shape(&identified(&app, "nobody@example.com").await.doc), shape(&known.doc));
    }

    async fn each_method_leads_to_its_screen_and_back(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut flow = identified(&app, "ada@example.com").await;
        let chooser = shape(&flow.doc);
        for (action, state) in [
            ("continue_to_password_login", "200 login_password"),
            ("continue_to_passcode_confirmation", "200 passcode_confirmation"),
            ("continue_to_password_login", "200 login_password"),
        ] {
            assert_eq!(flow.act(action, json!({})).await.outline(), state, "{action}");
            assert_eq!(shape(&flow.act("back", json!({})).await), chooser, "{action}");
        }
        assert_eq!(flow.act("back", json!({})).await.outline(), "200 login_init");
    }

    async fn another_account_can_be_named_after_going_back(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password("horse of ada").create().await;
        let bob = app.user("bob@example.com").password("horse of bob").create().await;
        let mut flow = identified(&app, "ada@example.com").await;
        flow.act("back", json!({})).await;
        identify(&mut flow, "bob@example.com").await;
        flow.act("continue_to_password_login", json!({})).await;
        let wrong = flow.act("password_login", json!({ "password": "horse of ada" })).await;
        assert_eq!(wrong.outline(), super::WRONG_PASSWORD);
        let done = flow.act("password_login", json!({ "password": "horse of bob" })).await;
        assert_eq!(done.json["payload"]["user"]["id"], bob.id.to_string());
    }
}
