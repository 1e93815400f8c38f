//! What follows the first factor, and in which order (sections 6.1, 6.5 and 17.13).

use serde_json::json;

use super::{UNLIMITED, at_password, at_recovery_code, verify, with_passcode, with_password};

const EVERYTHING: &str = "
username: { enabled: true }
password: { acquire_on_login: always, optional: true }
email: { optional: true }";

each_engine! {
    async fn user_details_come_before_credentials(app: AppBuilder) {
        let app = app.config(EVERYTHING).start().await;
        app.user("ada@example.com").create().await;
        let mut flow = with_passcode(&app, "ada@example.com").await;
        let mut seen = vec![flow.doc.name().to_owned()];
        while flow.doc.name() != "success" {
            let doc = flow.act("skip", json!({})).await;
            assert_eq!(doc.status, 200, "{}", doc.json);
            seen.push(doc.name().to_owned());
        }
        assert_eq!(seen, ["onboarding_username", "password_creation", "success"]);
    }

    async fn a_recovery_comes_before_everything_else(app: AppBuilder) {
        let app = app.config(EVERYTHING).start().await;
        app.user("ada@example.com").create().await;
        let mut flow = at_recovery_code(&app, "ada@example.com").await;
        verify(&mut flow, &app.code("ada@example.com").await).await;
        assert_eq!(flow.doc.outline(), "200 login_password_recovery");
        let doc = flow.act("password_recovery", json!({ "new_password": "correct horse" })).await;
        assert_eq!((doc.outline().as_str(), doc.actions().contains(&"back")), ("200 onboarding_username", false));
        assert_eq!(flow.act("skip", json!({})).await.outline(), "200 success");
    }

    async fn an_account_known_by_name_is_asked_for_its_address(app: AppBuilder) {
        let app = app.config(EVERYTHING).start().await;
        let ada = app.user("").username("ada").password("correct horse").create().await;
        let mut flow = with_password(&app, &ada).await;
        assert_eq!(flow.doc.outline(), "200 onboarding_email");
        flow.act("email_address_set", json!({ "email": "ada@example.com" })).await;
        assert_eq!(verify(&mut flow, &app.code("ada@example.com").await).await.outline(), "200 success");
    }

    async fn complete_accounts_are_asked_for_nothing(app: AppBuilder) {
        let app = app.config(EVERYTHING).start().await;
        let ada = app.user("ada@example.com").username("ada").password("correct horse").create().await;
        assert_eq!(with_password(&app, &ada).await.doc.outline(), "200 success");
        assert_eq!(with_passcode(&app, "ada@example.com").await.doc.outline(), "200 success");
    }

    async fn s001_no_step_can_be_skipped(app: AppBuilder) {
        let app = app.config(EVERYTHING).config("username: { optional: false }").config(UNLIMITED).start().await;
        let ada = app.user("ada@example.com").create().await;
        let actions = [
            "skip", "back", "register_password", "password_recovery", "email_address_set", "verify_passcode",
            "resend_passcode", "password_login", "continue_with_login_identifier", "register_client_capabilities",
            "continue_to_passcode_confirmation_recovery", "remember_me", "success", "",
        ];
        let flow = with_passcode(&app, "ada@example.com").await;
        assert_eq!(flow.doc.outline(), "200 onboarding_username");
        for action in actions {
            let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "new_password": "correct horse" } });
            let doc = flow.send(action, &body).await;
            assert!(matches!(doc.status, 400 | 403) && doc.token().is_none(), "{action}: {}", doc.json);
        }
        let mut password = at_password(&app, "ada@example.com").await;
        for action in actions.into_iter().filter(|action| !["back", "password_login", "continue_to_passcode_confirmation_recovery"].contains(action)) {
            let doc = password.act(action, json!({ "code": "123456" })).await;
            assert!(matches!(doc.status, 400 | 403) && doc.token().is_none(), "{action}: {}", doc.json);
        }
        assert!(super::sessions(&app, &ada).await.is_empty());
    }
}
