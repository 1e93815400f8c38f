//! What ends the trust in a device (spec 02 L6, L24; spec 03, item 5; spec 05, weaknesses 12 and 22), and what does not.

use std::time::Duration;

use inkan_base::TenantId;
use inkan_store::StoreError;
use serde_json::json;

use super::{
    ACQUIRE, PASSWORD, Plain as _, STEP, act_on, after_password, device_cookie, device_line, devices, enter,
    make_key, methods, password_on, remove_totp, trust,
};
use crate::support::{Device, Doc, Flow, TestApp, TestUser, secret_of};

const NEW: &str = "another horse";

/// A recovery with the code from the mail done, on a browser with this cookie.
async fn recovering<'a>(app: &'a TestApp, user: &TestUser, cookie: &str) -> Flow<'a> {
    let address = user.email.clone().unwrap();
    let mut flow = app.login().with_webauthn().await;
    super::at_password(&mut flow, user).await;
    flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
    let code = app.code(&address).await;
    act_on(app, &mut flow, "verify_passcode", json!({ "code": code }), cookie).await;
    flow
}

async fn new_password(app: &TestApp, flow: &mut Flow<'_>, cookie: &str) -> Doc {
    assert_eq!(flow.doc.outline(), "200 login_password_recovery");
    act_on(app, flow, "password_recovery", json!({ "new_password": NEW }), cookie).await
}

each_engine! {
    /// s023: the mailbox alone does not change the password of somebody with a second factor; and afterwards no device is trusted.
    async fn s023_l06_r05_v05_12_a_recovery_asks_and_ends_all_trust(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut key = Device::key(1);
        let mut ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let mut bob = app.user("bob@example.com").password(PASSWORD).security_key(&mut key).create().await;
        let elsewhere = trust(&app, &ada, "").await;
        for user in [&mut ada, &mut bob] {
            app.clock.advance(STEP);
            let mut flow = recovering(&app, user, "").await;
            for action in ["password_recovery", "skip", "back"] {
                let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "new_password": NEW } });
                assert_eq!(flow.send(action, &body).await.status, 403, "{action} in {}", flow.doc.name());
            }
            if user.totp.is_some() {
                assert_eq!(flow.doc.outline(), "200 login_otp");
                enter(&mut flow, user.totp_code(app.now())).await;
            } else {
                assert_eq!(flow.doc.outline(), "200 login_security_key");
                flow.use_passkey(&mut key).await;
            }
            assert_eq!(new_password(&app, &mut flow, "").await.outline(), "200 device_trust");
            let done = flow.act("skip", json!({})).await;
            let method = if user.totp.is_some() { "totp" } else { "security_key" };
            assert_eq!(methods(&done), (json!(["pwd", method]), json!(method)));
            user.password = Some(NEW.to_owned());
        }
        assert!(devices(&app, ada.id).await.is_empty());
        assert_eq!(password_on(&app, &ada, &elsewhere).await.outline(), "200 login_otp");
    }

    /// On the trusted device itself: the recovery goes through, and is the last thing that the trust was good for.
    async fn s023_a_recovery_on_a_trusted_device(app: AppBuilder) {
        for policy in ["always", "prompt", "never"] {
            let prompt = app.clone().plain().config("mfa: { device_trust_policy: prompt }").start().await;
            let mut ada = prompt.user("ada@example.com").password(PASSWORD).totp().create().await;
            let cookie = trust(&prompt, &ada, "").await;
            let app = prompt.stop().await.config(&format!("mfa: {{ device_trust_policy: {policy} }}")).start().await;
            let mut flow = recovering(&app, &ada, &cookie).await;
            if policy == "never" {
                assert_eq!(flow.doc.outline(), "200 login_otp", "{policy}");
                continue;
            }
            let done = new_password(&app, &mut flow, &cookie).await;
            assert_eq!((done.outline().as_str(), device_line(&done)), ("200 success", None), "{policy}");
            assert!(devices(&app, ada.id).await.is_empty(), "{policy}");
            ada.password = Some(NEW.to_owned());
            assert_eq!(password_on(&app, &ada, &cookie).await.outline(), "200 login_otp", "{policy}");
        }
    }

    /// Setting up a second factor: whoever was trusted before it is not any longer (a thief who was there first, r05).
    async fn l24_r05_setting_up_a_factor_ends_all_trust(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        for by_key in [false, true] {
            let mut ada = app.user(&format!("ada{by_key}@example.com")).password(PASSWORD).totp().create().await;
            let before = trust(&app, &ada, "").await;
            remove_totp(&app, ada.id).await;
            assert_eq!(devices(&app, ada.id).await.len(), 1, "left from the factor before");
            let mut flow = after_password(&app, &ada).await;
            let done = if by_key {
                make_key(&mut flow, &mut Device::key(9)).await
            } else {
                flow.act("continue_to_otp_secret_creation", json!({})).await;
                ada.totp = Some(secret_of(&flow.doc.json));
                let code = ada.totp_code(app.now());
                flow.act("otp_code_verify", json!({ "otp_code": code })).await
            };
            assert_eq!(done.outline(), "200 success");
            assert!(devices(&app, ada.id).await.is_empty());
            let asked = if by_key { "200 login_security_key" } else { "200 login_otp" };
            assert_eq!(password_on(&app, &ada, &before).await.outline(), asked);
        }
    }

    /// Signing out is not the end of trust, nor is a sign-in by another user on the same device.
    async fn what_does_not_end_it(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let bob = app.user("bob@example.com").password(PASSWORD).create().await;
        let cookie = trust(&app, &ada, "").await;
        let done = password_on(&app, &ada, &cookie).await;
        assert_eq!(app.post("/logout").cookie(&done.token().unwrap()).await.status, 204);
        assert_eq!(password_on(&app, &bob, &cookie).await.outline(), "200 success");
        assert_eq!(password_on(&app, &ada, &cookie).await.outline(), "200 success");
        let app = app.stop().await.start().await;
        assert_eq!(password_on(&app, &ada, &cookie).await.outline(), "200 success", "after a restart");
    }

    /// The policy is asked at each sign-in: `never` forgets nothing but trusts nobody.
    async fn a_policy_that_was_changed(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let cookie = trust(&app, &ada, "").await;
        let app = app.stop().await.config("mfa: { device_trust_policy: never }").start().await;
        assert_eq!(password_on(&app, &ada, &cookie).await.outline(), "200 login_otp");
        let app = app.stop().await.config("mfa: { device_trust_policy: prompt }").start().await;
        assert_eq!(password_on(&app, &ada, &cookie).await.outline(), "200 success");
    }

    /// One device is withdrawn, the other one stays.
    async fn a_device_that_was_revoked(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let (one, two) = (trust(&app, &ada, "").await, trust(&app, &ada, "").await);
        let newest = devices(&app, ada.id).await[0].id;
        let store = &app.domain().store;
        let done: Result<_, StoreError> =
            store.write(TenantId::DEFAULT, async |tx| tx.trusted_devices().revoke(ada.id, newest).await).await;
        assert!(done.unwrap());
        assert_eq!(password_on(&app, &ada, &two).await.outline(), "200 login_otp");
        assert_eq!(password_on(&app, &ada, &one).await.outline(), "200 success");
    }

    async fn s109_trust_and_a_clock_that_jumps(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let cookie = trust(&app, &ada, "").await;
        let (then, end) = (app.now(), devices(&app, ada.id).await[0].expires_at);
        for back in [Duration::from_hours(1), Duration::from_hours(24)] {
            app.clock.set(then - back);
            assert_eq!(password_on(&app, &ada, &cookie).await.outline(), "200 success");
            assert_eq!(devices(&app, ada.id).await[0].expires_at, end, "not any longer than before");
        }
        app.clock.set(end + Duration::from_hours(1));
        assert_eq!(password_on(&app, &ada, &cookie).await.outline(), "200 login_otp");
    }

    /// The consent of one flow is of no use in another one, and not without a second factor in the same flow.
    async fn consent_is_given_once(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let flow = after_password(&app, &ada).await;
        for (action, input) in [("trust_device", json!({})), ("password_login", json!({ "trust_device": true }))] {
            let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": input });
            let doc = flow.send(action, &body).await;
            assert!(doc.status == 403 && device_cookie(&doc).is_none(), "{action}");
        }
        let mut flow = after_password(&app, &ada).await;
        let doc = flow.act("otp_code_validate", json!({ "otp_code": ada.totp_code(app.now()), "trust_device": true })).await;
        assert_eq!(doc.outline(), "200 device_trust", "more members change nothing");
        assert!(device_cookie(&flow.act("trust_device", json!({})).await).is_some());
    }
}
