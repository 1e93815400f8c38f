//! `login_security_key`, and `login_passkey` as second factor (spec 02 §5.9 and §5.2.4; spec 03 §9.1, §9.2).

use std::time::Duration;

use inkan_test_support::authenticator::Tweaks;
use serde_json::{Value, json};

use super::{PASSWORD, Plain as _, after_mail, after_password, audit_of, methods, remove_key};
use crate::support::{Device, Doc, Flow};

const REFUSED: &str = "401 login_passkey passkey_invalid";

/// Asks for the options.
async fn asked(flow: &mut Flow<'_>) -> Doc {
    flow.act("webauthn_generate_request_options", json!({})).await
}

each_engine! {
    async fn a_security_key_is_asked_for_after_password_and_after_mail(app: AppBuilder) {
        let app = app.plain().start().await;
        let (mut key, mut phone) = (Device::key(1), Device::phone(2));
        let ada = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).passkey(&mut phone).create().await;
        for (mut flow, amr) in [(after_password(&app, &ada).await, "pwd"), (after_mail(&app, &ada).await, "otp")] {
            assert_eq!(flow.doc.outline(), "200 login_security_key");
            assert_eq!(flow.doc.actions(), ["webauthn_generate_request_options"]);
            assert_eq!(flow.doc.json["payload"], json!({}));
            assert_eq!(asked(&mut flow).await.outline(), "200 login_passkey");
            let options = &flow.doc.request_options()["publicKey"];
            assert_eq!(options["userVerification"], "discouraged");
            assert_eq!(options["allowCredentials"].as_array().unwrap().len(), 2);
            let usb = json!({ "id": key.credential_id(), "transports": ["usb"], "type": "public-key" });
            let internal = json!({ "id": phone.credential_id(), "transports": ["internal", "hybrid"], "type": "public-key" });
            for descriptor in [usb, internal] {
                assert!(options["allowCredentials"].as_array().unwrap().contains(&descriptor), "{options}");
            }
            assert_eq!(flow.doc.actions(), ["back", "webauthn_verify_assertion_response"]);
            assert_eq!(flow.autofill(&mut key).await.outline(), "200 device_trust");
            assert_eq!(flow.doc.actions(), ["skip", "trust_device"]);
            let done = flow.act("skip", json!({})).await;
            assert_eq!(done.outline(), "200 success");
            assert_eq!(methods(&done), (json!([amr, "security_key"]), json!("security_key")));
        }
        let stored = app.credentials(ada.id).await;
        assert_eq!(stored.iter().map(|one| one.sign_count).max(), Some(2), "the counter is written down");
    }

    /// A passkey will do in place of a security key (spec 05 §8.8), and only of this user.
    async fn s009_a_passkey_in_place_of_the_key(app: AppBuilder) {
        let app = app.plain().start().await;
        let (mut key, mut phone) = (Device::key(1), Device::phone(2));
        let ada = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).passkey(&mut phone).create().await;
        let mut flow = after_password(&app, &ada).await;
        assert_eq!(flow.use_passkey(&mut phone).await.outline(), "200 device_trust");
        assert_eq!(methods(&flow.act("skip", json!({})).await), (json!(["pwd", "security_key"]), json!("security_key")));
        // The same passkey is one factor, however often it is used: it signs in by itself and is not asked for again.
        let mut flow = app.login().with_webauthn().await;
        let done = flow.use_passkey(&mut phone).await;
        assert_eq!(done.outline(), "200 success");
        assert_eq!(methods(&done), (json!(["passkey"]), Value::Null));
    }

    /// The key that is the second factor does not sign in by itself.
    async fn s009_the_key_is_no_first_factor(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut key = Device::key(1);
        app.user("ada@example.com").password(PASSWORD).security_key(&mut key).create().await;
        let mut flow = app.login().with_webauthn().await;
        asked(&mut flow).await;
        key.authenticator.credentials_mut()[0].discoverable = true;
        let doc = flow.autofill(&mut key).await;
        assert_eq!(doc.outline(), "401 login_passkey webauthn_credential_invalid_mfa_only");
        assert!(doc.token().is_none());
    }

    async fn l16_r06_what_does_not_prove_the_key(app: AppBuilder) {
        let app = app.plain().start().await;
        let of = |change: fn(&mut Tweaks)| {
            let mut tweaks = Tweaks::default();
            change(&mut tweaks);
            tweaks
        };
        let none = || of(|_| {});
        for (number, (what, origin, tweaks, reached)) in [
            ("signature", "", of(|tweaks| tweaks.break_signature = true), true),
            ("challenge", "", of(|tweaks| tweaks.challenge = Some("AAAA".into())), false),
            ("type", "", of(|tweaks| tweaks.kind = Some("webauthn.create")), false),
            ("origin", "https://localhost.evil.example", none(), false),
            ("relying party", "", of(|tweaks| tweaks.rp_id = Some("evil.example")), false),
            ("nobody present", "", of(|tweaks| tweaks.user_present = Some(false)), false),
            ("user handle", "", of(|tweaks| tweaks.user_handle = Some(Some(vec![7; 16]))), true),
            ("client data", "", of(|tweaks| tweaks.client_data = Some(b"{}".to_vec())), false),
            ("other id", "", of(|tweaks| tweaks.id = Some(vec![1, 2, 3])), false),
            ("cross origin", "", of(|tweaks| tweaks.cross_origin = Some(true)), false),
            ("data", "", of(|tweaks| tweaks.edit_data = Some(|data| data.truncate(30))), false),
        ].into_iter().enumerate() {
            let mut key = Device::key(100 + u64::try_from(number).unwrap());
            let user = app.user(&format!("ada{number}@example.com")).password(PASSWORD).security_key(&mut key);
            let ada = user.create().await;
            if !origin.is_empty() {
                key = key.on(origin);
            }
            let mut flow = after_password(&app, &ada).await;
            asked(&mut flow).await;
            let doc = {
                let response = key.get_with(&flow.doc, &tweaks);
                flow.assert(response).await
            };
            assert_eq!(doc.outline(), REFUSED, "{what}");
            assert!(doc.token().is_none() && doc.json["payload"] == json!({}), "{what}");
            let again = ["back", "webauthn_generate_request_options", "webauthn_verify_assertion_response"];
            if reached {
                assert_eq!(doc.actions(), again, "{what}: the challenge is used up");
            } else {
                assert_eq!(doc.actions(), [again[0], again[2]], "{what}: the challenge stays");
            }
            let (reason, details) = audit_of(&app, ada.id, "login_failure").await.pop().unwrap();
            assert!(reason.is_some(), "{what}");
            assert_eq!(details, json!({ "mfa_method": "security_key" }), "{what}");
            assert_eq!(app.credentials(ada.id).await[0].sign_count, 0, "{what}: nothing is stored");
        }
    }

    /// Not of this user, and a passkey of somebody else.
    async fn l16_r06_the_key_of_another_user(app: AppBuilder) {
        let app = app.plain().start().await;
        let (mut phone, mut foreign) = (Device::phone(8), Device::key(9));
        app.user("bob@example.com").password(PASSWORD).security_key(&mut foreign).create().await;
        let mut key = Device::key(200);
        let ada = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).create().await;
        for (what, device) in [("another user's key", &mut foreign), ("unknown", &mut phone)] {
            let mut flow = after_password(&app, &ada).await;
            asked(&mut flow).await;
            if what == "unknown" {
                app.user("eve@example.com").passkey(device).create().await;
            }
            let mut open = flow.doc.request_options().clone();
            open["publicKey"]["allowCredentials"] = json!([{ "id": device.credential_id(), "type": "public-key" }]);
            let response = device.authenticator.get(&open, &device.origin).unwrap();
            let doc = flow.assert(response).await;
            assert_eq!(doc.outline(), REFUSED, "{what}");
            assert!(doc.token().is_none(), "{what}");
        }
    }

    async fn what_is_no_answer_at_all(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut key = Device::key(1);
        let ada = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).create().await;
        let mut flow = after_password(&app, &ada).await;
        asked(&mut flow).await;
        let options = flow.doc.clone();
        for response in [Value::Null, json!(""), json!({}), json!("{}"), json!([]), json!(7), json!({ "id": "!" }), json!("x".repeat(9000))] {
            let doc = flow.assert(response.clone()).await;
            assert!(matches!(doc.status, 400 | 401), "{response}: {}", doc.outline());
            assert_eq!(doc.name(), "login_passkey", "{response}");
        }
        let response = key.get(&options);
        assert_eq!(flow.assert(response).await.outline(), "200 device_trust", "the challenge is still good");
    }

    async fn a_copied_key_is_noticed(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut key = Device::key(1);
        let ada = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).create().await;
        for (counter, accepted) in [(5, true), (5, false), (4, false), (0, false), (6, true)] {
            let mut flow = after_password(&app, &ada).await;
            asked(&mut flow).await;
            let response = key.get_with(&flow.doc, &Tweaks { counter: Some(counter), ..Tweaks::default() });
            let doc = flow.assert(response).await;
            assert_eq!(doc.outline(), if accepted { "200 device_trust" } else { REFUSED }, "counter {counter}");
        }
    }

    /// A challenge is of one flow, is good once, and ends.
    async fn a_challenge_is_good_once_in_its_flow_and_time(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut key = Device::key(1);
        let ada = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).create().await;
        let (mut one, mut other) = (after_password(&app, &ada).await, after_password(&app, &ada).await);
        asked(&mut one).await;
        asked(&mut other).await;
        let response = key.get(&one.doc);
        assert_eq!(other.assert(response.clone()).await.outline(), REFUSED, "of another flow");
        assert_eq!(one.assert(response.clone()).await.outline(), "200 device_trust");
        let mut again = after_password(&app, &ada).await;
        asked(&mut again).await;
        assert_eq!(again.assert(response).await.outline(), REFUSED, "used before");
        again.act("back", json!({})).await;
        asked(&mut again).await;
        let response = key.get(&again.doc);
        app.clock.advance(Duration::from_mins(11));
        assert_eq!(again.assert(response).await.outline(), REFUSED, "too old");
        assert_eq!(again.use_passkey(&mut key).await.outline(), "200 device_trust", "a new one can be had");
    }

    async fn after_a_failure_the_ceremony_can_be_repeated(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut key = Device::key(1);
        let ada = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).create().await;
        let mut flow = after_password(&app, &ada).await;
        asked(&mut flow).await;
        let response = key.get_with(&flow.doc, &Tweaks { break_signature: true, ..Tweaks::default() });
        flow.assert(response).await;
        assert_eq!(asked(&mut flow).await.outline(), "200 login_passkey");
        assert_eq!(flow.doc.request_options()["publicKey"]["allowCredentials"][0]["id"], key.credential_id(), "still for this user");
        assert_eq!(flow.autofill(&mut key).await.outline(), "200 device_trust");
    }

    /// Registered after the options were made, by whoever has the account in another session.
    async fn a_key_that_is_newer_than_the_options(app: AppBuilder) {
        let app = app.plain().start().await;
        let (mut key, mut newer) = (Device::key(1), Device::key(2));
        let ada = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).create().await;
        let mut flow = after_password(&app, &ada).await;
        asked(&mut flow).await;
        app.clock.advance(Duration::from_secs(1));
        let credential = newer.enrol(ada.id, true, app.now());
        app.add_credential(&credential).await;
        let mut open = flow.doc.request_options().clone();
        open["publicKey"]["allowCredentials"] = json!([{ "id": newer.credential_id(), "type": "public-key" }]);
        let response = newer.authenticator.get(&open, &newer.origin).unwrap();
        assert_eq!(flow.assert(response).await.outline(), REFUSED);
        assert_eq!(flow.act("back", json!({})).await.outline(), "200 login_security_key");
        assert_eq!(flow.use_passkey(&mut newer).await.outline(), "200 device_trust", "asked for now");
    }

    async fn a_key_that_was_removed_meanwhile_proves_nothing(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut key = Device::key(1);
        let ada = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).create().await;
        let mut flow = after_password(&app, &ada).await;
        asked(&mut flow).await;
        remove_key(&app, ada.id).await;
        let doc = flow.autofill(&mut key).await;
        assert_eq!(doc.outline(), REFUSED);
        assert!(doc.token().is_none());
    }

    /// The user may have to be verified, if the operator says so.
    async fn verification_of_the_user_can_be_demanded(app: AppBuilder) {
        let app = app.plain().config("mfa: { security_keys: { user_verification: required } }").start().await;
        let mut key = Device::key(1);
        let ada = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).create().await;
        for (verified, outline) in [(false, REFUSED), (true, "200 device_trust")] {
            let mut flow = after_password(&app, &ada).await;
            assert_eq!(asked(&mut flow).await.request_options()["publicKey"]["userVerification"], "required");
            let response = key.get_with(&flow.doc, &Tweaks { user_verified: Some(verified), ..Tweaks::default() });
            assert_eq!(flow.assert(response).await.outline(), outline);
        }
    }
}
