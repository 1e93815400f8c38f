//! Signing in with a passkey (spec 02 §5.2 to §5.3, §10.1 and §13; spec 05 §8.4): by button, in the form, with and without a name.

use inkan_store::BackupFlags;
use serde_json::{Value, json};

use super::{GENERATE, NOT_SIGNED_IN, PASSWORD, UNLIMITED, identify, only, records_now, stored, tick};
use crate::support::{Device, Doc};

const ONLY_SHOW: &str = "{ privacy: { only_show_actual_login_methods: true }, username: { enabled: true, acquire_on_login: false }, \
    email: { acquire_on_login: false } }";

/// The options of a document, which must be these and nothing else.
#[track_caller]
fn assert_options(doc: &Doc, expected: &Value) {
    let shown = doc.request_options();
    let challenge = shown["publicKey"]["challenge"].as_str().unwrap();
    assert!(challenge.len() == 43 && !challenge.contains(['+', '/', '=']), "{challenge}");
    let mut expected = expected.clone();
    expected["challenge"] = challenge.into();
    assert_eq!(shown, &json!({ "publicKey": expected }));
    assert_eq!(doc.json["payload"].as_object().unwrap().len(), 1, "{}", doc.json);
}

fn nameless() -> Value {
    json!({ "rpId": "localhost", "timeout": 600_000, "userVerification": "preferred" })
}

/// A descriptor of the newest credential.
fn descriptor(device: &Device, transports: &[&str]) -> Value {
    json!({ "id": device.credential_id(), "transports": transports, "type": "public-key" })
}

/// An answer to the options of a document from a credential that was not asked for.
fn unasked(device: &mut Device, doc: &Doc) -> Value {
    let mut options = doc.request_options().clone();
    options["publicKey"]["allowCredentials"] =
        json!([{ "id": device.credential_id(), "type": "public-key" }]);
    device.authenticator.get(&options, &device.origin.clone()).unwrap()
}

each_engine! {
    async fn by_button(app: AppBuilder) {
        let app = app.start().await;
        let mut phone = Device::phone(1);
        let ada = app.user("ada@example.com").password(PASSWORD).passkey(&mut phone).create().await;
        let mut flow = app.login().with_webauthn().await;
        assert_eq!(flow.doc.json["payload"], json!({}), "no autofill in this client");
        let asked = flow.act(GENERATE, json!({})).await;
        assert_eq!(asked.outline(), "200 login_passkey");
        assert_options(&asked, &nameless());
        assert_eq!(asked.actions(), ["back", "webauthn_verify_assertion_response"]);
        let input = json!({ "assertion_response": { "name": "assertion_response", "type": "json", "required": true } });
        assert_eq!(asked.json["actions"]["webauthn_verify_assertion_response"]["inputs"], input);

        app.clock.advance(std::time::Duration::from_mins(1));
        let done = flow.autofill(&mut phone).await;
        assert_eq!(done.outline(), "200 success");
        let payload = &done.json["payload"];
        assert_eq!(payload["last_login"], json!({ "login_method": "passkey" }));
        assert_eq!(payload["claims"]["amr"], json!(["passkey"]));
        assert_eq!(payload["claims"]["subject"], ada.id.to_string());
        let passkey = &payload["user"]["passkeys"][0];
        assert_eq!(passkey["last_used_at"], "2026-11-22T05:01:00Z", "{passkey}");
        assert_eq!((&passkey["created_at"], &passkey["mfa_only"]), (&json!("2026-11-22T05:00:00Z"), &json!(false)));

        let records = records_now(&app).await;
        assert_eq!(only(&records), ("login_success", ""));
        let details = records[0].details.as_ref().unwrap();
        assert_eq!((&details["login_method"], &details["flow_id"]), (&json!("passkey"), &json!(flow.id())));
        let stored = stored(&app, ada.id).await;
        assert_eq!((stored.credentials[0].last_used_at, stored.sessions.len()), (Some(app.now()), 1));
        assert_eq!(stored.credentials[0].updated_at, stored.credentials[0].created_at, "uses are no changes");
        let metrics = app.admin("/metrics").await.text();
        assert!(metrics.contains("inkan_sign_ins_total{method=\"passkey\"} 1"), "{metrics}");
        assert_eq!(app.mails("ada@example.com").await.len(), 0);
    }

    /// Spec 02 §5.2: what a client can do and what `login_init` has for it.
    async fn autofill_and_what_it_needs(app: AppBuilder) {
        let rows = [
            ("{}", true, true, true, true),
            ("{}", true, false, true, false),
            ("{}", false, true, false, false),
            ("{}", false, false, false, false),
            ("passkey: { enabled: false }", true, true, false, false),
        ];
        for (config, webauthn, conditional, button, options) in rows {
            let app = app.clone().config(config).start().await;
            let mut phone = Device::phone(1);
            app.user("ada@example.com").passkey(&mut phone).create().await;
            let mut flow = app.login().without_preflight().await;
            let can = json!({ "webauthn_available": webauthn, "webauthn_conditional_mediation_available": conditional });
            let init = flow.act("register_client_capabilities", can).await;
            let what = format!("{config} {webauthn} {conditional}");
            assert_eq!(init.has_options(), options, "{what}");
            assert_eq!(init.actions().contains(&GENERATE), button, "{what}");
            assert_eq!(init.actions().contains(&"webauthn_verify_assertion_response"), button, "{what}");
            if options {
                assert_options(&init, &nameless());
                let done = flow.autofill(&mut phone).await;
                assert_eq!(done.outline(), "200 success");
                assert_eq!(done.json["payload"]["last_login"], json!({ "login_method": "passkey" }));
            }
        }
    }

    /// Where only real methods are shown, the passkeys of whom was named are asked for, and nothing else is accepted.
    async fn with_a_name_only_that_users_passkeys(app: AppBuilder) {
        let app = app.config(ONLY_SHOW).start().await;
        let (mut phone, mut tablet, mut key, mut foreign) =
            (Device::phone(1), Device::phone(2), Device::key(3), Device::phone(4));
        let ada = app.user("ada@example.com").password(PASSWORD);
        ada.passkey(&mut phone).passkey(&mut tablet).security_key(&mut key).create().await;
        app.user("bob@example.com").passkey(&mut foreign).create().await;
        let mut flow = app.login().in_browser().await;
        flow.act("continue_with_login_identifier", json!({ "identifier": "ada@example.com" })).await;
        let asked = flow.act(GENERATE, json!({})).await;
        let mut allowed = asked.request_options()["publicKey"]["allowCredentials"].as_array().unwrap().clone();
        allowed.sort_by_key(|entry| entry["id"] != phone.credential_id());
        let both = ["internal", "hybrid"];
        assert_eq!(allowed, [descriptor(&phone, &both), descriptor(&tablet, &both)]);

        tick(&app);
        let refused = flow.assert(unasked(&mut foreign, &asked)).await;
        assert_eq!(refused.outline(), NOT_SIGNED_IN);
        assert_eq!(only(&records_now(&app).await), ("login_failure", "not_allowed"));
        let refused = flow.assert(unasked(&mut key, &asked)).await;
        assert_eq!(refused.outline(), "401 login_passkey webauthn_credential_invalid_mfa_only");
        assert_eq!(flow.assert(tablet.get(&asked)).await.outline(), "200 success");
    }

    /// Spec 02 §5.2.2, last rows of the table: the passkey is the only way.
    async fn a_name_leads_to_the_passkey_if_that_is_the_only_way(app: AppBuilder) {
        let app = app.config(ONLY_SHOW).start().await;
        let mut phone = Device::phone(1);
        let ada = app.user("").username("ada").passkey(&mut phone).create().await;
        let mut flow = app.login().in_browser().await;
        let asked = flow.act("continue_with_login_identifier", json!({ "identifier": "ada" })).await;
        assert_eq!(asked.outline(), "200 login_passkey");
        let mut expected = nameless();
        expected["allowCredentials"] = json!([descriptor(&phone, &["internal", "hybrid"])]);
        assert_options(&asked, &expected);
        let done = flow.autofill(&mut phone).await;
        assert_eq!(done.json["payload"]["claims"]["subject"], ada.id.to_string());
        assert_eq!(done.json["payload"]["claims"]["username"], "ada");

        // L13: without WebAuthn there is no way at all, and that is said.
        let mut flow = app.login().await;
        let doc = flow.act("continue_with_login_identifier", json!({ "identifier": "ada" })).await;
        assert_eq!(doc.outline(), "401 error platform_authenticator_required");
    }

    async fn an_account_without_any_name(app: AppBuilder) {
        let app = app.config("email: { acquire_on_login: false }").start().await;
        let mut key = Device::key(1);
        let ada = app.user("").passkey(&mut key).create().await;
        let done = app.login().in_browser().await.autofill(&mut key).await;
        let claims = &done.json["payload"]["claims"];
        assert_eq!((done.outline().as_str(), &claims["subject"]), ("200 success", &json!(ada.id.to_string())));
        assert!(claims["email"].is_null() && claims["username"].is_null());
        assert!(done.json["payload"]["user"]["emails"].is_null());
    }

    /// Spec 05 §8.8: a passkey is enough, whatever second factors there are; the same credential is never two (s009).
    async fn s009_a_passkey_is_asked_for_once_and_is_enough(app: AppBuilder) {
        let app = app.config("mfa: { optional: false, acquire_on_login: true }").start().await;
        let (mut phone, mut key) = (Device::phone(1), Device::key(2));
        let ada = app.user("ada@example.com").password(PASSWORD).totp();
        ada.passkey(&mut phone).security_key(&mut key).create().await;
        let done = app.login().in_browser().await.autofill(&mut phone).await;
        assert_eq!(done.outline(), "200 success");
        assert_eq!(done.json["payload"]["last_login"], json!({ "login_method": "passkey" }));
        assert_eq!(done.json["payload"]["claims"]["amr"], json!(["passkey"]));
    }

    /// A security key is no passkey, even if it could name its user.
    async fn a_security_key_is_not_a_first_factor(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        let mut key = Device::key(1);
        let ada = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).create().await;
        let before = stored(&app, ada.id).await;
        for button in [true, false] {
            let mut flow = app.login().in_browser().await;
            if button {
                flow.act(GENERATE, json!({})).await;
            }
            let (asked, state) = (flow.doc.clone(), flow.doc.name().to_owned());
            let refused = flow.assert(unasked(&mut key, &asked)).await;
            assert_eq!(refused.outline(), format!("401 {state} webauthn_credential_invalid_mfa_only"));
            assert_eq!(stored(&app, ada.id).await, before);
        }
    }

    /// L22: who typed a name and then uses somebody else's passkey signs in as that one; mail and claims are of the one who did.
    async fn l22_a_foreign_passkey_signs_in_its_owner(app: AppBuilder) {
        let app = app.start().await;
        let mut phone = Device::phone(1);
        app.user("alice@example.com").password(PASSWORD).create().await;
        let bob = app.user("bob@example.com").passkey(&mut phone).password(PASSWORD).create().await;
        let mut flow = app.login().in_browser().await;
        identify(&mut flow, "alice@example.com").await;
        let done = flow.use_passkey(&mut phone).await;
        assert_eq!(done.outline(), "200 success");
        let claims = &done.json["payload"]["claims"];
        assert_eq!((&claims["subject"], &claims["email"]["address"]), (&json!(bob.id.to_string()), &json!(bob.email)));
        assert_eq!(done.json["payload"]["user"]["user_id"], bob.id.to_string());
    }

    /// `back` restores who was identified.
    async fn back_from_the_ceremony(app: AppBuilder) {
        let app = app.start().await;
        let mut phone = Device::phone(1);
        let ada = app.user("ada@example.com").password(PASSWORD).passkey(&mut phone).create().await;
        let mut flow = app.login().in_browser().await;
        identify(&mut flow, "ada@example.com").await;
        let asked = flow.act(GENERATE, json!({})).await;
        assert_eq!(flow.act("back", json!({})).await.outline(), "200 login_method_chooser");
        // The answer comes late: it is not asked for any more.
        assert_eq!(flow.assert(phone.get(&asked)).await.outline(), "403 error operation_not_permitted_error");
        flow.act("continue_to_password_login", json!({})).await;
        let done = flow.act("password_login", json!({ "password": PASSWORD })).await;
        assert_eq!(done.json["payload"]["claims"]["subject"], ada.id.to_string());
        assert_eq!(done.json["payload"]["claims"]["amr"], json!(["pwd"]));
    }

    /// A25: counter, flags and verification of the user are kept as the authenticator said them last.
    async fn what_the_authenticator_says_is_kept(app: AppBuilder) {
        let app = app.start().await;
        let (mut key, mut phone) = (Device::key(1), Device::phone(2));
        let ada = app.user("ada@example.com").passkey(&mut key).create().await;
        let bob = app.user("bob@example.com").passkey(&mut phone).create().await;
        for uses in 1..=3 {
            let done = app.login().in_browser().await.autofill(&mut key).await;
            assert_eq!(done.outline(), "200 success");
            assert_eq!(stored(&app, ada.id).await.credentials[0].sign_count, uses);
        }
        let tweaks = super::Tweaks { backed_up: Some(false), ..super::Tweaks::default() };
        let mut flow = app.login().in_browser().await;
        let doc = flow.assert(phone.get_with(&flow.doc, &tweaks)).await;
        let shown = &doc.json["payload"]["user"]["passkeys"][0];
        assert_eq!((&shown["backup_eligible"], &shown["backup_state"]), (&json!(true), &json!(false)));
        let backup = stored(&app, bob.id).await.credentials[0].backup;
        assert_eq!(backup, Some(BackupFlags { eligible: true, backed_up: false }));
    }
}
