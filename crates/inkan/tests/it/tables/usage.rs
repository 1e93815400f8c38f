//! Which second factor is asked for (spec 02, section 6.3), and what becomes of one that was switched off.

use super::{PASSWORD, UNLIMITED, address, number, rows, sign_in};
use crate::support::{AppBuilder, Device, TestApp, TestUser};

async fn server(app: &AppBuilder, settings: &str) -> TestApp {
    let app = app.clone().config(UNLIMITED).config("passkey: { acquire_on_login: never }");
    app.config("mfa: { device_trust_policy: never }").config(settings).start().await
}

/// Somebody with a password and these second factors.
async fn owner(app: &TestApp, key: &mut Device, factors: &str) -> TestUser {
    let address = address();
    let mut user = app.user(&address).password(PASSWORD);
    if factors.contains("key") {
        user = user.security_key(key);
    }
    if factors.contains("app") {
        user = user.totp();
    }
    user.create().await
}

each_engine! {
    /// A browser with WebAuthn has a built-in authenticator too, one without has none. L13: there is no dead end.
    async fn l13_r17_the_second_factor_that_is_asked_for(app: AppBuilder) {
        let table = "
            has     | on      | attachment     | WebAuthn | without
            key app | key app | cross-platform | key OK   | otp OK
            key app | key app | platform       | key OK   | otp OK
            key     | key app | cross-platform | key OK   | ✗
            key     | key app | platform       | key OK   | ✗
            app     | key app | cross-platform | otp OK   | otp OK
            -       | key app | cross-platform | OK       | OK
            key app | app     | cross-platform | otp OK   | otp OK
            key app | key     | cross-platform | key OK   | ✗
            key app | off     | cross-platform | OK       | OK
        ";
        for row in rows::<5>(table) {
            let [has, on, attachment, with, without] = row;
            let settings = format!(
                "mfa: {{ enabled: {}, totp: {{ enabled: {} }}, security_keys: {{ enabled: {}, authenticator_attachment: {attachment} }} }}",
                on != "off",
                on.contains("app"),
                on.contains("key"),
            );
            let app = server(&app, &settings).await;
            for (webauthn, expected) in [(true, with), (false, without)] {
                for by_password in [true, false] {
                    let mut key = Device::key(number());
                    let user = owner(&app, &mut key, has).await;
                    let mut walk = sign_in(&app, &user, webauthn, by_password).await;
                    walk.key = key;
                    assert_eq!(walk.on().await, expected, "{row:?}, WebAuthn {webauthn}");
                }
            }
        }
    }

    /// Spec 03, section 20, item 10: whoever had a second factor is asked for another one, also where nobody else is.
    async fn r10_a_second_factor_that_was_switched_off(app: AppBuilder) {
        let table = "
            has     | on  | optional | WebAuthn   | without
            app     | key | true     | MCˢ KEYᵇ OK | OK
            app     | key | false    | MC KEYᵇ OK  | ✗
            key     | app | true     | MCˢ OTPᵇ OK | MCˢ OTPᵇ OK
            key     | app | false    | MC OTPᵇ OK  | MC OTPᵇ OK
            key app | app | true     | otp OK     | otp OK
            -       | app | true     | OK         | OK
        ";
        for row in rows::<5>(table) {
            let [has, on, optional, with, without] = row;
            let settings = format!(
                "mfa: {{ optional: {optional}, totp: {{ enabled: {} }}, security_keys: {{ enabled: {} }} }}",
                on == "app",
                on == "key",
            );
            let app = server(&app, &settings).await;
            for (webauthn, expected) in [(true, with), (false, without)] {
                let mut key = Device::key(number());
                let user = owner(&app, &mut key, has).await;
                let walk = sign_in(&app, &user, webauthn, true).await;
                let walk = if on == "key" { walk.by_security_key() } else { walk };
                assert_eq!(walk.on().await, expected, "{row:?}, WebAuthn {webauthn}");
            }
        }
    }
}
