//! From the first request to the session, as most people do it.

use serde_json::json;

each_engine! {
    async fn a_flow_starts_with_what_the_client_can_do(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.login().without_preflight().await;
        assert_eq!(flow.doc.outline(), "200 preflight");
        assert_eq!(flow.doc.actions(), ["register_client_capabilities"]);
        let href = format!("/login?action=register_client_capabilities%40{}", flow.id());
        assert_eq!(flow.href("register_client_capabilities"), href);
        let next = flow.act("register_client_capabilities", json!({ "webauthn_available": false })).await;
        assert_eq!(next.actions(), ["continue_with_login_identifier"]);
    }

    async fn a_password_login_ends_with_a_session(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;

        let mut flow = app.login().await;
        assert_eq!(flow.doc.outline(), "200 login_init");
        let chooser = flow.act("continue_with_login_identifier", json!({ "email": "Ada@Example.com" })).await;
        assert_eq!(chooser.outline(), "200 login_method_chooser");
        let password = flow.act("continue_to_password_login", json!({})).await;
        assert_eq!(password.outline(), "200 login_password");
        let wrong = flow.act("password_login", json!({ "password": "wrong horse" })).await;
        assert_eq!(wrong.status, 400, "{}", wrong.json);
        app.clock.advance(std::time::Duration::from_secs(1));
        let done = flow.act("password_login", json!({ "password": "correct horse" })).await;
        assert_eq!(done.outline(), "200 success");

        let token = done.token().unwrap();
        let me = app.get("/me").cookie(&token).await.json();
        assert_eq!(me["user_id"], ada.id.to_string());
        let kinds: Vec<_> = app.audit().await.into_iter().map(|record| record.kind).collect();
        assert_eq!(kinds, ["login_failure", "login_success"]);
    }

    async fn a_passcode_login_ends_with_a_session(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").verified(false).create().await;

        let mut flow = app.login().with_webauthn().await;
        flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
        let sent = flow.act("continue_to_passcode_confirmation", json!({})).await;
        assert_eq!(sent.outline(), "200 passcode_confirmation");
        let wrong = flow.act("verify_passcode", json!({ "code": "x" })).await;
        assert_eq!(wrong.outline(), "400 passcode_confirmation form_data_invalid_error code=passcode_invalid");
        let code = app.code("ada@example.com").await;
        let verified = flow.act("verify_passcode", json!({ "code": code })).await;
        assert_eq!(verified.outline(), "200 onboarding_create_passkey");
        assert_eq!(flow.act("skip", json!({})).await.name(), "success");
    }

    async fn a_user_name_is_an_identifier(app: AppBuilder) {
        let app = app.config("{ username: { enabled: true }, email: { acquire_on_login: false } }").start().await;
        let ada = app.user("").username("ada").password("correct horse").create().await;
        assert_eq!(app.sign_in(&ada).await.name(), "success");
    }
}
