//! A forgotten password (sections 5.7, 5.8 and 6.4).

use serde_json::{Value, json};

use super::{
    UNLIMITED, WRONG_PASSWORD, at_passcode, at_password, at_recovery_code, identify, sessions, verify,
    with_password,
};
use crate::support::{Doc, Flow, TestApp};

async fn recover(flow: &mut Flow<'_>, password: impl Into<Value>) -> Doc {
    flow.act("password_recovery", json!({ "new_password": password.into() })).await
}

/// A flow in `login_password_recovery`.
async fn recovering<'a>(app: &'a TestApp, identifier: &str, address: &str) -> Flow<'a> {
    let mut flow = at_recovery_code(app, identifier).await;
    let doc = verify(&mut flow, &app.code(address).await).await;
    assert_eq!(doc.outline(), "200 login_password_recovery");
    flow
}

each_engine! {
    /// With and without a former password, whatever is asked for at login: it ends in `success`.
    async fn l15_a_recovery_ends_in_success(app: AppBuilder) {
        for acquire in ["always", "conditional", "never"] {
            for passkey in ["always", "conditional", "never"] {
                let app = app.clone().config(&format!("password: {{ acquire_on_login: {acquire} }}"))
                    .config(&format!("passkey: {{ acquire_on_login: {passkey} }}")).config(UNLIMITED).start().await;
                app.user("with@example.com").password("old horse").create().await;
                app.user("without@example.com").create().await;
                for address in ["with@example.com", "without@example.com"] {
                    let case = format!("{address}, password {acquire}, passkey {passkey}");
                    let mut flow = recovering(&app, address, address).await;
                    let done = recover(&mut flow, "new horse battery").await;
                    assert_eq!(done.outline(), "200 success", "{case}");
                    assert_eq!(done.json["payload"]["claims"]["amr"], json!(["pwd"]), "{case}");
                    assert_eq!(done.json["payload"]["last_login"], json!({ "login_method": "password" }), "{case}");
                    let mut flow = at_password(&app, address).await;
                    let old = flow.act("password_login", json!({ "password": "old horse" })).await;
                    assert_eq!(old.outline(), WRONG_PASSWORD, "{case}");
                    let new = flow.act("password_login", json!({ "password": "new horse battery" })).await;
                    assert_eq!(new.outline(), "200 success", "{case}");
                }
            }
        }
    }

    async fn l07_new_passwords(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password("old horse").create().await;
        let mut flow = recovering(&app, "ada@example.com", "ada@example.com").await;
        let inputs = flow.doc.json["actions"]["password_recovery"]["inputs"].clone();
        assert_eq!(inputs, json!({ "new_password": {
            "name": "new_password", "type": "password", "min_length": 8, "max_length": 72, "required": true,
        } }));
        let (missing, short, long) = ("value_missing_error", "value_too_short_error", "value_too_long_error");
        for (value, code) in [
            (Value::Null, missing),
            (json!(""), missing),
            (json!(1_234_567_890), missing),
            (json!("7 chars"), short),
            (json!("üüüü"), short),
            (json!("x!".repeat(37)), long),
            (json!("ü".repeat(37)), long),
            (json!("password1"), "value_invalid_error"),
        ] {
            let doc = recover(&mut flow, value.clone()).await;
            let outline = format!("400 login_password_recovery form_data_invalid_error new_password={code}");
            assert_eq!(doc.outline(), outline, "{value}");
            assert_eq!(doc.actions(), ["password_recovery"], "{value}");
        }
        assert_eq!(recover(&mut flow, "üüüüüüüü").await.outline(), "200 success");
    }

    async fn s023_l06_whoever_had_the_old_password_is_out_and_the_owner_is_told(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("old horse").create().await;
        let thief = app.token(&ada).await;
        let mut flow = recovering(&app, "ada@example.com", "ada@example.com").await;
        assert_eq!(app.get("/me").cookie(&thief).await.status, 200);
        let done = recover(&mut flow, "new horse battery").await;
        assert_eq!(app.get("/me").cookie(&thief).await.status, 401);
        assert_eq!(app.get("/me").cookie(&done.token().unwrap()).await.status, 200);
        assert_eq!(sessions(&app, &ada).await.len(), 1);

        let mails = app.mails("ada@example.com").await;
        assert_eq!(mails.len(), 2);
        assert!(!mails[0].subject.contains(char::is_numeric), "{}", mails[0].subject);
        let mut kinds: Vec<_> = app.audit().await.into_iter().map(|record| record.kind).collect();
        kinds.sort_unstable();
        let expected = ["email_verified", "login_success", "login_success", "password_changed", "security_notification_sent"];
        assert_eq!(kinds, expected);
    }

    async fn l06_sessions_and_mails_can_be_configured_away(app: AppBuilder) {
        let config = "
session: { end_others_on_password_change: false }
security_notifications: { notifications: { password_update: { enabled: false } } }";
        let app = app.config(config).start().await;
        let ada = app.user("ada@example.com").password("old horse").create().await;
        let other = app.token(&ada).await;
        let mut flow = recovering(&app, "ada@example.com", "ada@example.com").await;
        recover(&mut flow, "new horse battery").await;
        assert_eq!(app.get("/me").cookie(&other).await.status, 200);
        assert_eq!(app.mails("ada@example.com").await.len(), 1);
    }

    async fn l06_flows_proven_with_the_old_password_end_without_a_session(app: AppBuilder) {
        let app = app.config("username: { enabled: true }").start().await;
        let ada = app.user("ada@example.com").password("old horse").create().await;
        let mut thief = with_password(&app, &ada).await;
        assert_eq!(thief.doc.outline(), "200 onboarding_username");
        app.clock.advance(std::time::Duration::from_secs(1));
        let mut flow = recovering(&app, "ada@example.com", "ada@example.com").await;
        recover(&mut flow, "new horse battery").await;
        for action in ["skip", "username_create"] {
            let doc = thief.act(action, json!({ "username": "thief" })).await;
            assert!(doc.status == 403 && doc.token().is_none(), "{action}: {}", doc.json);
        }
    }

    async fn without_the_last_step_nothing_changes(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("old horse").create().await;
        let flow = recovering(&app, "ada@example.com", "ada@example.com").await;
        assert_eq!(flow.doc.actions(), ["password_recovery"]);
        for action in ["back", "skip", "register_password", "password_login", "verify_passcode"] {
            let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "new_password": "new horse battery" } });
            assert_eq!(flow.send(action, &body).await.status, 403, "{action}");
        }
        assert!(sessions(&app, &ada).await.is_empty());
        assert_eq!(app.sign_in(&ada).await.outline(), "200 success");
    }

    async fn a_user_name_leads_to_the_primary_address(app: AppBuilder) {
        let app = app.config("username: { enabled: true }").start().await;
        app.user("ada@example.com").username("ada").password("old horse").create().await;
        let mut flow = recovering(&app, "ada", "ada@example.com").await;
        assert_eq!(recover(&mut flow, "new horse battery").await.outline(), "200 success");
    }

    async fn going_back_from_the_code_ends_the_recovery(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("old horse").create().await;
        let mut flow = at_recovery_code(&app, "ada@example.com").await;
        assert_eq!(flow.act("back", json!({})).await.outline(), "200 login_password");
        let done = flow.act("password_login", json!({ "password": ada.password })).await;
        assert_eq!(done.outline(), "200 success");
    }

    async fn recovery_proves_an_address_that_was_not_verified(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").verified(false).password("old horse").create().await;
        recovering(&app, "ada@example.com", "ada@example.com").await;
        assert!(super::account(&app, &ada).await.unwrap().emails[0].verified);
    }

    async fn an_unknown_address_gets_no_code_and_no_way_on(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        let mut flow = at_recovery_code(&app, "nobody@example.com").await;
        assert!(!app.mails("nobody@example.com").await[0].text.contains(|c: char| c.is_ascii_digit()));
        assert_eq!(verify(&mut flow, "123456").await.status, 400);
        let doc = flow.act("password_recovery", json!({ "new_password": "new horse battery" })).await;
        assert_eq!(doc.status, 403);
    }

    /// Recovery may be switched off while codes still sign in, and the other way round.
    async fn s011_recovery_and_passcodes_are_switched_separately(app: AppBuilder) {
        let app_of = |config: &str| app.clone().config(config).start();
        let without_codes = app_of("email: { use_for_authentication: false }").await;
        without_codes.user("ada@example.com").password("old horse").create().await;
        let mut flow = recovering(&without_codes, "ada@example.com", "ada@example.com").await;
        assert_eq!(recover(&mut flow, "new horse battery").await.outline(), "200 success");

        let without_recovery = app_of("password: { recovery: false }").await;
        without_recovery.user("ada@example.com").password("old horse").create().await;
        let mut flow = at_passcode(&without_recovery, "ada@example.com").await;
        let code = without_recovery.code("ada@example.com").await;
        assert_eq!(verify(&mut flow, &code).await.outline(), "200 success");
        let mut flow = without_recovery.login().await;
        identify(&mut flow, "ada@example.com").await;
        flow.act("continue_to_password_login", json!({})).await;
        assert_eq!(flow.act("continue_to_passcode_confirmation_recovery", json!({})).await.status, 403);
    }
}
