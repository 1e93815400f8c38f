//! `POST /registration`, from the first request to the account.

use serde_json::json;

each_engine! {
    async fn a_registration_ends_with_an_account_and_a_session(app: AppBuilder) {
        let app = app.start().await;

        let mut flow = app.registration().await;
        assert_eq!(flow.doc.outline(), "200 registration_init");
        let sent = flow.act("register_login_identifier", json!({ "email": "ada@example.com" })).await;
        assert_eq!(sent.outline(), "200 passcode_confirmation");
        let code = app.code("ada@example.com").await;
        let verified = flow.act("verify_passcode", json!({ "code": code })).await;
        assert_eq!(verified.outline(), "200 password_creation");
        let short = flow.act("register_password", json!({ "new_password": "short" })).await;
        assert_eq!(
            short.outline(),
            "400 password_creation form_data_invalid_error new_password=value_too_short_error"
        );
        let done = flow.act("register_password", json!({ "new_password": "correct horse" })).await;
        assert_eq!(done.outline(), "200 success");

        let me = app.get("/me").cookie(&done.token().unwrap()).await.json();
        assert_eq!(me["emails"][0]["address"], "ada@example.com");
        assert_eq!(me["emails"][0]["is_verified"], true);
    }
}
