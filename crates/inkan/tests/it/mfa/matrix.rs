//! Conformance check 3: the table of spec 02 §6.3, for every policy and every cookie that a browser may bring.

use std::fmt::Write as _;

use inkan_base::{TenantId, TrustedDeviceId, UserId};
use inkan_crypto::DeviceToken;
use inkan_store::{StoreError, TrustedDevice};
use serde_json::json;

use super::{DEVICE, IMPOSSIBLE, PASSWORD, Plain as _, act_on, at_password, device_cookie};
use crate::support::{Device, TestApp, TestUser};

/// What the client says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Plain,
    WebAuthn,
    WithAuthenticator,
}

/// security key owned, app owned, attachment, client, where the password leads. `success` where nothing is owned.
const USAGE: [(bool, bool, &str, Client, &str); 15] = [
    (true, true, "cross-platform", Client::WithAuthenticator, "200 login_security_key"),
    (true, true, "cross-platform", Client::WebAuthn, "200 login_security_key"),
    (true, true, "cross-platform", Client::Plain, "200 login_otp"),
    (true, false, "cross-platform", Client::WebAuthn, "200 login_security_key"),
    (true, false, "cross-platform", Client::Plain, IMPOSSIBLE),
    (false, true, "cross-platform", Client::WebAuthn, "200 login_otp"),
    (false, true, "cross-platform", Client::Plain, "200 login_otp"),
    (false, false, "cross-platform", Client::WebAuthn, "200 success"),
    (true, true, "platform", Client::WithAuthenticator, "200 login_security_key"),
    (true, true, "platform", Client::WebAuthn, "200 login_otp"),
    (true, false, "platform", Client::WithAuthenticator, "200 login_security_key"),
    (true, false, "platform", Client::WebAuthn, IMPOSSIBLE),
    (true, false, "platform", Client::Plain, IMPOSSIBLE),
    (false, true, "platform", Client::Plain, "200 login_otp"),
    (true, false, "no_preference", Client::WebAuthn, "200 login_security_key"),
];

/// A trusted device of the user, from now on for an hour, or until an hour ago.
async fn add_device(app: &TestApp, user: UserId, live: bool) -> DeviceToken {
    let (now, rng) = (app.now(), app.domain().rng.as_ref());
    let token = DeviceToken::generate(rng);
    let hour = std::time::Duration::from_hours(1);
    let device = TrustedDevice {
        id: TrustedDeviceId::random(rng),
        user_id: user,
        token_hash: token.hash(),
        user_agent: None,
        created_at: now - 2 * hour,
        expires_at: if live { now + hour } else { now - hour },
        last_used_at: now - 2 * hour,
    };
    let store = &app.domain().store;
    let done: Result<_, StoreError> =
        store.write(TenantId::DEFAULT, async |tx| tx.trusted_devices().create(&device, 50).await).await;
    done.unwrap();
    token
}

/// The devices whose tokens are in cookies.
struct Tokens {
    own: DeviceToken,
    foreign: DeviceToken,
    expired: DeviceToken,
    unknown: DeviceToken,
}

/// The cookies: what they are, and whether they make the device a trusted one.
fn cookies(user: UserId, other: UserId, tokens: &Tokens) -> [(&'static str, String, bool); 18] {
    let (own, foreign) = (tokens.own.as_str(), tokens.foreign.as_str());
    let (expired, unknown, hash) =
        (tokens.expired.as_str(), tokens.unknown.as_str(), hex(&tokens.own.hash()));
    [
        ("none", String::new(), false),
        ("own", format!("{user}:{own}"), true),
        ("own among others", format!("{other}:{foreign}|{user}:{own}|x"), true),
        ("own after many others", format!("{}{user}:{own}", format!("{other}:{foreign}|").repeat(63)), true),
        ("own, bare", own.to_owned(), true),
        ("own in capitals", format!("{}:{own}", user.to_string().to_uppercase()), true),
        ("own, cut", format!("{user}:{}", &own[..80]), false),
        ("own, under the other user", format!("{other}:{own}"), false),
        ("other user's", format!("{other}:{foreign}"), false),
        ("other user's, bare", foreign.to_owned(), false),
        ("other user's, under the own id", format!("{user}:{foreign}"), false),
        ("expired", format!("{user}:{expired}"), false),
        ("expired, bare", expired.to_owned(), false),
        ("unknown", format!("{user}:{unknown}"), false),
        ("hash of the token", format!("{user}:{hash}"), false),
        ("malformed", user.to_string(), false),
        ("malformed entries", "|:|::|x:y|".to_owned(), false),
        ("malformed, long", "x".repeat(3000), false),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The document after the password.
async fn lands(app: &TestApp, user: &TestUser, client: Client, cookie: &str) -> (String, Option<String>) {
    let start = app.login();
    let mut flow = match client {
        Client::Plain => start.await,
        Client::WebAuthn => start.with_webauthn().await,
        Client::WithAuthenticator => start.in_browser().await,
    };
    at_password(&mut flow, user).await;
    let doc = act_on(app, &mut flow, "password_login", json!({ "password": user.password }), cookie).await;
    assert_eq!(doc.token().is_some(), doc.name() == "success", "{}", doc.json);
    if doc.name() == "error" {
        assert!(doc.actions().is_empty() && doc.json["payload"] == json!({}));
    }
    (doc.outline(), device_cookie(&doc))
}

each_engine! {
    /// Which second factor is asked for first, on a device that is not trusted and on one that is.
    async fn c03_usage(app: AppBuilder) {
        for attachment in ["cross-platform", "platform", "no_preference"] {
            let config = format!("mfa: {{ security_keys: {{ authenticator_attachment: {attachment} }} }}");
            let app = app.clone().plain().config(&config).start().await;
            for (number, row) in USAGE.iter().enumerate().filter(|(_, row)| row.2 == attachment) {
                let (owns_key, owns_app, _, client, expected) = *row;
                let mut key = Device::key(u64::try_from(number).unwrap());
                let address = format!("ada{number}@example.com");
                let mut user = app.user(&address).password(PASSWORD);
                if owns_key {
                    user = user.security_key(&mut key);
                }
                if owns_app {
                    user = user.totp();
                }
                let ada = user.create().await;
                assert_eq!(lands(&app, &ada, client, "").await, (expected.to_owned(), None), "{row:?}");
                let token = add_device(&app, ada.id, true).await;
                let cookie = format!("{}:{}", ada.id, token.as_str());
                let (outline, _) = lands(&app, &ada, client, &cookie).await;
                assert_eq!(outline, "200 success", "{row:?} on a trusted device");
            }
        }
    }

    /// What each cookie is worth under each policy, for each factor.
    async fn c03_cookies(app: AppBuilder) {
        for policy in ["always", "prompt", "never"] {
            let config = format!("mfa: {{ device_trust_policy: {policy} }}");
            let app = app.clone().plain().config(&config).start().await;
            let (mut key, mut other_key) = (Device::key(1), Device::key(2));
            let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
            let bob = app.user("bob@example.com").password(PASSWORD).security_key(&mut key).create().await;
            let eve = app.user("eve@example.com").password(PASSWORD).security_key(&mut other_key).create().await;
            let none = app.user("none@example.com").password(PASSWORD).create().await;
            for (user, other, asked) in [
                (&ada, &bob, "200 login_otp"),
                (&bob, &eve, "200 login_security_key"),
                (&none, &ada, "200 success"),
            ] {
                let mut tokens = Tokens {
                    own: add_device(&app, user.id, true).await,
                    foreign: add_device(&app, other.id, true).await,
                    expired: add_device(&app, user.id, false).await,
                    unknown: DeviceToken::generate(app.domain().rng.as_ref()),
                };
                for index in 0..cookies(user.id, other.id, &tokens).len() {
                    let (what, cookie, trusted) = cookies(user.id, other.id, &tokens)[index].clone();
                    let row = format!("{policy}, {}, cookie: {what}", user.email.as_deref().unwrap());
                    let (outline, set) = lands(&app, user, Client::WebAuthn, &cookie).await;
                    let trusted = trusted && policy != "never";
                    assert_eq!(outline, if trusted { "200 success" } else { asked }, "{row}");
                    // Only `always` renews; and nobody becomes trusted without a second factor (L24, r05).
                    let renewed = trusted && policy == "always" && user.id != none.id;
                    assert_eq!(set.is_some(), renewed, "{row}: {set:?}");
                    if renewed {
                        tokens.own = add_device(&app, user.id, true).await;
                    }
                }
            }
        }
    }

    /// With second factors off, nothing is asked for, and no device is trusted.
    async fn c03_second_factors_off(app: AppBuilder) {
        for policy in ["always", "prompt", "never"] {
            let config = format!("mfa: {{ enabled: false, device_trust_policy: {policy} }}");
            let app = app.clone().plain().config(&config).start().await;
            let mut key = Device::key(1);
            let ada = app.user("ada@example.com").password(PASSWORD).totp().security_key(&mut key).create().await;
            let own = add_device(&app, ada.id, true).await;
            for cookie in [String::new(), format!("{}:{}", ada.id, own.as_str())] {
                let landed = lands(&app, &ada, Client::WebAuthn, &cookie).await;
                assert_eq!(landed, ("200 success".to_owned(), None), "{policy}");
            }
        }
    }

    /// Two cookies of the name, and one of another name.
    async fn only_the_named_cookie_counts(app: AppBuilder) {
        let app = app.plain().config("mfa: { device_trust_cookie_name: known }").start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let token = add_device(&app, ada.id, true).await;
        for (header, outline) in [
            (format!("{DEVICE}={}:{}", ada.id, token.as_str()), "200 login_otp"),
            (format!("a=b; known={}:{}", ada.id, token.as_str()), "200 success"),
        ] {
            let mut flow = app.login().await;
            at_password(&mut flow, &ada).await;
            let body = json!({ "input_data": { "password": PASSWORD }, "csrf_token": flow.doc.csrf() });
            let call = app.post(&flow.href("password_login")).header("cookie", &header).json(&body);
            assert_eq!(crate::support::Doc::new(call.await).outline(), outline, "{header}");
        }
    }
}
