//! `preflight` (section 5.1): whatever the client claims, the flow goes on.

use serde_json::{Value, json};

each_engine! {
    async fn any_claims_lead_on(app: AppBuilder) {
        let app = app.start().await;
        for claims in [
            json!({}),
            json!({ "webauthn_available": false }),
            json!({ "webauthn_available": "true", "webauthn_conditional_mediation_available": 1 }),
            json!({ "webauthn_available": 0, "webauthn_platform_authenticator_available": "nonsense" }),
            json!({ "webauthn_available": null, "webauthn_conditional_mediation_available": [], "more": { "a": 1 } }),
            json!({
                "webauthn_available": true,
                "webauthn_conditional_mediation_available": true,
                "webauthn_platform_authenticator_available": true,
            }),
        ] {
            let mut flow = app.login().without_preflight().await;
            let doc = flow.act("register_client_capabilities", claims.clone()).await;
            assert_eq!(doc.outline(), "200 login_init", "{claims}");
            assert!(doc.actions().contains(&"continue_with_login_identifier"), "{claims}: {}", doc.json);
        }
    }

    async fn the_input_data_may_be_missing(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.login().without_preflight().await;
        let token = flow.doc.csrf().to_owned();
        let doc = flow.raw("register_client_capabilities", &json!({ "csrf_token": token })).await;
        assert_eq!((doc.outline().as_str(), &doc.json["payload"]), ("200 login_init", &json!({})));
    }

    async fn nothing_else_is_offered_before(app: AppBuilder) {
        let app = app.start().await;
        let flow = app.login().without_preflight().await;
        assert_eq!(flow.doc.actions(), ["register_client_capabilities"]);
        for action in ["continue_with_login_identifier", "back", "password_login", "verify_passcode"] {
            let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "email": "a@b.co" } });
            let doc = flow.send(action, &body).await;
            assert_eq!(doc.outline(), "403 error operation_not_permitted_error", "{action}");
            assert_eq!(doc.json["payload"], Value::Null);
        }
    }
}
