//! What changes in another session while a sign-in is under way (spec 02 L4; spec 00, decision 8; conformance check 9): a second
//! factor is asked for before anything of the account is changed, and before there is a session.

use inkan_base::{PasswordId, TenantId};
use inkan_store::StoreError;
use serde_json::json;

use super::{
    ACQUIRE, NO_PASSKEYS, PASSWORD, Plain as _, STEP, UNLIMITED, act_on, after_mail, after_password,
    at_password, audit_of, device_cookie, devices, enter, first_factor, methods, remove_key, remove_totp,
    trust,
};
use crate::{
    session::rows,
    support::{Device, Doc, Flow, TestApp, TestUser, secret_of},
};

const ONBOARDING: &str = "
{ username: { enabled: true }, email: { optional: true }, password: { acquire_on_login: always },
  passkey: { acquire_on_login: never, acquire_on_registration: never } }";

/// The owner sets an app up in another session.
async fn set_up(app: &TestApp, user: &mut TestUser) {
    user.totp = Some(app.add_totp(user.id).await);
}

/// Trusts a device in a flow that asks for a user name on its way.
async fn trust_past_onboarding(app: &TestApp, user: &TestUser) -> String {
    let mut flow = after_password(app, user).await;
    enter(&mut flow, user.totp_code(app.now())).await;
    flow.act("skip", json!({})).await;
    assert_eq!(flow.doc.outline(), "200 device_trust");
    let done = flow.act("trust_device", json!({})).await;
    device_cookie(&done).expect("a device cookie")
}

async fn revoke(app: &TestApp, user: &TestUser) {
    let store = &app.domain().store;
    let done: Result<_, StoreError> =
        store.write(TenantId::DEFAULT, async |tx| tx.trusted_devices().revoke_all(user.id).await).await;
    done.unwrap();
}

/// A credential id as the browser writes it.
fn text(id: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.encode(id)
}

/// The document asks for the app, without a session; then the flow goes on as `next` says.
async fn prove(app: &TestApp, flow: &mut Flow<'_>, user: &TestUser, next: &str) -> Doc {
    assert_eq!(flow.doc.outline(), "200 login_otp", "{next}");
    assert!(flow.doc.token().is_none() && flow.doc.actions().contains(&"otp_code_validate"));
    assert!(rows(app, user).await.is_empty());
    let wrong = super::wrong(user, app.now());
    assert_eq!(enter(flow, wrong).await.outline(), super::WRONG_CODE);
    let doc = enter(flow, user.totp_code(app.now())).await;
    assert_eq!(doc.outline(), next);
    assert!(!doc.actions().contains(&"back"), "{next}: no way back over the second factor");
    doc
}

each_engine! {
    /// Before the first factor: at the password, at the code.
    async fn l04_set_up_after_identification(app: AppBuilder) {
        let app = app.plain().start().await;
        for by_mail in [false, true] {
            let address = format!("ada{by_mail}@example.com");
            let mut ada = app.user(&address).password(PASSWORD).create().await;
            let mut flow = app.login().await;
            if by_mail {
                super::identify(&mut flow, &ada).await;
                flow.act("continue_to_passcode_confirmation", json!({})).await;
                set_up(&app, &mut ada).await;
                let code = app.code(&address).await;
                flow.act("verify_passcode", json!({ "code": code })).await;
            } else {
                at_password(&mut flow, &ada).await;
                set_up(&app, &mut ada).await;
                flow.act("password_login", json!({ "password": PASSWORD })).await;
            }
            let doc = prove(&app, &mut flow, &ada, "200 device_trust").await;
            assert_eq!(doc.actions(), ["skip", "trust_device"]);
        }
    }

    /// After the first factor: before success, from every state that leads there.
    async fn l04_set_up_after_the_first_factor(app: AppBuilder) {
        let app = app.config(ONBOARDING).config(UNLIMITED).config("password: { optional: true }").start().await;
        for (number, (action, input, skips)) in [
            ("skip", json!({}), 0),
            ("username_create", json!({ "username": "ada1" }), 0),
            ("username_set", json!({ "username": "ada2" }), 0),
            ("register_password", json!({ "new_password": "another horse" }), 1),
            ("skip", json!({}), 1),
        ].into_iter().enumerate() {
            let row = format!("{action} after {skips} skips");
            let mut ada = app.user(&format!("ada{number}@example.com")).create().await;
            let mut flow = after_mail(&app, &ada).await;
            assert_eq!(flow.doc.outline(), "200 onboarding_username", "{row}");
            for _ in 0..skips {
                flow.act("skip", json!({})).await;
            }
            let before = flow.doc.name().to_owned();
            set_up(&app, &mut ada).await;
            let mut doc = flow.act(action, input.clone()).await;
            if action == "skip" && skips == 0 {
                // Nothing is changed by skipping: asked at the end.
                assert_eq!(doc.outline(), "200 password_creation", "{row}");
                doc = flow.act("skip", json!({})).await;
            }
            assert_eq!(doc.outline(), "200 login_otp", "{row}");
            let account = super::account(&app, &ada).await;
            assert!(account.username.is_none() && account.password.is_none(), "{row}: nothing was changed");
            // After the proof it goes on where it was, or at the end.
            let next = if action == "skip" { "200 success".to_owned() } else { format!("200 {before}") };
            let doc = prove(&app, &mut flow, &ada, &next).await;
            if action == "skip" {
                assert_eq!(methods(&doc), (json!(["otp", "totp"]), json!("totp")), "{row}");
            } else {
                let doc = flow.act(action, input).await;
                assert_eq!(doc.status, 200, "{row}: {}", doc.json);
            }
        }
    }

    /// An address is added only by somebody who proved everything.
    async fn l04_set_up_before_an_address_is_added(app: AppBuilder) {
        let app = app.plain().config("username: { enabled: true }").start().await;
        for verified in [false, true] {
            let name = format!("ada{verified}");
            let address = format!("{name}@example.com");
            let mut ada = app.user("").username(&name).password(PASSWORD).create().await;
            let mut flow = app.login().await;
            first_factor(&mut flow, &ada).await;
            assert_eq!(flow.doc.outline(), "200 onboarding_email");
            if verified {
                flow.act("email_address_set", json!({ "email": address })).await;
                assert_eq!(flow.doc.outline(), "200 passcode_confirmation");
                set_up(&app, &mut ada).await;
                let code = app.code(&address).await;
                flow.act("verify_passcode", json!({ "code": code })).await;
                assert!(super::account(&app, &ada).await.emails.is_empty(), "not yet");
                prove(&app, &mut flow, &ada, "200 passcode_confirmation").await;
            } else {
                set_up(&app, &mut ada).await;
                flow.act("email_address_set", json!({ "email": address })).await;
                prove(&app, &mut flow, &ada, "200 onboarding_email").await;
                flow.act("email_address_set", json!({ "email": address })).await;
            }
            assert_eq!(flow.doc.outline(), "200 passcode_confirmation");
            let code = app.code(&address).await;
            let done = flow.act("verify_passcode", json!({ "code": code })).await;
            assert_eq!(done.outline(), "200 success");
            assert_eq!(super::account(&app, &ada).await.emails[0].address, address);
        }
    }

    /// A passkey is created only by somebody who proved everything: options and answer both ask.
    async fn l04_set_up_before_a_passkey_is_created(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        for late in [false, true] {
            let mut ada = app.user(&format!("ada{late}@example.com")).password(PASSWORD).create().await;
            let mut phone = Device::phone(30 + u64::from(late));
            let mut flow = after_password(&app, &ada).await;
            assert_eq!(flow.doc.outline(), "200 onboarding_create_passkey");
            if late {
                flow.act("webauthn_generate_creation_options", json!({})).await;
                let response = phone.create(&flow.doc);
                set_up(&app, &mut ada).await;
                flow.attest(response).await;
                prove(&app, &mut flow, &ada, "200 onboarding_verify_passkey_attestation").await;
                assert!(app.credentials(ada.id).await.is_empty());
                assert!(flow.doc.actions().contains(&"webauthn_generate_creation_options"), "{:?}", flow.doc.actions());
                phone = Device::phone(40);
            } else {
                set_up(&app, &mut ada).await;
                flow.act("webauthn_generate_creation_options", json!({})).await;
                assert!(!flow.doc.has_options(), "not yet");
                prove(&app, &mut flow, &ada, "200 onboarding_create_passkey").await;
            }
            assert_eq!(flow.create_passkey(&mut phone).await.outline(), "200 success", "late {late}");
            assert_eq!(app.credentials(ada.id).await.len(), 1);
        }
    }

    /// s021: whoever has the password only does not add a second factor beside the one that the owner set up meanwhile.
    async fn s021_l04_a_second_factor_beside_one_that_was_set_up_meanwhile(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        for (number, way) in ["app", "key, options", "key, answer"].into_iter().enumerate() {
            let mut key = Device::key(60 + u64::try_from(number).unwrap());
            let mut ada = app.user(&format!("ada{number}@example.com")).password(PASSWORD).create().await;
            let mut thief = after_password(&app, &ada).await;
            assert_eq!(thief.doc.outline(), "200 mfa_method_chooser");
            match way {
                "app" => {
                    thief.act("continue_to_otp_secret_creation", json!({})).await;
                    set_up(&app, &mut ada).await;
                    let code = secret_of(&thief.doc.json).password_at(app.now());
                    thief.act("otp_code_verify", json!({ "otp_code": code })).await;
                }
                "key, options" => {
                    thief.act("continue_to_security_key_creation", json!({})).await;
                    set_up(&app, &mut ada).await;
                    thief.act("webauthn_generate_creation_options", json!({})).await;
                }
                _ => {
                    thief.act("continue_to_security_key_creation", json!({})).await;
                    thief.act("webauthn_generate_creation_options", json!({})).await;
                    let response = key.create(&thief.doc);
                    set_up(&app, &mut ada).await;
                    thief.attest(response).await;
                }
            }
            assert!(app.credentials(ada.id).await.is_empty(), "{way}");
            assert!(audit_of(&app, ada.id, "otp_created").await.is_empty(), "{way}");
            // The owner in that flow proves the app that is there, and is done: nothing is left to be set up.
            prove(&app, &mut thief, &ada, "200 success").await;
            assert!(app.credentials(ada.id).await.is_empty(), "{way}");
        }
    }

    /// The other way round: skipping the chooser while the owner sets a factor up.
    async fn l04_skipping_the_chooser_leads_to_the_factor_that_is_there_now(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        let mut ada = app.user("ada@example.com").password(PASSWORD).create().await;
        let mut flow = after_password(&app, &ada).await;
        set_up(&app, &mut ada).await;
        flow.act("skip", json!({})).await;
        prove(&app, &mut flow, &ada, "200 success").await;
    }

    /// What was proven must still be there: an app that was replaced, a key that was removed, a trust that was withdrawn.
    async fn l04_a_proof_ends_with_what_it_rests_on(app: AppBuilder) {
        let app = app.config(NO_PASSKEYS).config(UNLIMITED).config("username: { enabled: true }").start().await;
        let mut ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let mut flow = after_password(&app, &ada).await;
        enter(&mut flow, ada.totp_code(app.now())).await;
        assert_eq!(flow.doc.outline(), "200 onboarding_username");
        remove_totp(&app, ada.id).await;
        set_up(&app, &mut ada).await;
        flow.act("username_create", json!({ "username": "ada" })).await;
        prove(&app, &mut flow, &ada, "200 onboarding_username").await;

        let (mut key, mut second) = (Device::key(1), Device::key(2));
        let bob = app.user("bob@example.com").password(PASSWORD).security_key(&mut second).security_key(&mut key).create().await;
        let mut flow = after_password(&app, &bob).await;
        flow.use_passkey(&mut key).await;
        assert_eq!(flow.doc.outline(), "200 onboarding_username");
        let id = key.credential_id();
        while app.credentials(bob.id).await.iter().any(|one| text(&one.id) == id) {
            remove_key(&app, bob.id).await;
        }
        if app.credentials(bob.id).await.is_empty() {
            app.add_credential(&second.enrol(bob.id, true, app.now())).await;
        }
        let doc = flow.act("username_create", json!({ "username": "bob" })).await;
        assert_eq!(doc.outline(), "200 login_security_key");

        let cyd = app.user("cyd@example.com").password(PASSWORD).totp().username("cyd").create().await;
        let cookie = trust(&app, &cyd, "").await;
        let dan = app.user("dan@example.com").password(PASSWORD).totp().create().await;
        let theirs = trust_past_onboarding(&app, &dan).await;
        let mut flow = app.login().await;
        at_password(&mut flow, &dan).await;
        let doc = act_on(&app, &mut flow, "password_login", json!({ "password": PASSWORD }), &theirs).await;
        assert_eq!(doc.outline(), "200 onboarding_username", "trusted");
        revoke(&app, &dan).await;
        let doc = flow.act("username_create", json!({ "username": "dan" })).await;
        assert_eq!(doc.outline(), "200 login_otp", "not any longer");
        assert_eq!(super::password_on(&app, &cyd, &cookie).await.outline(), "200 success", "somebody else's is");
    }

    /// Removed while it is asked for, and while it is set up: no session that should not be, no error of the server.
    async fn a_factor_that_is_gone_when_the_flow_comes_to_it(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut key = Device::key(1);
        let ada = app.user("ada@example.com").password(PASSWORD).totp().security_key(&mut key).create().await;
        let mut flow = after_password(&app, &ada).await;
        remove_key(&app, ada.id).await;
        flow.act("webauthn_generate_request_options", json!({})).await;
        assert!(flow.doc.status < 500, "{}", flow.doc.json);
        if flow.doc.name() == "login_passkey" {
            flow.act("back", json!({})).await;
        }
        flow.act("continue_to_login_otp", json!({})).await;
        assert_eq!(enter(&mut flow, ada.totp_code(app.now())).await.outline(), "200 device_trust", "the other one will do");
    }

    /// The password is changed between the factors: the flow that used the old one ends.
    async fn l06_the_first_factor_must_still_hold_at_the_second(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().recovery_codes().create().await;
        for recovery in [false, true] {
            app.clock.advance(STEP);
            let mut flow = after_password(&app, &ada).await;
            let (rng, hash) = (app.domain().rng.as_ref(), app.domain().passwords.hash(app.domain().rng.as_ref(), PASSWORD).await.unwrap());
            app.clock.advance(std::time::Duration::from_secs(1));
            let done: Result<_, StoreError> = app.domain().store.write(TenantId::DEFAULT, async |tx| {
                tx.passwords().upsert(ada.id, &hash, PasswordId::random(rng), app.now()).await
            }).await;
            done.unwrap();
            let doc = if recovery {
                super::recover(&mut flow, &ada.recovery_codes[0]).await
            } else {
                enter(&mut flow, ada.totp_code(app.now())).await
            };
            assert!(doc.status == 403 && doc.token().is_none(), "{}", doc.json);
        }
        assert_eq!(devices(&app, ada.id).await.len(), 0);
    }

    /// The device cookie counts when the first factor is proven: brought later it is worth nothing.
    async fn a_device_cookie_comes_with_the_first_factor(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let cookie = trust(&app, &ada, "").await;
        let mut flow = after_password(&app, &ada).await;
        for action in ["otp_code_validate", "skip", "trust_device", "recovery_code"] {
            let before = flow.doc.clone();
            let doc = act_on(&app, &mut flow, action, json!({ "otp_code": "000000" }), &cookie).await;
            assert!(doc.token().is_none() && device_cookie(&doc).is_none(), "{action}: {}", doc.json);
            if doc.csrf().is_empty() {
                flow.doc = before;
            }
        }
    }
}
