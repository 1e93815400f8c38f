//! The audit records of a sign-in (section 15; spec 09, B.2 to B.4).

use serde_json::{Value, json};

use super::{
    act_with, at_passcode, at_password, at_recovery_code, identified, other, verify, with_passcode,
    with_password,
};
use crate::support::{TestApp, TestUser};

const NAMES: &str = "username: { enabled: true, acquire_on_login: false }";

/// Type, whether there is an error, whether the actor is the user, actor address, details: of the newest records, sorted.
async fn records(app: &TestApp, user: &TestUser, skip: usize) -> Vec<Value> {
    let mut rows: Vec<_> = app
        .audit()
        .await
        .into_iter()
        .skip(skip)
        .map(|record| {
            let mut details = record.details.unwrap_or_default();
            if let Some(flow) = details.as_object_mut().and_then(|details| details.remove("flow_id")) {
                assert_eq!(flow.as_str().unwrap().len(), 36);
                details["flow"] = true.into();
            }
            assert!(record.actor_user_id.is_none() || record.actor_user_id == Some(user.id));
            json!([
                record.kind,
                record.error.is_some(),
                record.actor_user_id.is_some(),
                record.actor_email,
                details
            ])
        })
        .collect();
    rows.sort_by_key(Value::to_string);
    rows
}

each_engine! {
    async fn d19_what_is_recorded(app: AppBuilder) {
        let app = app.config(NAMES).config(super::UNLIMITED).config("privacy: { show_account_existence_hints: true }").start().await;
        let ada = app.user("ada@example.com").username("ada_lovelace").password("correct horse").create().await;
        let failed = |method: &str| json!(["login_failure", true, true, null, { "login_method": method, "flow": true }]);
        let done = |method: &str| json!(["login_success", false, true, null, { "login_method": method, "flow": true }]);
        let unknown = json!(["login_failure", true, false, null, { "flow": true }]);
        let verified = json!(["email_verified", false, true, null, { "email": "a*****@example.com", "flow": true }]);
        let changed = json!(["password_changed", false, true, null, { "context": "recovery", "flow": true }]);
        let told = json!(["security_notification_sent", false, true, "a*****@example.com", {
            "template": "password_update", "email_address": "a*****@example.com", "delivered_by_hanko": "true", "flow": true,
        }]);
        let mut seen = 0;
        for step in ["unknown name", "unknown address", "invalid", "wrong password", "password", "wrong code", "code", "recovery"] {
            let expected = match step {
                "unknown name" | "unknown address" => vec![unknown.clone()],
                "invalid" => vec![],
                "wrong password" => vec![failed("password")],
                "password" => vec![done("password")],
                "wrong code" => vec![failed("passcode"); 5],
                "code" => vec![done("passcode")],
                _ => vec![verified.clone(), done("password"), changed.clone(), told.clone()],
            };
            match step {
                "unknown name" => drop(identified(&app, "nobody").await),
                "unknown address" => drop(identified(&app, "nobody@example.com").await),
                "invalid" => drop(identified(&app, "").await),
                "wrong password" => {
                    let mut flow = at_password(&app, "ada_lovelace").await;
                    flow.act("password_login", json!({ "password": "" })).await;
                    flow.act("password_login", json!({ "password": "wrong horse" })).await;
                }
                "password" => drop(with_password(&app, &ada).await),
                "wrong code" => {
                    let mut flow = at_passcode(&app, "ada@example.com").await;
                    let code = app.code("ada@example.com").await;
                    for _ in 0..4 {
                        verify(&mut flow, &other(&code)).await;
                    }
                    flow.act("resend_passcode", json!({})).await;
                    app.clock.advance(std::time::Duration::from_mins(6));
                    verify(&mut flow, &other(&code)).await;
                }
                "code" => drop(with_passcode(&app, "ada@example.com").await),
                _ => {
                    let mut flow = at_recovery_code(&app, "ada@example.com").await;
                    verify(&mut flow, &app.code("ada@example.com").await).await;
                    flow.act("password_recovery", json!({ "new_password": "new horse battery" })).await;
                }
            }
            let mut expected = expected;
            expected.sort_by_key(Value::to_string);
            let rows = records(&app, &ada, seen).await;
            assert_eq!(rows, expected, "{step}");
            seen += rows.len();
            app.clock.advance(std::time::Duration::from_mins(2));
        }
    }

    async fn onboarding_is_recorded(app: AppBuilder) {
        let app = app.config("username: { enabled: true }").config("audit_log: { mask: false }").start().await;
        let ada = app.user("ada@example.com").create().await;
        let mut flow = with_passcode(&app, "ada@example.com").await;
        flow.act("username_set", json!({ "username": "ada_lovelace" })).await;
        let rows = records(&app, &ada, 0).await;
        assert_eq!(rows, [
            json!(["login_success", false, true, null, { "login_method": "passcode", "flow": true }]),
            json!(["username_changed", false, true, null, { "username": "ada_lovelace", "flow": true }]),
        ]);
    }

    /// A wrong code for a new address is no attempt to sign in.
    async fn l31_codes_of_a_new_address(app: AppBuilder) {
        let app = app.config("username: { enabled: true }").config("audit_log: { mask: false }").start().await;
        let ada = app.user("").username("ada").password("correct horse").create().await;
        let mut flow = with_password(&app, &ada).await;
        flow.act("email_address_set", json!({ "email": "ada@example.com" })).await;
        verify(&mut flow, "x00000").await;
        verify(&mut flow, &app.code("ada@example.com").await).await;
        let rows = records(&app, &ada, 0).await;
        let address = json!({ "email": "ada@example.com", "flow": true });
        assert_eq!(rows, [
            json!(["email_created", false, true, null, address]),
            json!(["email_verified", false, true, null, address]),
            json!(["login_success", false, true, null, { "login_method": "password", "flow": true }]),
        ]);
    }

    async fn masking(app: AppBuilder) {
        for (mask, address, name) in [(true, "ada***@example.com", "a**********e"), (false, "ada.lo@example.com", "ada_lovelace")] {
            let app = app.clone().config(&format!("audit_log: {{ mask: {mask} }}")).config("username: { enabled: true }").start().await;
            let address = if mask { "a*****@example.com" } else { address };
            app.user("ada.lo@example.com").create().await;
            let mut flow = at_recovery_code(&app, "ada.lo@example.com").await;
            verify(&mut flow, &app.code("ada.lo@example.com").await).await;
            flow.act("password_recovery", json!({ "new_password": "new horse battery" })).await;
            flow.act("username_set", json!({ "username": "ada_lovelace" })).await;
            let all = app.audit().await;
            let details = |kind: &str, name: &str| {
                let record = all.iter().find(|record| record.kind == kind).unwrap();
                record.details.as_ref().unwrap()[name].clone()
            };
            assert_eq!(details("email_verified", "email"), address);
            assert_eq!(details("security_notification_sent", "email_address"), address);
            assert_eq!(details("username_changed", "username"), name);
            let sent = all.iter().find(|record| record.kind == "security_notification_sent").unwrap();
            assert_eq!(sent.actor_email.as_deref(), Some(address));
        }
    }

    async fn records_say_who_asked_from_where(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        let mut flow = at_password(&app, "ada@example.com").await;
        let input = json!({ "password": "correct horse" });
        let done = act_with(&app, &mut flow, "password_login", input, ("user-agent", &"b".repeat(4096))).await;
        let record = app.audit().await.remove(0);
        assert_eq!((record.kind.as_str(), record.source_ip.as_str(), record.error), ("login_success", "203.0.113.1", None));
        assert_eq!((record.user_agent.len(), &record.request_id), (255, &done.header("x-request-id")));
        assert_eq!(record.details.unwrap()["flow_id"], flow.id());
        assert_eq!(record.created_at, app.now());
    }

    async fn nothing_is_recorded_where_that_is_off(app: AppBuilder) {
        let app = app.config("audit_log: { storage: { enabled: false } }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        app.token(&ada).await;
        assert!(app.audit().await.is_empty());
    }
}
