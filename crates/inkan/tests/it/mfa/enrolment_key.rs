//! `mfa_security_key_creation` and what follows it (spec 02 §5.13, §10.2; spec 03 §8.3, §12.2).

use inkan_test_support::authenticator::Tweaks;
use serde_json::{Value, json};

use super::{
    ACQUIRE, PASSWORD, Plain as _, REQUIRED, after_password, audit_of, make_key, methods, registered,
};
use crate::support::{Device, Doc, Flow};

const REFUSED: &str = "401 onboarding_verify_passkey_attestation passkey_invalid";

/// Goes on to the options.
async fn asked_to_make(flow: &mut Flow<'_>) -> Doc {
    flow.act("continue_to_security_key_creation", json!({})).await;
    assert_eq!(flow.doc.actions(), ["back", "webauthn_generate_creation_options"]);
    assert_eq!(flow.doc.outline(), "200 mfa_security_key_creation");
    flow.act("webauthn_generate_creation_options", json!({})).await
}

each_engine! {
    async fn a_security_key_at_registration(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).config(REQUIRED).start().await;
        let mut key = Device::key(1);
        let mut flow = registered(&app, "ada@example.com", true).await;
        assert_eq!(flow.doc.actions(), ["continue_to_otp_secret_creation", "continue_to_security_key_creation"]);
        let done = make_key(&mut flow, &mut key).await;
        assert_eq!(done.outline(), "200 success");
        let payload = &done.json["payload"];
        assert_eq!(payload["claims"]["amr"], json!(["otp", "pwd", "security_key"]));
        assert_eq!(payload["user"]["security_keys"][0]["id"], key.credential_id());
        assert_eq!(payload["user"]["security_keys"][0]["mfa_only"], true);
        assert!(payload["user"]["passkeys"].is_null());
        let records = app.audit().await;
        let created = records.iter().find(|record| record.kind == "user_created").unwrap();
        assert_eq!(created.details.as_ref().unwrap()["security_key"], key.credential_id());
        assert!(created.details.as_ref().unwrap()["passkey"].is_null());
    }

    async fn r11_a_security_key_at_login(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).create().await;
        let mut key = Device::key(1);
        let mut flow = after_password(&app, &ada).await;
        let done = make_key(&mut flow, &mut key).await;
        assert_eq!(done.outline(), "200 success");
        assert_eq!(methods(&done), (json!(["pwd"]), Value::Null), "set up, not used");
        let created = audit_of(&app, ada.id, "security_key_created").await;
        assert_eq!(created, [(None, json!({ "security_key": key.credential_id() }))]);
        assert_eq!(app.mails("ada@example.com").await.len(), 1);
        let (_, details) = audit_of(&app, ada.id, "security_notification_sent").await.pop().unwrap();
        assert_eq!(details["template"], "mfa_create");
        let mut flow = after_password(&app, &ada).await;
        assert_eq!(flow.doc.outline(), "200 login_security_key");
        assert_eq!(flow.use_passkey(&mut key).await.outline(), "200 device_trust");
    }

    /// Spec 02 §10.2 and spec 03, item 21: the settings of security keys, not those of passkeys.
    async fn r21_v05_17_the_options_follow_the_settings(app: AppBuilder) {
        for (config, selection, attestation, timeout) in [
            (
                "{}",
                json!({ "authenticatorAttachment": "cross-platform", "requireResidentKey": false,
                    "residentKey": "discouraged", "userVerification": "discouraged" }),
                "direct",
                600_000,
            ),
            (
                "{ mfa: { security_keys: { authenticator_attachment: no_preference, user_verification: required,
                    attestation_preference: none } }, passkey: { attestation_preference: indirect },
                    webauthn: { timeouts: { registration: 90000 } } }",
                json!({ "requireResidentKey": false, "residentKey": "discouraged", "userVerification": "required" }),
                "none",
                90_000,
            ),
        ] {
            let app = app.clone().plain().config(ACQUIRE).config(config).start().await;
            let mut phone = Device::phone(1);
            let ada = app.user("ada@example.com").password(PASSWORD).passkey(&mut phone).create().await;
            let mut flow = after_password(&app, &ada).await;
            let options = asked_to_make(&mut flow).await.json["payload"]["creation_options"]["publicKey"].clone();
            assert_eq!(options["authenticatorSelection"], selection, "{config}");
            assert_eq!(options["attestation"], attestation, "{config}");
            assert_eq!(options["timeout"], timeout, "{config}");
            assert_eq!(options["user"]["name"], "ada@example.com", "{config}");
            assert_eq!(options["excludeCredentials"][0]["id"], phone.credential_id(), "{config}: passkeys, too");
            assert_eq!(flow.act("back", json!({})).await.outline(), "200 mfa_security_key_creation");
            assert_eq!(flow.act("back", json!({})).await.outline(), "200 mfa_method_chooser");
        }
    }

    /// L0, r01: whatever is wrong with the answer, a required key is still to be made, and nothing is stored.
    async fn l00_r01_a_refused_key_is_no_way_around_it(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).config(REQUIRED).start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).create().await;
        let of = |change: fn(&mut Tweaks)| {
            let mut tweaks = Tweaks::default();
            change(&mut tweaks);
            tweaks
        };
        for (what, tweaks, origin) in [
            ("challenge", of(|tweaks| tweaks.challenge = Some("AAAA".into())), None),
            ("type", of(|tweaks| tweaks.kind = Some("webauthn.get")), None),
            ("origin", of(|_| {}), Some("https://evil.example")),
            ("relying party", of(|tweaks| tweaks.rp_id = Some("evil.example")), None),
            ("user present", of(|tweaks| tweaks.user_present = Some(false)), None),
            ("format", of(|tweaks| tweaks.format = Some("made-up")), None),
            ("object", of(|tweaks| tweaks.edit_object = Some(|bytes| bytes.truncate(20))), None),
            ("cross origin", of(|tweaks| tweaks.cross_origin = Some(true)), None),
        ] {
            let ada = app.user(&format!("ada {what}@example.com").replace(' ', "-")).password(PASSWORD).create().await;
            let mut key = Device::key(7);
            if let Some(origin) = origin {
                key = key.on(origin);
            }
            for flow in [after_password(&app, &ada).await, registered(&app, "bob@example.com", true).await] {
                let mut flow = flow;
                asked_to_make(&mut flow).await;
                let response = key.create_with(&flow.doc, &tweaks);
                let doc = flow.attest(response).await;
                assert_eq!(doc.outline(), REFUSED, "{what}");
                assert!(doc.token().is_none() && !doc.has_options(), "{what}");
                assert!(app.credentials(ada.id).await.is_empty(), "{what}");
                assert!(!doc.actions().contains(&"skip"), "{what}: {:?}", doc.actions());
            }
            assert_eq!(audit_of(&app, ada.id, "webauthn_registration_failed").await.len(), 1, "{what}");
            let bob = app.audit().await.into_iter().any(|record| record.kind == "user_created");
            assert!(!bob, "{what}");
        }
        for response in [Value::Null, json!({}), json!("{"), json!([]), json!({ "id": "AAAA" })] {
            let mut flow = after_password(&app, &ada).await;
            asked_to_make(&mut flow).await;
            let doc = flow.attest(response.clone()).await;
            assert!(matches!(doc.status, 400 | 401) && doc.token().is_none(), "{response}: {}", doc.outline());
            assert_eq!(doc.name(), "onboarding_verify_passkey_attestation", "{response}");
        }
    }

    /// A credential that anybody has is not registered again: the same answer twice, in two accounts.
    async fn a_key_belongs_to_one_account(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).create().await;
        let bob = app.user("bob@example.com").password(PASSWORD).create().await;
        let (mut key, mut clone) = (Device::key(4), Device::key(4));
        let mut flow = after_password(&app, &ada).await;
        assert_eq!(make_key(&mut flow, &mut key).await.outline(), "200 success");
        let mut flow = after_password(&app, &bob).await;
        assert_eq!(make_key(&mut flow, &mut clone).await.outline(), REFUSED);
        let mut flow = registered(&app, "eve@example.com", true).await;
        assert_eq!(make_key(&mut flow, &mut Device::key(4)).await.outline(), REFUSED);
    }
}
