//! `back` from the states that offer a choice (spec 02 §5.16, §5.11, §5.20; spec 03 §6.1 and §8.1).

use serde_json::json;

each_engine! {
    async fn from_the_choice_of_a_credential(app: AppBuilder) {
        let config = "
email: { require_verification: false }
passkey: { acquire_on_registration: conditional }
password: { acquire_on_registration: conditional }
";
        let app = app.config(config).start().await;
        let mut flow = app.registration().in_browser().await;
        flow.act("register_login_identifier", json!({ "email": "ada@example.com" })).await;
        assert_eq!(flow.doc.name(), "credential_onboarding_chooser");
        assert_eq!(flow.act("back", json!({})).await.outline(), "200 registration_init");
        flow.act("register_login_identifier", json!({ "email": "bob@example.com" })).await;
        flow.act("continue_to_password_registration", json!({})).await;
        let done = flow.act("register_password", json!({ "new_password": "correct horse" })).await;
        assert_eq!(done.json["payload"]["user"]["emails"][0]["address"], "bob@example.com");
    }

    async fn from_the_choice_of_a_second_factor(app: AppBuilder) {
        let config = "
email: { require_verification: false }
password: { enabled: false }
mfa: { acquire_on_registration: true }
";
        let app = app.config(config).start().await;
        let mut flow = app.registration().in_browser().await;
        flow.act("register_login_identifier", json!({ "email": "ada@example.com" })).await;
        assert_eq!(flow.act("skip", json!({})).await.outline(), "200 mfa_method_chooser");
        assert_eq!(flow.act("back", json!({})).await.outline(), "200 onboarding_create_passkey");
        assert_eq!(flow.act("skip", json!({})).await.outline(), "200 mfa_method_chooser");
        assert_eq!(flow.act("skip", json!({})).await.outline(), "200 success");
    }

    async fn from_the_question_of_trust(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").totp().create().await;
        let mut flow = app.login().in_browser().await;
        flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("password_login", json!({ "password": ada.password })).await;
        flow.act("otp_code_validate", json!({ "otp_code": ada.totp_code(app.now()) })).await;
        assert_eq!(flow.doc.name(), "onboarding_create_passkey");
        assert_eq!(flow.act("skip", json!({})).await.outline(), "200 device_trust");
        assert_eq!(flow.act("back", json!({})).await.outline(), "200 onboarding_create_passkey");
        assert!(!flow.doc.actions().contains(&"back"), "not over the second factor");
        flow.act("skip", json!({})).await;
        assert_eq!(flow.act("skip", json!({})).await.outline(), "200 success");
    }
}
