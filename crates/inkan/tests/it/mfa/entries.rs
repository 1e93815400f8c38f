//! Every way in asks for the second factor (s008; spec 02 L3), and one factor is not taken for two (s009).

use serde_json::json;

use super::{
    PASSWORD, Plain as _, after_mail, after_password, at_password, enter, first_factor, identify, recover,
};
use crate::{
    session::rows,
    support::{Device, Doc, Flow, TestApp, TestUser},
};

/// Goes one way in until the second factor is due; the document there.
async fn enter_by<'a>(app: &'a TestApp, user: &TestUser, way: &str) -> Flow<'a> {
    let address = user.email.clone().unwrap();
    match way {
        "password" => after_password(app, user).await,
        "mail" => after_mail(app, user).await,
        "no webauthn" => {
            let mut flow = app.login().await;
            first_factor(&mut flow, user).await;
            flow
        }
        "user name" => {
            let mut flow = app.login().await;
            flow.act("continue_with_login_identifier", json!({ "identifier": user.username })).await;
            if flow.doc.name() == "login_method_chooser" {
                flow.act("continue_to_password_login", json!({})).await;
            }
            flow.act("password_login", json!({ "password": user.password })).await;
            flow
        }
        "recovery" => {
            let mut flow = app.login().await;
            at_password(&mut flow, user).await;
            flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
            let code = app.code(&address).await;
            flow.act("verify_passcode", json!({ "code": code })).await;
            flow
        }
        "recovery, then back and the password" => {
            let mut flow = app.login().await;
            at_password(&mut flow, user).await;
            flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
            flow.act("back", json!({})).await;
            flow.act("password_login", json!({ "password": user.password })).await;
            flow
        }
        "abandoned passkey, then the password" => {
            let mut flow = app.login().with_webauthn().await;
            flow.act("webauthn_generate_request_options", json!({})).await;
            flow.act("back", json!({})).await;
            identify(&mut flow, user).await;
            flow.act("webauthn_generate_request_options", json!({})).await;
            flow.act("back", json!({})).await;
            flow.act("continue_to_password_login", json!({})).await;
            flow.act("password_login", json!({ "password": user.password })).await;
            flow
        }
        _ => {
            let mut flow = app.login().await;
            flow.act("remember_me", json!({ "remember_me": true })).await;
            first_factor(&mut flow, user).await;
            flow
        }
    }
}

async fn refused(app: &TestApp, flow: &mut Flow<'_>, action: &str, input: serde_json::Value) -> Doc {
    let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": input });
    let doc = flow.send(action, &body).await;
    assert!(doc.status == 403 && doc.token().is_none(), "{action}: {}", doc.json);
    assert_eq!(app.get("/me").await.status, 401);
    doc
}

each_engine! {
    async fn s008_every_way_in_asks(app: AppBuilder) {
        let config = "{ username: { enabled: true, acquire_on_login: false }, session: { cookie: { retention: prompt } } }";
        let app = app.plain().config(config).start().await;
        let mut key = Device::key(1);
        let by_app = app.user("ada@example.com").username("ada").password(PASSWORD).totp().create().await;
        let by_key = app.user("bob@example.com").username("bob").password(PASSWORD).totp().security_key(&mut key).create().await;
        for user in [&by_app, &by_key] {
            for way in [
                "password", "mail", "no webauthn", "user name", "recovery", "recovery, then back and the password",
                "abandoned passkey, then the password", "remembered",
            ] {
                let mut flow = enter_by(&app, user, way).await;
                let asked = ["200 login_otp", "200 login_security_key"];
                assert!(asked.contains(&flow.doc.outline().as_str()), "{way}: {}", flow.doc.json);
                assert!(flow.doc.token().is_none(), "{way}");
                for action in ["skip", "back", "password_login", "password_recovery", "trust_device", "continue_to_login_method_chooser"] {
                    refused(&app, &mut flow, action, json!({ "password": PASSWORD, "new_password": "another horse" })).await;
                }
                assert!(rows(&app, user).await.is_empty(), "{way}: no session");
            }
        }
    }

    /// The flow of somebody with a second factor is no other kind of flow.
    async fn s008_another_kind_of_flow(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        // Registering the address again leads nowhere.
        let mut flow = app.registration().await;
        flow.act("register_login_identifier", json!({ "email": "ada@example.com" })).await;
        assert_eq!(flow.doc.outline(), "200 passcode_confirmation");
        let mails = app.mails("ada@example.com").await;
        assert!(!mails[0].text.contains("code:"), "no code: {}", mails[0].text);
        assert!(flow.act("verify_passcode", json!({ "code": "123456" })).await.status >= 400);
        // A login flow continued at the other endpoint.
        let flow = after_password(&app, &ada).await;
        let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "otp_code": ada.totp_code(app.now()) } });
        for path in ["/registration", "/profile", "/login/"] {
            let href = flow.href("otp_code_validate").replacen("/login", path, 1);
            let reply = app.post(&href).json(&body).await;
            assert!(reply.status >= 400 && reply.header("set-cookie").is_empty(), "{path}: {}", reply.text());
        }
        assert!(rows(&app, &ada).await.is_empty());
    }

    /// The code in the mail is the first factor or nothing: it does not count as the second one, and neither does the password.
    async fn s009_the_same_factor_twice(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().recovery_codes().create().await;
        let mut by_mail = after_mail(&app, &ada).await;
        let code = app.code("ada@example.com").await;
        for (action, input) in [
            ("verify_passcode", json!({ "code": code })),
            ("password_login", json!({ "password": PASSWORD })),
            ("continue_to_passcode_confirmation", json!({})),
            ("continue_to_password_login", json!({})),
        ] {
            refused(&app, &mut by_mail, action, input).await;
        }
        assert_eq!(enter(&mut by_mail, code.clone()).await.outline(), super::WRONG_CODE, "the code from the mail");
        assert_eq!(recover(&mut by_mail, &code).await.status, 400);
        let mut by_password = after_password(&app, &ada).await;
        assert_eq!(enter(&mut by_password, PASSWORD).await.outline(), super::WRONG_CODE);
        assert_eq!(recover(&mut by_password, PASSWORD).await.status, 400);
        // A code of the app opens no account by itself.
        let mut flow = app.login().await;
        identify(&mut flow, &ada).await;
        refused(&app, &mut flow, "otp_code_validate", json!({ "otp_code": ada.totp_code(app.now()) })).await;
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        let totp = ada.totp_code(app.now());
        assert_eq!(flow.act("verify_passcode", json!({ "code": totp })).await.status, 400);
    }

    /// A flow is stopped before the second factor, and its answers are replayed: there is no session in any of them.
    async fn s008_nothing_before_the_second_factor_is_a_session(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let mut flow = app.login().await;
        at_password(&mut flow, &ada).await;
        let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "password": PASSWORD } });
        for round in 0..2 {
            let doc = flow.send("password_login", &body).await;
            assert_eq!(doc.outline(), "200 login_otp", "{round}");
            assert!(doc.header("set-cookie").is_empty() && doc.header("x-auth-token").is_empty(), "{round}");
            assert!(doc.json["payload"].as_object().unwrap().is_empty(), "{round}");
        }
    }
}
