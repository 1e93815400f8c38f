//! When adding a second factor is due (spec 02 §6.2; spec 03 §8, §11.1, §15.3), and dead ends (L13, r17).

use serde_json::json;

use super::{
    ACQUIRE, IMPOSSIBLE, NO_PASSKEYS, PASSWORD, Plain as _, REQUIRED, after_mail, after_password, enter,
    first_factor, make_key, registered,
};
use crate::support::{Device, Doc, Flow, TestApp, secret_of};

const CHOOSER: &str = "200 mfa_method_chooser";
const TOTP: &str = "continue_to_otp_secret_creation";
const KEY: &str = "continue_to_security_key_creation";

/// A registration with a password, from a client with or without WebAuthn and its own authenticator.
async fn registration(app: &TestApp, number: usize, webauthn: bool, authenticator: bool) -> Flow<'_> {
    let address = format!("new{number}@example.com");
    let start = app.registration();
    let mut flow = match (webauthn, authenticator) {
        (_, true) => start.in_browser().await,
        (true, _) => start.with_webauthn().await,
        _ => start.await,
    };
    flow.act("register_login_identifier", json!({ "email": address })).await;
    let code = app.code(&address).await;
    flow.act("verify_passcode", json!({ "code": code })).await;
    flow.act("register_password", json!({ "new_password": PASSWORD })).await;
    flow
}

async fn accounts(app: &TestApp) -> usize {
    app.audit().await.iter().filter(|record| record.kind == "user_created").count()
}

fn offered(doc: &Doc) -> Vec<&str> {
    let mut actions = doc.actions();
    actions.retain(|action| *action != "back");
    actions
}

each_engine! {
    /// What the chooser offers, at registration and at sign-in alike: methods × attachment × client × optional.
    async fn l13_r17_r02_l00b_what_is_offered(app: AppBuilder) {
        let (cross, platform) = ("cross-platform", "platform");
        for (totp, keys, attachment, rows) in [
            (true, true, cross, [(false, false, vec![TOTP]), (true, false, vec![TOTP, KEY]), (true, true, vec![TOTP, KEY])]),
            (true, true, platform, [(false, false, vec![TOTP]), (true, false, vec![TOTP]), (true, true, vec![TOTP, KEY])]),
            (true, false, cross, [(false, false, vec![TOTP]), (true, false, vec![TOTP]), (true, true, vec![TOTP])]),
            (false, true, cross, [(false, false, vec![]), (true, false, vec![KEY]), (true, true, vec![KEY])]),
            (false, true, platform, [(false, false, vec![]), (true, false, vec![]), (true, true, vec![KEY])]),
        ] {
            for optional in [true, false] {
                let config = format!(
                    "mfa: {{ optional: {optional}, totp: {{ enabled: {totp} }}, security_keys: {{ enabled: {keys},
                    authenticator_attachment: {attachment} }} }}"
                );
                let app = app.clone().plain().config(ACQUIRE).config(&config).start().await;
                for (number, (webauthn, authenticator, methods)) in rows.clone().into_iter().enumerate() {
                    let row = format!("{config} webauthn {webauthn}, authenticator {authenticator}");
                    let ada = app.user(&format!("ada{number}@example.com")).password(PASSWORD).create().await;
                    let start = app.login();
                    let mut login = match (webauthn, authenticator) {
                        (_, true) => start.in_browser().await,
                        (true, _) => start.with_webauthn().await,
                        _ => start.await,
                    };
                    first_factor(&mut login, &ada).await;
                    let before = accounts(&app).await;
                    let registration = registration(&app, number, webauthn, authenticator).await;
                    let mut expected = methods.clone();
                    if optional {
                        expected.push("skip");
                    }
                    for doc in [&login.doc, &registration.doc] {
                        match (methods.is_empty(), optional) {
                            (false, _) => {
                                assert_eq!(doc.outline(), CHOOSER, "{row}");
                                assert_eq!(doc.actions(), expected, "{row}");
                            }
                            (true, true) => assert_eq!(doc.outline(), "200 success", "{row}"),
                            (true, false) => {
                                assert_eq!(doc.outline(), IMPOSSIBLE, "{row}");
                                assert!(doc.actions().is_empty() && doc.token().is_none(), "{row}");
                                assert_eq!(accounts(&app).await, before, "{row}: no account");
                            }
                        }
                    }
                }
            }
        }
    }

    /// Who is asked at sign-in: rules 3 to 5 of spec 02 §6.2.
    async fn who_is_asked(app: AppBuilder) {
        for (config, password_only, mail_only) in [
            ("{}", true, true),
            ("mfa: { acquire_on_login: false }", false, false),
            ("mfa: { enabled: false }", false, false),
            ("mfa: { totp: { enabled: false }, security_keys: { enabled: false } }", false, false),
            ("email: { use_for_authentication: false }", true, false),
            ("password: { enabled: false }", true, true),
        ] {
            let app = app.clone().plain().config(ACQUIRE).config(config).start().await;
            let no_password = config.starts_with("password");
            let no_codes = config.starts_with("email");
            let ada = app.user("ada@example.com").password(PASSWORD).create().await;
            let flow = if no_password { after_mail(&app, &ada).await } else { after_password(&app, &ada).await };
            assert_eq!(flow.doc.outline() == CHOOSER, password_only, "{config}: {}", flow.doc.outline());
            if !no_codes {
                let bob = app.user("bob@example.com").create().await;
                let flow = after_mail(&app, &bob).await;
                assert_eq!(flow.doc.outline() == CHOOSER, mail_only, "{config}: {}", flow.doc.outline());
            }
            for passkey in [false, true] {
                let (mut phone, mut key) = (Device::phone(1), Device::key(2));
                let user = app.user(&format!("cyd{passkey}@example.com")).password(PASSWORD);
                let user = if passkey { user.passkey(&mut phone) } else { user.security_key(&mut key) };
                let cyd = user.create().await;
                if passkey {
                    let mut flow = app.login().with_webauthn().await;
                    let doc = flow.use_passkey(&mut phone).await;
                    // Sign-in with a passkey needs no second factor, but the account's other ways in do (spec 02 §6.2).
                    assert_eq!(doc.outline() == CHOOSER, password_only, "{config}: {}", doc.outline());
                } else if !no_password {
                    let flow = after_password(&app, &cyd).await;
                    assert_ne!(flow.doc.outline(), CHOOSER, "{config}: has a second factor");
                }
            }
        }
    }

    /// An account that is entered with a passkey only has no use for a second factor.
    async fn nobody_is_asked_without_another_way_in(app: AppBuilder) {
        let config = "{ email: { use_for_authentication: false }, password: { enabled: false } }";
        let app = app.plain().config(ACQUIRE).config(REQUIRED).config(config).start().await;
        let mut phone = Device::phone(1);
        app.user("ada@example.com").passkey(&mut phone).create().await;
        let mut flow = app.login().with_webauthn().await;
        assert_eq!(flow.use_passkey(&mut phone).await.outline(), "200 success");
    }

    /// The places of the chooser (spec 03 §15.3): all steps done, and all skipped.
    async fn the_order_at_registration(app: AppBuilder) {
        const PK: &str = "onboarding_create_passkey";
        const PW: &str = "password_creation";
        const MC: &str = "mfa_method_chooser";
        const CH: &str = "credential_onboarding_chooser";
        for (passkey, password, done, skipped) in [
            ("always, optional: true", "always, optional: false", vec![PW, MC, PK], vec![PW, MC, PK]),
            ("always, optional: true", "always, optional: true", vec![PK, PW, MC], vec![PK, PW, MC]),
            ("always, optional: false", "always, optional: true", vec![PK, PW, MC], vec![PK, PW, MC]),
            ("always, optional: true", "conditional, optional: false", vec![MC, PK], vec![MC, PK, PW]),
            ("conditional, optional: true", "always, optional: true", vec![PW, MC], vec![PW, PK, MC]),
            ("conditional, optional: true", "conditional, optional: true", vec![MC, CH, PK], vec![MC, CH]),
            ("always, optional: true", "never, optional: true", vec![MC, PK], vec![MC, PK]),
            ("never, optional: true", "always, optional: false", vec![PW, MC], vec![PW, MC]),
            ("never, optional: true", "never, optional: true", vec![MC], vec![MC]),
        ] {
            let config = format!("{{ passkey: {{ acquire_on_registration: {passkey} }}, password: {{ acquire_on_registration: {password} }} }}");
            let app = app.clone().config(ACQUIRE).config(super::UNLIMITED).config(&config).start().await;
            for (skip, expected) in [(false, &done), (true, &skipped)] {
                let (mut phone, mut number) = (Device::phone(u64::from(skip)), 0);
                let address = format!("ada{skip}@example.com");
                let mut flow = app.registration().with_webauthn().await;
                flow.act("register_login_identifier", json!({ "email": address })).await;
                let code = app.code(&address).await;
                flow.act("verify_passcode", json!({ "code": code })).await;
                let mut seen = Vec::new();
                while flow.doc.name() != "success" && number < 8 {
                    let state = flow.doc.name().to_owned();
                    let may_skip = skip && flow.doc.actions().contains(&"skip");
                    match state.as_str() {
                        _ if may_skip => { flow.act("skip", json!({})).await; }
                        PK => { flow.create_passkey(&mut phone).await; }
                        PW => { flow.act("register_password", json!({ "new_password": PASSWORD })).await; }
                        CH => { flow.act("continue_to_passkey_registration", json!({})).await; }
                        _ => {
                            flow.act(TOTP, json!({})).await;
                            let code = secret_of(&flow.doc.json).password_at(app.now());
                            flow.act("otp_code_verify", json!({ "otp_code": code })).await;
                        }
                    }
                    seen.push(state);
                    number += 1;
                }
                assert_eq!(&seen, expected, "passkey {passkey}; password {password}; skip {skip}");
                assert_eq!(flow.doc.outline(), "200 success");
            }
        }
    }

    /// r10: the operator switched a factor off. Its owners are asked for another one, not let in with one factor in silence; who
    /// has both uses the other.
    async fn r10_a_factor_that_was_switched_off(app: AppBuilder) {
        for (optional, keys_off) in [(true, true), (true, false), (false, true), (false, false)] {
            let off = if keys_off { "security_keys" } else { "totp" };
            let config = format!("mfa: {{ optional: {optional}, {off}: {{ enabled: false }} }}");
            let app = app.clone().plain().config(&config).start().await;
            let (mut one, mut two, mut new) = (Device::key(1), Device::key(2), Device::key(3));
            let ada = app.user("ada@example.com").password(PASSWORD);
            let ada = if keys_off { ada.security_key(&mut one) } else { ada.totp() }.create().await;
            let both = app.user("both@example.com").password(PASSWORD).totp().security_key(&mut two).create().await;
            let mut flow = after_password(&app, &ada).await;
            assert_eq!(flow.doc.outline(), CHOOSER, "{config}");
            let mut actions = vec![if keys_off { TOTP } else { KEY }];
            if optional {
                actions.push("skip");
            }
            assert_eq!(offered(&flow.doc), actions, "{config}");
            let done = if keys_off {
                flow.act(TOTP, json!({})).await;
                let code = secret_of(&flow.doc.json).password_at(app.now());
                flow.act("otp_code_verify", json!({ "otp_code": code })).await
            } else {
                make_key(&mut flow, &mut new).await
            };
            assert_eq!(done.outline(), "200 success", "{config}");
            let flow = after_password(&app, &ada).await;
            let used = if keys_off { "200 login_otp" } else { "200 login_security_key" };
            assert_eq!(flow.doc.outline(), used, "{config}");

            let mut flow = after_password(&app, &both).await;
            assert_eq!(flow.doc.outline(), used, "{config}: the other factor");
            let doc = if keys_off {
                enter(&mut flow, both.totp_code(app.now())).await
            } else {
                flow.use_passkey(&mut two).await
            };
            assert_eq!(doc.outline(), "200 device_trust", "{config}");
        }
    }

    /// Two flows and a skip: what was skipped is not asked for twice in one flow, and is at the next sign-in.
    async fn the_chooser_comes_once(app: AppBuilder) {
        let app = app.config(ACQUIRE).config(super::UNLIMITED).config("username: { enabled: true }").start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).create().await;
        let mut flow = after_password(&app, &ada).await;
        assert_eq!(flow.doc.outline(), CHOOSER);
        flow.act("skip", json!({})).await;
        assert_eq!(flow.doc.outline(), "200 onboarding_username");
        flow.act("skip", json!({})).await;
        assert_eq!(flow.doc.outline(), "200 onboarding_create_passkey");
        assert!(flow.doc.actions().contains(&"back"), "one can step back over skips");
        assert_eq!(flow.act("skip", json!({})).await.outline(), "200 success");
        assert_eq!(after_password(&app, &ada).await.doc.outline(), CHOOSER);
    }

    /// Required: no way to a session leads around it.
    async fn required_cannot_be_skipped(app: AppBuilder) {
        let app = app.config(NO_PASSKEYS).config(ACQUIRE).config(REQUIRED).config(super::UNLIMITED).start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).create().await;
        for mut flow in [after_password(&app, &ada).await, registered(&app, "new@example.com", true).await] {
            assert_eq!((flow.doc.outline().as_str(), flow.doc.actions()), (CHOOSER, vec![TOTP, KEY]));
            for action in ["skip", "back", "password_login", "trust_device", "register_password", "otp_code_verify"] {
                let body = json!({ "csrf_token": flow.doc.csrf() });
                assert_eq!(flow.send(action, &body).await.status, 403, "{action}");
            }
            for way in [TOTP, KEY] {
                flow.act(way, json!({})).await;
                assert!(!flow.doc.actions().contains(&"skip"), "{way}");
                flow.act("back", json!({})).await;
                assert_eq!(flow.doc.outline(), CHOOSER, "{way}");
            }
        }
        assert_eq!(accounts(&app).await, 0);
    }
}
