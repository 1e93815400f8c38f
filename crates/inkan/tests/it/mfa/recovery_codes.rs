//! Recovery codes: handed out once, each good for one sign-in without the second factor (s022).

use futures_util::future::join_all;
use inkan_base::TenantId;
use inkan_store::StoreError;
use serde_json::{Value, json};

use super::{
    ACQUIRE, PASSWORD, Plain as _, after_mail, after_password, audit_of, first_factor, make_key, methods,
    recover, registered, remove_totp,
};
use crate::support::{Device, Doc, Flow, TestApp, TestUser, secret_of};

const WRONG: &str = "form_data_invalid_error recovery_code=passcode_invalid";

/// The codes that a document shows.
fn codes(doc: &Doc) -> Vec<String> {
    let codes =
        doc.json["payload"]["recovery_codes"].as_array().unwrap_or_else(|| panic!("no codes: {}", doc.json));
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// Sets an app up, from `mfa_method_chooser`.
async fn set_up(app: &TestApp, flow: &mut Flow<'_>) -> Doc {
    flow.act("continue_to_otp_secret_creation", json!({})).await;
    let code = secret_of(&flow.doc.json).password_at(app.now());
    flow.act("otp_code_verify", json!({ "otp_code": code })).await
}

async fn left(app: &TestApp, user: &TestUser) -> i64 {
    let store = &app.domain().store;
    let count: Result<_, StoreError> =
        store.read(TenantId::DEFAULT, async |tx| tx.recovery_codes().count_left(user.id).await).await;
    count.unwrap()
}

each_engine! {
    /// Whatever is set up, wherever: ten different codes in the next document, and in no other.
    async fn s022_codes_are_shown_once(app: AppBuilder) {
        let more = "{ username: { enabled: true }, email: { acquire_on_login: false } }";
        let app = app.plain().config(ACQUIRE).config(more).start().await;
        for (number, (at_login, by_key)) in
            [(false, false), (false, true), (true, false), (true, true)].into_iter().enumerate()
        {
            let row = format!("at login {at_login}, by key {by_key}");
            let address = format!("ada{number}@example.com");
            let mut flow = if at_login {
                let ada = app.user(&address).password(PASSWORD).create().await;
                after_password(&app, &ada).await
            } else {
                let mut flow = app.registration().with_webauthn().await;
                let names = json!({ "email": address, "username": format!("ada{number}") });
                flow.act("register_login_identifier", names).await;
                let code = app.code(&address).await;
                flow.act("verify_passcode", json!({ "code": code })).await;
                flow.act("register_password", json!({ "new_password": PASSWORD })).await;
                flow
            };
            assert_eq!(flow.doc.outline(), "200 mfa_method_chooser", "{row}");
            let doc = if by_key {
                make_key(&mut flow, &mut Device::key(50 + u64::try_from(number).unwrap())).await
            } else {
                set_up(&app, &mut flow).await
            };
            assert_eq!(doc.outline(), if at_login { "200 onboarding_username" } else { "200 success" }, "{row}");
            let codes = codes(&doc);
            let form = |code: &str| code.len() == 11 && code.as_bytes()[5] == b'-';
            assert!(codes.len() == 10 && codes.iter().all(|code| form(code)), "{row}: {codes:?}");
            assert_eq!(codes.iter().collect::<std::collections::HashSet<_>>().len(), 10, "{row}");
            if at_login {
                let later = flow.act("username_create", json!({ "username": "!" })).await;
                assert!(later.json["payload"]["recovery_codes"].is_null(), "{row}: {}", later.json);
                let done = flow.act("skip", json!({})).await;
                assert_eq!(done.outline(), "200 success", "{row}");
                assert!(done.json["payload"]["recovery_codes"].is_null(), "{row}: {}", done.json);
                assert!(!done.text().contains(&codes[0]), "{row}");
            }
        }
    }

    /// In place of either factor, after either first factor.
    async fn s022_a_code_in_place_of_the_second_factor(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut key = Device::key(1);
        let ada = app.user("ada@example.com").password(PASSWORD).totp().recovery_codes().create().await;
        let bob = app.user("bob@example.com").password(PASSWORD).security_key(&mut key).recovery_codes().create().await;
        for (user, state) in [(&ada, "login_otp"), (&bob, "login_security_key")] {
            for (number, flow) in [after_password(&app, user).await, after_mail(&app, user).await].into_iter().enumerate() {
                let mut flow = flow;
                assert_eq!(flow.doc.name(), state);
                let input = json!({ "recovery_code": { "name": "recovery_code", "type": "string", "required": true, "max_length": 64 } });
                assert_eq!(flow.doc.json["actions"]["recovery_code"]["inputs"], input);
                let doc = recover(&mut flow, &user.recovery_codes[number]).await;
                assert_eq!(doc.outline(), "200 device_trust", "{state}");
                assert_eq!(doc.json["payload"], json!({ "recovery_codes_left": 9 - number }), "{state}");
                let done = flow.act("skip", json!({})).await;
                let first = ["pwd", "otp"][number];
                assert_eq!(methods(&done), (json!([first, "recovery_code"]), json!("recovery_code")));
            }
            let used = audit_of(&app, user.id, "recovery_code_used").await;
            assert_eq!(used.len(), 2);
            assert!(used.iter().any(|record| *record == (None, json!({ "left": 8 }))), "{used:?}");
        }
    }

    async fn s022_a_code_is_good_once(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().recovery_codes().create().await;
        let mut flow = after_password(&app, &ada).await;
        recover(&mut flow, &ada.recovery_codes[3]).await;
        let mut flow = after_password(&app, &ada).await;
        let doc = recover(&mut flow, &ada.recovery_codes[3]).await;
        assert_eq!(doc.outline(), format!("400 login_otp {WRONG}"));
        assert!(doc.token().is_none());
        let failures = audit_of(&app, ada.id, "login_failure").await;
        assert_eq!(failures, [(Some("wrong recovery code".to_owned()), json!({ "mfa_method": "recovery_code" }))]);
        assert_eq!(left(&app, &ada).await, 9);
    }

    async fn s022_parallel_uses_of_one_code(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().recovery_codes().create().await;
        let mut flows = Vec::new();
        for _ in 0..8 {
            flows.push(after_password(&app, &ada).await);
        }
        let docs = join_all(flows.iter_mut().map(|flow| recover(flow, &ada.recovery_codes[0]))).await;
        let used = docs.iter().filter(|doc| doc.outline() == "200 device_trust").count();
        let refused = docs.iter().filter(|doc| doc.outline() == format!("400 login_otp {WRONG}")).count();
        assert_eq!((used, refused, left(&app, &ada).await), (1, 7, 9));
    }

    /// Case, blanks and hyphens are forgiven, and letters that look like digits; nothing else is.
    async fn s022_how_a_code_may_be_typed(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().recovery_codes().create().await;
        let codes = ada.recovery_codes.clone();
        let wrong = format!("400 login_otp {WRONG}");
        let missing = "400 login_otp form_data_invalid_error recovery_code=value_missing_error".to_owned();
        let long = "400 login_otp form_data_invalid_error recovery_code=value_too_long_error".to_owned();
        let right = "200 device_trust".to_owned();
        for (typed, outline) in [
            (json!(codes[0].to_uppercase()), &right),
            (json!(codes[1].replace('-', "")), &right),
            (json!(format!("  {} ", codes[2].replace('-', " "))), &right),
            (json!(codes[3].replace('-', "–").replace('0', "O").replace('1', "l")), &right),
            (json!(codes[4][..10]), &wrong),
            (json!(format!("{}0", codes[4])), &wrong),
            (json!(format!("{}-{}", codes[4], codes[5])), &wrong),
            (json!("00000-00000"), &wrong),
            (json!("'; drop table"), &wrong),
            (json!("-"), &wrong),
            (json!(""), &missing),
            (Value::Null, &missing),
            (json!({}), &missing),
            (json!("0".repeat(65)), &long),
        ] {
            let mut flow = after_password(&app, &ada).await;
            let doc = flow.act("recovery_code", json!({ "recovery_code": typed })).await;
            assert_eq!(&doc.outline(), outline, "{typed}");
        }
        assert_eq!(left(&app, &ada).await, 6);
    }

    /// Not anybody else's, and none without the first factor.
    async fn s022_a_code_of_somebody_else(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().recovery_codes().create().await;
        let bob = app.user("bob@example.com").password(PASSWORD).totp().recovery_codes().create().await;
        let mut flow = after_password(&app, &ada).await;
        assert_eq!(recover(&mut flow, &bob.recovery_codes[0]).await.outline(), format!("400 login_otp {WRONG}"));
        assert_eq!(left(&app, &bob).await, 10);
        let mut flow = app.login().with_webauthn().await;
        super::at_password(&mut flow, &ada).await;
        assert_eq!(recover(&mut flow, &ada.recovery_codes[0]).await.status, 403);
        let doc = flow.act("password_login", json!({ "password": "wrong horse" })).await;
        assert_eq!(doc.status, 400);
        assert_eq!(recover(&mut flow, &ada.recovery_codes[0]).await.status, 403);
        assert_eq!(left(&app, &ada).await, 10);
    }

    /// Clients that do not know the action see nothing of it.
    async fn codes_can_be_switched_off(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).config("mfa: { recovery_codes: { enabled: false } }").start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().recovery_codes().create().await;
        let mut flow = after_password(&app, &ada).await;
        assert_eq!(flow.doc.actions(), ["otp_code_validate"]);
        assert_eq!(recover(&mut flow, &ada.recovery_codes[0]).await.status, 403);
        let mut flow = registered(&app, "bob@example.com", true).await;
        let done = set_up(&app, &mut flow).await;
        assert_eq!(done.outline(), "200 success");
        assert!(done.json["payload"]["recovery_codes"].is_null());
    }

    /// None are left: not offered any longer; a new set comes with the next factor that is set up.
    async fn the_last_code(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().recovery_codes().create().await;
        for code in &ada.recovery_codes {
            let mut flow = after_password(&app, &ada).await;
            assert_eq!(recover(&mut flow, code).await.outline(), "200 device_trust", "{code}");
        }
        let flow = after_password(&app, &ada).await;
        assert_eq!(flow.doc.actions(), ["otp_code_validate"]);
        remove_totp(&app, ada.id).await;
        let mut flow = after_password(&app, &ada).await;
        let done = set_up(&app, &mut flow).await;
        assert_eq!(codes(&done).len(), 10);
        let mut flow = after_password(&app, &ada).await;
        assert_eq!(recover(&mut flow, &ada.recovery_codes[0]).await.status, 400, "one of the old set");
        assert_eq!(recover(&mut flow, &codes(&done)[0]).await.outline(), "200 device_trust");
    }

    /// A device without WebAuthn, and a key at home: only what can be done there.
    async fn l13_without_webauthn_the_owner_of_a_key_is_told(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut key = Device::key(1);
        let ada = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).create().await;
        let mut flow = app.login().await;
        let doc = first_factor(&mut flow, &ada).await;
        assert_eq!(doc.outline(), super::IMPOSSIBLE);
        assert!(doc.actions().is_empty() && doc.token().is_none());
    }
}
