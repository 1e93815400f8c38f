//! What a session says about how it was proven (spec 02, section 19, check 11): every first factor with every second one.

use serde_json::{Value, json};

use super::{PASSWORD, UNLIMITED, Walk, number, rows, sign_in, start};
use crate::support::{Device, TestApp};

async fn check(app: &TestApp, row: [&'static str; 5]) {
    let [first, second, chain, amr, mfa_method] = row;
    let (mut phone, mut key) = (Device::phone(number()), Device::key(number()));
    let address = super::address();
    let mut user = app.user(&address).password(PASSWORD).passkey(&mut phone);
    match second {
        "app" => user = user.totp(),
        "key" | "passkey" => user = user.security_key(&mut key),
        "recovery code" => user = user.totp().recovery_codes(),
        _ => {}
    }
    let user = user.create().await;
    let mut walk = match first {
        "passkey" => {
            let mut flow = start(app, "login", true).await;
            flow.use_passkey(&mut phone).await;
            Walk::new(app, flow, &address)
        }
        _ => sign_in(app, &user, true, first == "password").await,
    };
    match second {
        "recovery code" if first != "passkey" => {
            assert_eq!(walk.flow.doc.outline(), "200 login_otp", "{row:?}");
            walk.flow.act("recovery_code", json!({ "recovery_code": user.recovery_codes[0] })).await;
        }
        "passkey" if first != "passkey" => walk.key = phone,
        _ => walk.key = key,
    }
    let (walked, doc) = walk.through().await;
    assert_eq!(walked, chain, "{row:?}");
    let amr: Vec<_> = amr.split(' ').collect();
    assert_eq!(doc.json["payload"]["claims"]["amr"], json!(amr), "{row:?}");
    let method = if mfa_method.is_empty() { Value::Null } else { mfa_method.into() };
    let expected = if mfa_method.is_empty() {
        json!({ "login_method": first })
    } else {
        json!({ "login_method": first, "mfa_method": method })
    };
    assert_eq!(doc.json["payload"]["last_login"], expected, "{row:?}");
}

each_engine! {
    async fn every_first_factor_with_every_second_one(app: AppBuilder) {
        let app = app.config(UNLIMITED).config("mfa: { device_trust_policy: never }").start().await;
        let table = "
            first    | second        | chain  | amr                  | mfa_method
            password | none          | OK     | pwd                  | -
            password | app           | otp OK | pwd totp             | totp
            password | key           | key OK | pwd security_key     | security_key
            password | passkey       | key OK | pwd security_key     | security_key
            password | recovery code | OK     | pwd recovery_code    | recovery_code
            passcode | none          | OK     | otp                  | -
            passcode | app           | otp OK | otp totp             | totp
            passcode | key           | key OK | otp security_key     | security_key
            passcode | passkey       | key OK | otp security_key     | security_key
            passcode | recovery code | OK     | otp recovery_code    | recovery_code
            passkey  | none          | OK     | passkey              | -
            passkey  | app           | OK     | passkey              | -
            passkey  | key           | OK     | passkey              | -
            passkey  | recovery code | OK     | passkey              | -
        ";
        for row in rows::<5>(table) {
            check(&app, row).await;
        }
    }
}
