//! The worked run of spec 03, section 18, as whole documents. Members are compared whatever their order; what differs from
//! run to run is replaced, after it was looked at.

use serde_json::{Value, json};

use super::PASSWORD;
use crate::support::{Device, Doc, Flow, TestApp};

/// What the harness changes is undone here.
const DEFAULTS: &str = "mfa: { acquire_on_registration: true }";

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

/// A state without payload whose actions have no inputs.
fn choice(state: &str, actions: &[&str]) -> Value {
    let actions = actions.iter().map(|name| ((*name).to_owned(), action(name, json!({}))));
    document(state, Value::Object(actions.collect()))
}

fn attestation(options: Value) -> Value {
    let input = json!({ "name": "public_key", "type": "json", "required": true, "hidden": true });
    let mut document = document(
        "onboarding_verify_passkey_attestation",
        json!({
            "back": action("back", json!({})),
            "webauthn_verify_attestation_response":
                action("webauthn_verify_attestation_response", json!({ "public_key": input })),
        }),
    );
    document["payload"]["creation_options"] = options;
    document
}

/// The options of spec 03, section 12, with the algorithms of spec 05, section 8.3.
fn options(doc: &Doc, address: &str, selection: &Value) -> Value {
    let shown = &doc.creation_options()["publicKey"];
    let challenge = shown["challenge"].as_str().unwrap();
    assert!(challenge.len() == 43 && !challenge.contains(['+', '/', '=']), "{challenge}");
    let handle = shown["user"]["id"].as_str().unwrap();
    assert_eq!(handle.len(), 22);
    let algorithms = [-7, -8, -35, -257].map(|alg| json!({ "alg": alg, "type": "public-key" }));
    json!({ "publicKey": {
        "attestation": shown["attestation"],
        "authenticatorSelection": selection,
        "challenge": challenge,
        "pubKeyCredParams": algorithms,
        "rp": { "id": "localhost", "name": "Inkan" },
        "timeout": 600_000,
        "user": { "displayName": address, "id": handle, "name": address },
    }})
}

/// A passkey or security key as its owner sees it, made by `device` just now.
fn credential(device: &Device, mfa_only: bool) -> Value {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    let key = device.authenticator.credentials().last().unwrap().key.cose();
    let (key, at) = (BASE64_URL_SAFE_NO_PAD.encode(key), "2026-11-22T05:00:00Z");
    json!({
        "aaguid": "00000000-0000-0000-0000-000000000000", "attestation_type": "none",
        "backup_eligible": !mfa_only, "backup_state": !mfa_only, "created_at": at, "last_used_at": at,
        "id": device.credential_id(), "mfa_only": mfa_only, "public_key": key, "public-key": key,
        "transports": if mfa_only { json!(["usb"]) } else { json!(["internal", "hybrid"]) },
    })
}

/// `success`, with ids and times taken from the database.
async fn success(app: &TestApp, address: &str, doc: &Doc, (phone, key): (&Device, &Device)) -> Value {
    let account = app.account(address).await.unwrap();
    let (id, at) = (account.user.id.to_string(), "2026-11-22T05:00:00Z");
    let session = doc.json["payload"]["claims"]["session_id"].as_str().unwrap();
    assert_eq!((session.len(), &session[14..15]), (36, "4"));
    let mut success = document("success", json!({}));
    success["payload"] = json!({
        "claims": {
            "amr": ["otp", "pwd", "passkey", "security_key"],
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
            "mfa_config": { "auth_app_set_up": false, "security_keys_enabled": true, "totp_enabled": true },
            "passkeys": [credential(phone, false)],
            "security_keys": [credential(key, true)],
            "updated_at": at,
            "user_id": id,
        },
    });
    success
}

/// From the capabilities of the client to the password, with a wrong code on the way.
async fn identify(app: &TestApp, flow: &mut Flow<'_>, address: &str) {
    let all = json!({
        "webauthn_available": true,
        "webauthn_conditional_mediation_available": true,
        "webauthn_platform_authenticator_available": true,
    });
    let init = flow.act("register_client_capabilities", all).await;
    let email = json!({ "email": { "name": "email", "type": "email", "max_length": 120, "required": true } });
    let register = action("register_login_identifier", email);
    assert_eq!(
        redacted(&init),
        document("registration_init", json!({ "register_login_identifier": register }))
    );

    let sent = flow.act("register_login_identifier", json!({ "email": address })).await;
    assert_eq!(redacted(&sent), confirmation());

    let wrong = flow.act("verify_passcode", json!({ "code": "0000000" })).await;
    let mut expected = confirmation();
    expected["status"] = 400.into();
    expected["error"] = json!({ "code": "form_data_invalid_error", "message": "TEXT" });
    expected["actions"]["verify_passcode"]["inputs"]["code"]["error"] =
        json!({ "code": "passcode_invalid", "message": "TEXT" });
    assert_eq!(redacted(&wrong), expected);

    let code = app.code(address).await;
    let password = flow.act("verify_passcode", json!({ "code": code })).await;
    let input = json!({ "new_password": { "name": "new_password", "type": "password", "min_length": 8, "max_length": 72, "required": true } });
    let register = action("register_password", input);
    assert_eq!(redacted(&password), document("password_creation", json!({ "register_password": register })));
}

each_engine! {
    async fn the_worked_run(app: AppBuilder) {
        let app = app.config(DEFAULTS).start().await;
        let alice = "alice@example.com";
        let mut flow = app.registration().without_preflight().await;
        assert_eq!(
            redacted(&flow.doc),
            document("preflight", json!({ "register_client_capabilities": capabilities() }))
        );

        identify(&app, &mut flow, alice).await;
        let chooser = flow.act("register_password", json!({ "new_password": PASSWORD })).await;
        let methods = ["continue_to_otp_secret_creation", "continue_to_security_key_creation", "skip"];
        assert_eq!(redacted(&chooser), choice("mfa_method_chooser", &methods));
        let creation = flow.act("continue_to_security_key_creation", json!({})).await;
        let generate = "webauthn_generate_creation_options";
        assert_eq!(redacted(&creation), choice("mfa_security_key_creation", &[generate, "back"]));

        let (mut phone, mut key) = (Device::phone(1), Device::key(2));
        let asked = flow.act(generate, json!({})).await;
        let selection = json!({
            "authenticatorAttachment": "cross-platform", "requireResidentKey": false,
            "residentKey": "discouraged", "userVerification": "discouraged",
        });
        assert_eq!(redacted(&asked), attestation(options(&asked, alice, &selection)));
        let enrolled = flow.attest(key.create(&asked)).await;
        let codes = &enrolled.json["payload"]["recovery_codes"];
        assert_eq!(codes.as_array().unwrap().len(), 10, "{codes}");
        let mut expected = choice("onboarding_create_passkey", &[generate, "skip"]);
        expected["payload"] = json!({ "recovery_codes": codes });
        assert_eq!(redacted(&enrolled), expected);

        let asked = flow.act(generate, json!({})).await;
        let selection =
            json!({ "requireResidentKey": true, "residentKey": "required", "userVerification": "preferred" });
        assert_eq!(redacted(&asked), attestation(options(&asked, alice, &selection)));
        let done = flow.attest(phone.create(&asked)).await;
        assert_eq!(redacted(&done), success(&app, alice, &done, (&phone, &key)).await);

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
