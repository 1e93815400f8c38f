//! The worked run of spec 03, section 18, as whole documents. Members are compared whatever their order; what differs from
//! run to run is replaced, after it was looked at.

use serde_json::{Value, json};

use super::PASSWORD;
use crate::support::{Doc, TestApp};

/// The document without ids, tokens and texts; each must be what its place asks for.
fn redacted(doc: &Doc) -> Value {
    let mut json = doc.json.clone();
    let token = json["csrf_token"].as_str().unwrap().to_owned();
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
    json["csrf_token"] = "TOKEN".into();
    for (name, action) in json["actions"].as_object_mut().unwrap() {
        let (path, id) = action["href"].as_str().unwrap().rsplit_once("%40").unwrap();
        assert_eq!((path, id.len(), &id[14..15]), (format!("/registration?action={name}").as_str(), 36, "7"));
        assert_eq!(action["action"], name.as_str());
        assert!(!action["description"].as_str().unwrap().is_empty());
        action["href"] = "HREF".into();
        action["description"] = "TEXT".into();
        for input in action["inputs"].as_object_mut().unwrap().values_mut() {
            if let Some(error) = input.get_mut("error") {
                text(error);
            }
        }
    }
    if let Some(error) = json.get_mut("error") {
        text(error);
    }
    json
}

/// An error's message, and nothing besides it and the code.
fn text(error: &mut Value) {
    assert!(!error["message"].as_str().unwrap().is_empty());
    error["message"] = "TEXT".into();
}

fn action(name: &str, inputs: Value) -> Value {
    let mut action = json!({ "action": name, "href": "HREF", "description": "TEXT" });
    action["inputs"] = inputs;
    action
}

fn document(state: &str, actions: Value) -> Value {
    let mut document =
        json!({ "name": state, "status": 200, "payload": {}, "csrf_token": "TOKEN", "links": null });
    document["actions"] = actions;
    document
}

fn capabilities() -> Value {
    let hidden = |name: &str| json!({ "name": name, "type": "boolean", "hidden": true });
    action(
        "register_client_capabilities",
        json!({
            "webauthn_available": { "name": "webauthn_available", "type": "boolean", "required": true, "hidden": true },
            "webauthn_conditional_mediation_available": hidden("webauthn_conditional_mediation_available"),
            "webauthn_platform_authenticator_available": hidden("webauthn_platform_authenticator_available"),
        }),
    )
}

fn confirmation() -> Value {
    let code =
        json!({ "name": "code", "type": "string", "min_length": 6, "max_length": 6, "required": true });
    document(
        "passcode_confirmation",
        json!({
            "back": action("back", json!({})),
            "resend_passcode": action("resend_passcode", json!({})),
            "verify_passcode": action("verify_passcode", json!({ "code": code })),
        }),
    )
}

/// `success`, with ids and times taken from the database.
async fn success(app: &TestApp, address: &str, doc: &Doc) -> Value {
    let account = app.account(address).await.unwrap();
    let (id, at) = (account.user.id.to_string(), "2026-11-22T05:00:00Z");
    let session = doc.json["payload"]["claims"]["session_id"].as_str().unwrap();
    assert_eq!((session.len(), &session[14..15]), (36, "4"));
    let mut success = document("success", json!({}));
    success["payload"] = json!({
        "claims": {
            "amr": ["otp", "pwd"],
            "audience": ["localhost"],
            "email": { "address": address, "is_primary": true, "is_verified": true },
            "issued_at": at,
            "expiration": "2026-11-22T17:00:00Z",
            "session_id": session,
            "subject": id,
        },
        "user": {
            "created_at": at,
            "emails": [{ "address": address, "id": account.emails[0].id.to_string(), "is_primary": true, "is_verified": true }],
            "id": id,
            "mfa_config": doc.json["payload"]["user"]["mfa_config"],
            "updated_at": at,
            "user_id": id,
        },
    });
    success
}

each_engine! {
    async fn the_worked_run(app: AppBuilder) {
        let app = app.start().await;
        let alice = "alice@example.com";
        let mut flow = app.registration().without_preflight().await;
        assert_eq!(
            redacted(&flow.doc),
            document("preflight", json!({ "register_client_capabilities": capabilities() }))
        );

        let all = json!({
            "webauthn_available": false,
            "webauthn_conditional_mediation_available": false,
            "webauthn_platform_authenticator_available": false,
        });
        let init = flow.act("register_client_capabilities", all).await;
        let email =
            json!({ "email": { "name": "email", "type": "email", "max_length": 120, "required": true } });
        let register = action("register_login_identifier", email);
        assert_eq!(
            redacted(&init),
            document("registration_init", json!({ "register_login_identifier": register }))
        );

        let sent = flow.act("register_login_identifier", json!({ "email": alice })).await;
        assert_eq!(redacted(&sent), confirmation());

        let wrong = flow.act("verify_passcode", json!({ "code": "0000000" })).await;
        let mut expected = confirmation();
        expected["status"] = 400.into();
        expected["error"] = json!({ "code": "form_data_invalid_error", "message": "TEXT" });
        expected["actions"]["verify_passcode"]["inputs"]["code"]["error"] =
            json!({ "code": "passcode_invalid", "message": "TEXT" });
        assert_eq!(redacted(&wrong), expected);

        let code = app.code(alice).await;
        let password = flow.act("verify_passcode", json!({ "code": code })).await;
        let input = json!({ "new_password": { "name": "new_password", "type": "password", "min_length": 8, "max_length": 72, "required": true } });
        let register = action("register_password", input);
        assert_eq!(
            redacted(&password),
            document("password_creation", json!({ "register_password": register }))
        );

        let done = flow.act("register_password", json!({ "new_password": PASSWORD })).await;
        assert_eq!(redacted(&done), success(&app, alice, &done).await);
        let config = &done.json["payload"]["user"]["mfa_config"];
        assert_eq!(
            (config["auth_app_set_up"].as_bool(), config.as_object().unwrap().len()),
            (Some(false), 3),
            "{config}"
        );

        let kinds: Vec<_> = app.audit().await.into_iter().map(|record| record.kind).collect();
        assert_eq!(kinds, ["user_created"]);
        assert_eq!(app.mails(alice).await.len(), 1);
    }

    async fn refusals_as_whole_documents(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.registration().await;
        let refused = flow.act("back", json!({})).await;
        let expected = json!({
            "name": "error", "status": 403, "payload": {}, "csrf_token": "", "actions": {},
            "error": { "code": "operation_not_permitted_error", "message": "The flow is not permitted." },
            "links": null,
        });
        let mut found = refused.json;
        found.as_object_mut().unwrap().entry("payload").or_insert(json!({}));
        found.as_object_mut().unwrap().entry("links").or_insert(Value::Null);
        assert_eq!(found, expected);

        app.clock.advance(std::time::Duration::from_hours(25));
        let expired = flow.act("register_login_identifier", json!({ "email": "a@example.com" })).await;
        assert_eq!(
            expired.json["error"],
            json!({ "code": "flow_expired_error", "message": "The flow has expired." })
        );
        assert_eq!((expired.status, expired.name()), (410, "error"));
    }
}
