//! Whole documents as captured (section 17), with what the seeds add.

use serde_json::{Value, json};

use super::{at_passcode, at_password, bare, identified, other, shape, verify, with_passcode};

/// Inputs of actions, by action.
fn password(error: Option<&str>) -> Value {
    let mut input = json!({ "name": "password", "type": "password", "min_length": 8, "required": true });
    if let Some(code) = error {
        input["error"] = json!({ "code": code });
    }
    json!({ "back": {}, "continue_to_passcode_confirmation_recovery": {}, "password_login": { "password": input } })
}

fn passcode(error: Option<&str>) -> Value {
    let mut input =
        json!({ "name": "code", "type": "string", "min_length": 6, "max_length": 6, "required": true });
    if let Some(code) = error {
        input["error"] = json!({ "code": code });
    }
    json!({ "back": {}, "resend_passcode": {}, "verify_passcode": { "code": input } })
}

each_engine! {
    async fn the_start(app: AppBuilder) {
        let app = app.start().await;
        let flow = app.login().without_preflight().await;
        let hidden = |name: &str| json!({ "name": name, "type": "boolean", "hidden": true });
        let mut available = hidden("webauthn_available");
        available["required"] = true.into();
        assert_eq!(bare(&flow.doc), json!({
            "name": "preflight",
            "status": 200,
            "payload": {},
            "actions": { "register_client_capabilities": {
                "webauthn_available": available,
                "webauthn_conditional_mediation_available": hidden("webauthn_conditional_mediation_available"),
                "webauthn_platform_authenticator_available": hidden("webauthn_platform_authenticator_available"),
            } },
        }));
        assert_eq!(flow.doc.header("content-type"), "application/json");
        assert!(flow.doc.header("vary").contains("Origin"));
        assert_eq!(flow.doc.header("x-request-id").len(), 32);
        let order = ["name", "status", "payload", "csrf_token", "actions", "links"];
        let text = flow.doc.text();
        let places: Vec<_> = order.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect();
        assert!(places[4] > places[3] && text.ends_with("\"links\":null}\n"), "{text}");
    }

    async fn a_whole_action(app: AppBuilder) {
        let app = app.start().await;
        let flow = app.login().await;
        let action = &shape(&flow.doc)["actions"]["continue_with_login_identifier"];
        let mut members: Vec<_> = action.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["action", "description", "href", "inputs"]);
    }

    async fn a_rejected_identifier(app: AppBuilder) {
        let app = app.start().await;
        let flow = identified(&app, "").await;
        assert_eq!(bare(&flow.doc), json!({
            "name": "login_init",
            "status": 400,
            "payload": {},
            "error": { "code": "form_data_invalid_error" },
            "actions": { "continue_with_login_identifier": { "email": {
                "name": "email", "type": "email", "min_length": 3, "max_length": 120, "required": true,
                "error": { "code": "value_missing_error" },
            } } },
        }));
    }

    async fn the_chooser(app: AppBuilder) {
        let app = app.start().await;
        let flow = identified(&app, " Alice@Example.com ").await;
        assert_eq!(bare(&flow.doc), json!({
            "name": "login_method_chooser",
            "status": 200,
            "payload": {},
            "actions": { "back": {}, "continue_to_passcode_confirmation": {}, "continue_to_password_login": {} },
        }));
    }

    async fn the_passcode(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        let document = |status: u16, payload: Value, actions: Value| {
            json!({ "name": "passcode_confirmation", "status": status, "payload": payload, "actions": actions })
        };
        assert_eq!(bare(&flow.doc), document(200, json!({}), passcode(None)));
        let wrong = other(&app.code("ada@example.com").await);
        let mut expected = document(400, json!({}), passcode(Some("passcode_invalid")));
        expected["error"] = json!({ "code": "form_data_invalid_error" });
        for _ in 0..2 {
            assert_eq!(bare(&verify(&mut flow, &wrong).await), expected);
        }
        let third = verify(&mut flow, &wrong).await;
        let mut expected = document(401, json!({}), passcode(None));
        expected["error"] = json!({ "code": "passcode_max_attempts_reached" });
        assert_eq!(bare(&third), expected);
        assert_eq!(third.json["error"]["message"], "The passcode was entered wrong too many times.");
        for _ in 0..2 {
            assert_eq!(bare(&flow.act("resend_passcode", json!({})).await), document(200, json!({}), passcode(None)));
        }
        let limited = flow.act("resend_passcode", json!({})).await;
        let mut expected = document(429, json!({ "resend_after": 60, "retry_after": 60 }), passcode(None));
        expected["error"] = json!({ "code": "rate_limit_exceeded" });
        assert_eq!(bare(&limited), expected);
        assert_eq!(limited.json["error"]["message"], "The rate limit has been exceeded.");
    }

    async fn the_password(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = at_password(&app, "ada@example.com").await;
        let document = |status: u16, actions: Value| json!({ "name": "login_password", "status": status, "payload": {}, "actions": actions });
        assert_eq!(bare(&flow.doc), document(200, password(None)));
        let mut expected = document(400, password(Some("value_invalid_error")));
        expected["error"] = json!({ "code": "form_data_invalid_error" });
        for _ in 0..5 {
            assert_eq!(bare(&flow.act("password_login", json!({ "password": "wrong horse" })).await), expected);
        }
        let mut expected = document(429, password(None));
        expected["error"] = json!({ "code": "rate_limit_exceeded" });
        expected["payload"] = json!({ "resend_after": 60, "retry_after": 60 });
        assert_eq!(bare(&flow.act("password_login", json!({ "password": "wrong horse" })).await), expected);
    }

    async fn success_has_a_token_and_no_actions(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut document = bare(&with_passcode(&app, "ada@example.com").await.doc);
        let payload = document.as_object_mut().unwrap().remove("payload").unwrap();
        assert_eq!(document, json!({ "name": "success", "status": 200, "actions": {} }));
        let members: Vec<_> = payload.as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["claims", "last_login", "user"]);
    }

    async fn dead_ends(app: AppBuilder) {
        let names = "{ username: { enabled: true }, privacy: { only_show_actual_login_methods: true } }";
        let app = app.config(names).start().await;
        app.user("").username("nobody_can_enter").create().await;
        let mut flow = identified(&app, "nobody_can_enter").await;
        assert_eq!(bare(&flow.doc), json!({
            "name": "error", "status": 500, "payload": {}, "actions": {}, "error": { "code": "flow_discontinuity_error" },
        }));
        assert_eq!(flow.act("back", json!({})).await.status, 403);

        let mut expired = app.login().await;
        app.clock.advance(std::time::Duration::from_secs(24 * 3600 + 1));
        let doc = expired.act("continue_with_login_identifier", json!({ "identifier": "ada" })).await;
        assert_eq!(doc.json, json!({
            "name": "error", "status": 410, "csrf_token": "", "actions": {}, "links": null,
            "error": { "code": "flow_expired_error", "message": "The flow has expired." },
        }));
    }
}
