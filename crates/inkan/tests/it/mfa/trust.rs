//! Trusting a device (spec 02 §5.20, §6.7, §12; spec 03 §10; spec 05 §9).

use std::time::Duration;

use inkan_base::UserId;
use serde_json::json;

use super::{
    ACQUIRE, DEVICE, PASSWORD, Plain as _, STEP, act_on, after_password, device_cookie, device_line, devices,
    enter, make_key, methods, password_on, trust,
};
use crate::support::{Device, TestApp, TestUser, secret_of};

const MONTH: Duration = Duration::from_hours(720);

/// The user ids in a cookie.
fn users(cookie: &str) -> Vec<UserId> {
    cookie.split('|').map(|entry| entry.split(':').next().unwrap().parse().unwrap()).collect()
}

/// After password and app, with this policy, on a browser with this cookie: state, whether a cookie was set.
async fn after_app(app: &TestApp, user: &TestUser, cookie: &str) -> (String, Option<String>) {
    app.clock.advance(STEP);
    let mut flow = after_password(app, user).await;
    let code = user.totp_code(app.now());
    let doc = act_on(app, &mut flow, "otp_code_validate", json!({ "otp_code": code }), cookie).await;
    (doc.outline(), device_cookie(&doc))
}

each_engine! {
    async fn the_cookie(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let mut flow = after_password(&app, &ada).await;
        enter(&mut flow, ada.totp_code(app.now())).await;
        assert_eq!((flow.doc.outline().as_str(), &flow.doc.json["payload"]), ("200 device_trust", &json!({})));
        let done = flow.act("trust_device", json!({})).await;
        let line = device_line(&done).unwrap();
        let cookie = device_cookie(&done).unwrap();
        assert_eq!(line, format!("{DEVICE}={cookie}; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=None"));
        let (user, token) = cookie.split_once(':').unwrap();
        assert_eq!((user.parse::<UserId>().unwrap(), token.len()), (ada.id, 88));
        assert!(token.ends_with("=="), "{token}");
        let lines: Vec<_> = done.reply.headers.get_all("set-cookie").iter().collect();
        assert!(lines.len() == 2 && lines[0].to_str().unwrap().starts_with("hanko="), "after the session's");
        let stored = devices(&app, ada.id).await;
        assert_eq!((stored.len(), stored[0].expires_at), (1, app.now() + MONTH));

        let again = password_on(&app, &ada, &cookie).await;
        assert_eq!(again.outline(), "200 success");
        assert_eq!(methods(&again), (json!(["pwd"]), serde_json::Value::Null), "only what was really used");
        assert!(device_line(&again).is_none(), "untouched");
    }

    /// The attributes do not follow those of the session cookie; in header mode it is set, too.
    async fn the_cookie_is_the_same_whatever_the_session(app: AppBuilder) {
        let session = "session: { enable_auth_token_header: true, cookie: { secure: false, same_site: strict, domain: example.com, retention: session } }";
        let app = app.plain().config(session).config("mfa: { device_trust_duration: 90s, device_trust_cookie_name: known }").start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let mut flow = after_password(&app, &ada).await;
        enter(&mut flow, ada.totp_code(app.now())).await;
        let done = flow.act("trust_device", json!({})).await;
        assert_eq!(done.outline(), "200 success");
        let line = done.header("set-cookie");
        assert!(line.starts_with("known="), "no other cookie: {line}");
        assert!(line.ends_with("; Path=/; Max-Age=90; HttpOnly; Secure; SameSite=None"), "{line}");
    }

    /// The table of spec 02 §12, but trust only after a real second factor (L24).
    async fn policies(app: AppBuilder) {
        for (policy, state, set) in
            [("always", "200 success", true), ("prompt", "200 device_trust", false), ("never", "200 success", false)]
        {
            let app = app.clone().plain().config(&format!("mfa: {{ device_trust_policy: {policy} }}")).start().await;
            let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
            let (outline, cookie) = after_app(&app, &ada, "").await;
            assert_eq!((outline.as_str(), cookie.is_some()), (state, set), "{policy}");
            assert_eq!(devices(&app, ada.id).await.len(), usize::from(set), "{policy}");
            let Some(first) = cookie else { continue };
            // `always` renews with each use: a new token in place of the old one.
            app.clock.advance(MONTH / 2);
            let again = password_on(&app, &ada, &first).await;
            let second = device_cookie(&again).expect("renewed");
            assert_ne!(first, second);
            assert_eq!(devices(&app, ada.id).await.len(), 1, "the old token is dead");
            assert_eq!(password_on(&app, &ada, &first).await.outline(), "200 login_otp");
            app.clock.advance(MONTH / 2 + STEP);
            assert_eq!(password_on(&app, &ada, &second).await.outline(), "200 success");
        }
    }

    async fn skipping_leaves_no_trace(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let mut flow = after_password(&app, &ada).await;
        enter(&mut flow, ada.totp_code(app.now())).await;
        let done = flow.act("skip", json!({})).await;
        assert_eq!((done.outline().as_str(), device_line(&done)), ("200 success", None));
        assert!(devices(&app, ada.id).await.is_empty());
    }

    /// `prompt`: the end stays where it was, however often the device is used.
    async fn use_does_not_extend_trust(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let cookie = trust(&app, &ada, "").await;
        let end = devices(&app, ada.id).await[0].expires_at;
        for _ in 0..4 {
            app.clock.advance(MONTH / 5);
            assert_eq!(password_on(&app, &ada, &cookie).await.outline(), "200 success");
            assert_eq!(devices(&app, ada.id).await[0].expires_at, end);
        }
        app.clock.set(end - Duration::from_secs(1));
        assert_eq!(password_on(&app, &ada, &cookie).await.outline(), "200 success");
        app.clock.set(end);
        assert_eq!(password_on(&app, &ada, &cookie).await.outline(), "200 login_otp");
    }

    /// Several people on one device: newest first, one entry each, bounded.
    async fn several_users_on_a_device(app: AppBuilder) {
        let app = app.plain().config("mfa: { device_trust_max_users_per_device: 3 }").start().await;
        let mut people = Vec::new();
        for name in ["ada", "bob", "cyd", "dan"] {
            people.push(app.user(&format!("{name}@example.com")).password(PASSWORD).totp().create().await);
        }
        let (ada, bob, cyd, dan) = (&people[0], &people[1], &people[2], &people[3]);
        let one = trust(&app, ada, "").await;
        let two = trust(&app, bob, &one).await;
        assert_eq!(users(&two), [bob.id, ada.id]);
        assert!(two.ends_with(&one), "the others' entries as they were");
        let three = trust(&app, cyd, &two).await;
        for user in [ada, bob, cyd] {
            assert_eq!(password_on(&app, user, &three).await.outline(), "200 success");
        }
        assert_eq!(password_on(&app, dan, &three).await.outline(), "200 login_otp");
        let four = trust(&app, dan, &three).await;
        assert_eq!(users(&four), [dan.id, cyd.id, bob.id], "the oldest goes");
        assert_eq!(password_on(&app, ada, &four).await.outline(), "200 login_otp");
        assert_eq!(password_on(&app, bob, &four).await.outline(), "200 success");
    }

    /// Trusting a device again replaces the token: the one before is worth nothing.
    async fn a_token_is_replaced(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let old = trust(&app, &ada, "").await;
        app.clock.advance(STEP);
        let mut flow = after_password(&app, &ada).await;
        enter(&mut flow, ada.totp_code(app.now())).await;
        let done = act_on(&app, &mut flow, "trust_device", json!({}), &old).await;
        let new = device_cookie(&done).unwrap();
        assert_eq!(users(&new), [ada.id]);
        assert_eq!(devices(&app, ada.id).await.len(), 1);
        assert_eq!(password_on(&app, &ada, &old).await.outline(), "200 login_otp");
        assert_eq!(password_on(&app, &ada, &new).await.outline(), "200 success");
    }

    /// Two devices are trusted side by side.
    async fn several_devices_of_a_user(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let (one, two) = (trust(&app, &ada, "").await, trust(&app, &ada, "").await);
        for cookie in [&one, &two] {
            assert_eq!(password_on(&app, &ada, cookie).await.outline(), "200 success");
        }
    }

    /// L24, r05, and spec 05, weakness 22: no trust for a single factor, whatever the policy: nobody without a second factor, no passkey, no factor
    /// that is switched off, and not when the factor was set up just now.
    async fn l24_r05_v05_22_no_trust_after_a_single_factor(app: AppBuilder) {
        for policy in ["always", "prompt"] {
            let config = format!("mfa: {{ device_trust_policy: {policy} }}");
            let plain = app.clone().plain().config(&config).start().await;
            let ada = plain.user("ada@example.com").password(PASSWORD).create().await;
            let done = password_on(&plain, &ada, "").await;
            assert_eq!((done.outline().as_str(), device_line(&done)), ("200 success", None), "{policy}: no factor");
            let mut phone = Device::phone(1);
            let bob = plain.user("bob@example.com").password(PASSWORD).totp().passkey(&mut phone).create().await;
            let mut flow = plain.login().with_webauthn().await;
            let done = flow.use_passkey(&mut phone).await;
            assert_eq!((done.outline().as_str(), device_line(&done)), ("200 success", None), "{policy}: passkey");

            let off = app.clone().plain().config(&config).config("mfa: { totp: { enabled: false }, security_keys: { enabled: true } }");
            let off = off.config("mfa: { optional: true }").start().await;
            let eve = off.user("eve@example.com").password(PASSWORD).totp().create().await;
            let mut flow = after_password(&off, &eve).await;
            assert_eq!(flow.doc.outline(), "200 mfa_method_chooser", "{policy}: r10");
            let done = flow.act("skip", json!({})).await;
            assert_eq!((done.outline().as_str(), device_line(&done)), ("200 success", None), "{policy}: switched off");

            let acquire = app.clone().plain().config(ACQUIRE).config(&config).start().await;
            for by_key in [false, true] {
                let dan = acquire.user(&format!("dan{by_key}@example.com")).password(PASSWORD).create().await;
                let mut flow = after_password(&acquire, &dan).await;
                let done = if by_key {
                    make_key(&mut flow, &mut Device::key(7)).await
                } else {
                    flow.act("continue_to_otp_secret_creation", json!({})).await;
                    let code = secret_of(&flow.doc.json).password_at(acquire.now());
                    flow.act("otp_code_verify", json!({ "otp_code": code })).await
                };
                assert_eq!((done.outline().as_str(), device_line(&done)), ("200 success", None), "{policy}: set up");
                assert!(devices(&acquire, dan.id).await.is_empty());
            }
            assert!(devices(&plain, ada.id).await.is_empty() && devices(&plain, bob.id).await.is_empty());
        }
    }

    /// A recovery code and a security key are second factors like an app.
    async fn trust_after_any_second_factor(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut key = Device::key(1);
        let user = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).recovery_codes();
        let ada = user.create().await;
        for by_key in [false, true] {
            let mut flow = after_password(&app, &ada).await;
            if by_key {
                flow.use_passkey(&mut key).await;
            } else {
                super::recover(&mut flow, &ada.recovery_codes[0]).await;
            }
            let done = flow.act("trust_device", json!({})).await;
            let cookie = device_cookie(&done).unwrap();
            assert_eq!(password_on(&app, &ada, &cookie).await.outline(), "200 success", "by key {by_key}");
        }
    }

    /// Nothing is remembered for no time, and nobody is asked.
    async fn a_duration_of_nothing(app: AppBuilder) {
        for policy in ["always", "prompt"] {
            let config = format!("mfa: {{ device_trust_policy: {policy}, device_trust_duration: 0s }}");
            let app = app.clone().plain().config(&config).start().await;
            let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
            assert_eq!(after_app(&app, &ada, "").await, ("200 success".to_owned(), None), "{policy}");
        }
    }

    /// A trust of one user is of no use to another one who signs in on the same device, and proving a factor of one user makes
    /// the device no trusted one of another.
    async fn trust_belongs_to_a_user(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let bob = app.user("bob@example.com").password(PASSWORD).totp().create().await;
        let cookie = trust(&app, &ada, "").await;
        assert_eq!(password_on(&app, &bob, &cookie).await.outline(), "200 login_otp");
        let forged = cookie.replace(&ada.id.to_string(), &bob.id.to_string());
        assert_eq!(password_on(&app, &bob, &forged).await.outline(), "200 login_otp");
    }
}
