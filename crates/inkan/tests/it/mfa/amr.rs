//! Conformance check 11: `amr`, `last_login` and the audit record of every first with every second factor.

use serde_json::{Value, json};

use super::{
    PASSWORD, Plain as _, STEP, after_mail, after_password, at_password, audit_of, enter, password_on,
    recover, trust,
};
use crate::{
    session::claims_of,
    support::{Device, Flow, TestApp, TestUser},
};

/// How the first factor is proven.
const FIRST: [&str; 4] = ["password", "passcode", "passkey", "recovery"];
/// How the second factor is proven.
const SECOND: [&str; 6] = ["none", "totp", "security_key", "passkey", "recovery_code", "trusted device"];

/// Proves the first factor. With a cookie only by password.
async fn prove_first<'a>(
    app: &'a TestApp,
    user: &TestUser,
    first: &str,
    phone: &mut Device,
    cookie: &str,
) -> Flow<'a> {
    match first {
        "passcode" => after_mail(app, user).await,
        "passkey" => {
            let mut flow = app.login().with_webauthn().await;
            flow.use_passkey(phone).await;
            flow
        }
        "recovery" => {
            let mut flow = app.login().with_webauthn().await;
            at_password(&mut flow, user).await;
            flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
            let code = app.code(user.email.as_deref().unwrap()).await;
            flow.act("verify_passcode", json!({ "code": code })).await;
            flow
        }
        _ if cookie.is_empty() => after_password(app, user).await,
        _ => {
            let mut flow = app.login().with_webauthn().await;
            flow.doc = password_on(app, user, cookie).await;
            flow
        }
    }
}

/// Proves the second factor, if it is asked for, and goes on to the end.
async fn finish(app: &TestApp, flow: &mut Flow<'_>, user: &TestUser, second: &str, key: &mut Device) {
    match (flow.doc.name(), second) {
        ("login_otp", "totp") => enter(flow, user.totp_code(app.now())).await,
        ("login_otp", "recovery_code") => recover(flow, &user.recovery_codes[0]).await,
        ("login_security_key", _) => flow.use_passkey(key).await,
        _ => flow.doc.clone(),
    };
    if flow.doc.name() == "login_password_recovery" {
        flow.act("password_recovery", json!({ "new_password": "another horse" })).await;
    }
    if flow.doc.name() == "device_trust" {
        flow.act("skip", json!({})).await;
    }
}

/// `amr` and `last_login`.
fn expected(first: &str, second: &str) -> (Value, Value) {
    let (amr, method) = match first {
        "passcode" => ("otp", "passcode"),
        "passkey" => ("passkey", "passkey"),
        _ => ("pwd", "password"),
    };
    let mfa = match second {
        "none" | "trusted device" => None,
        _ if first == "passkey" => None,
        "passkey" => Some("security_key"),
        other => Some(other),
    };
    match mfa {
        None => (json!([amr]), json!({ "login_method": method })),
        Some(mfa) => (json!([amr, mfa]), json!({ "login_method": method, "mfa_method": mfa })),
    }
}

each_engine! {
    async fn c11_every_combination(app: AppBuilder) {
        let app = app.plain().start().await;
        let rows = SECOND.into_iter().flat_map(|second| FIRST.map(|first| (first, second)));
        for (seed, (first, second)) in (0..).zip(rows) {
            if second == "trusted device" && !matches!(first, "password" | "passkey") {
                continue;
            }
            let row = format!("{first} and {second}");
            let (mut key, mut phone) = (Device::key(seed), Device::phone(1000 + seed));
            let user = app.user(&format!("ada{seed}@example.com")).password(PASSWORD).passkey(&mut phone);
            let ada = match second {
                "none" => user,
                "totp" | "trusted device" => user.totp(),
                "recovery_code" => user.totp().recovery_codes(),
                _ => user.security_key(&mut key),
            };
            let ada = ada.create().await;
            let cookie = if second == "trusted device" { trust(&app, &ada, "").await } else { String::new() };
            app.clock.advance(STEP);
            let mut flow = prove_first(&app, &ada, first, &mut phone, &cookie).await;
            let device = if second == "passkey" { &mut phone } else { &mut key };
            finish(&app, &mut flow, &ada, second, device).await;
            assert_eq!(flow.doc.outline(), "200 success", "{row}");

            let (amr, last_login) = expected(first, second);
            let payload = &flow.doc.json["payload"];
            assert_eq!(payload["claims"]["amr"], amr, "{row}");
            assert_eq!(claims_of(&flow.doc.token().unwrap())["amr"], amr, "{row}: in the token");
            assert_eq!(payload["last_login"], last_login, "{row}");
            let success = audit_of(&app, ada.id, "login_success").await;
            assert!(success.contains(&(None, last_login)), "{row}: {success:?}");
        }
    }
}
