//! `login_otp` (spec 02 §5.10 and §11).

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    ACQUIRE, PASSWORD, Plain as _, STEP, WRONG_CODE, after_mail, after_password, audit_of, enter, methods,
    remove_totp, sign_in, wrong,
};
use crate::support::{Doc, TestApp, secret_of};

const MISSING: &str = "400 login_otp form_data_invalid_error otp_code=value_missing_error";

each_engine! {
    async fn an_app_is_asked_for_after_password_and_after_mail(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        for (flow, amr) in [(after_password(&app, &ada).await, "pwd"), (after_mail(&app, &ada).await, "otp")] {
            let mut flow = flow;
            assert_eq!(flow.doc.outline(), "200 login_otp");
            assert_eq!(flow.doc.actions(), ["otp_code_validate"]);
            let input = json!({ "otp_code": {
                "name": "otp_code", "type": "string", "required": true, "min_length": 6, "max_length": 6,
            } });
            assert_eq!(flow.doc.json["actions"]["otp_code_validate"]["inputs"], input);
            app.clock.advance(STEP);
            assert_eq!(enter(&mut flow, ada.totp_code(app.now())).await.outline(), "200 device_trust");
            assert_eq!(flow.doc.actions(), ["skip", "trust_device"], "no way back over the code");
            let done = flow.act("skip", json!({})).await;
            assert_eq!(done.outline(), "200 success");
            assert_eq!(methods(&done), (json!([amr, "totp"]), json!("totp")));
            assert!(done.json["payload"]["user"]["mfa_config"]["auth_app_set_up"].as_bool().unwrap());
        }
    }

    /// Conformance check 13: lengths, digits, types.
    async fn l26_r14_what_is_no_code(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let mut flow = after_password(&app, &ada).await;
        let right = ada.totp_code(app.now());
        for (value, outline) in [
            (Value::Null, MISSING),
            (json!(""), MISSING),
            (json!([right]), MISSING),
            (json!({ "code": right }), MISSING),
            (json!(true), MISSING),
            (json!(1), MISSING),
            (json!(-12345), MISSING),
            (json!("1"), WRONG_CODE),
            (json!(right[..5]), WRONG_CODE),
            (json!(format!("{right}0")), WRONG_CODE),
            (json!("abcdef"), WRONG_CODE),
            (json!("１２３４５６"), WRONG_CODE),
            (json!("9".repeat(10_000)), WRONG_CODE),
            (json!(wrong(&ada, app.now())), WRONG_CODE),
        ] {
            let doc = enter(&mut flow, value.clone()).await;
            assert_eq!(doc.outline(), outline, "{value}");
            assert_eq!(doc.json["payload"], json!({}), "{value}");
            assert_eq!(doc.actions(), ["otp_code_validate"], "{value}");
            assert!(doc.token().is_none(), "{value}");
        }
        assert_eq!(enter(&mut flow, format!(" {} {}\n", &right[..3], &right[3..])).await.outline(), "200 device_trust");
    }

    /// One step of drift at the most, in both directions.
    async fn s020_drift(app: AppBuilder) {
        let app = app.plain().start().await;
        let now = app.now();
        for (number, (step, accepted)) in
            [(0_u32, false), (1, true), (2, true), (3, true), (4, false)].into_iter().enumerate()
        {
            let ada = app.user(&format!("ada{number}@example.com")).password(PASSWORD).totp().create().await;
            let code = ada.totp_code(now - 2 * STEP + step * STEP);
            let mut flow = after_password(&app, &ada).await;
            let outline = if accepted { "200 device_trust" } else { WRONG_CODE };
            assert_eq!(enter(&mut flow, code).await.outline(), outline, "step {step} of 0 to 4");
        }
    }

    /// A code is good once, whatever the flow, and none of an earlier step comes after one of a later step.
    async fn s019_a_code_is_good_once(app: AppBuilder) {
        let app = app.plain().start().await;
        for (number, (first, second, accepted)) in
            [(0, 0, false), (0, -1, false), (1, 0, false), (1, 1, false), (-1, 0, true), (-1, 1, true), (0, 1, true)]
                .into_iter().enumerate()
        {
            let row = format!("{first} then {second}");
            let ada = app.user(&format!("ada{number}@example.com")).password(PASSWORD).totp().create().await;
            let at = |step: i32| app.now() - STEP + STEP * u32::try_from(step + 1).unwrap();
            let mut flow = after_password(&app, &ada).await;
            assert_eq!(enter(&mut flow, ada.totp_code(at(first))).await.outline(), "200 device_trust", "{row}");
            flow.act("skip", json!({})).await;
            let mut flow = after_password(&app, &ada).await;
            let doc = enter(&mut flow, ada.totp_code(at(second))).await;
            assert_eq!(doc.outline(), if accepted { "200 device_trust" } else { WRONG_CODE }, "{row}");
            if !accepted {
                let error = &doc.json["actions"]["otp_code_validate"]["inputs"]["otp_code"]["error"];
                assert!(error["message"].as_str().unwrap().contains("used"), "told apart: {error}");
                let failure = (Some("code used before".to_owned()), json!({ "mfa_method": "totp" }));
                assert_eq!(audit_of(&app, ada.id, "login_failure").await, [failure], "{row}");
            }
        }
    }

    async fn s019_parallel_uses_of_one_code(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let mut flows = Vec::new();
        for _ in 0..8 {
            flows.push(after_password(&app, &ada).await);
        }
        let code = ada.totp_code(app.now());
        let docs = join_all(flows.iter_mut().map(|flow| enter(flow, code.clone()))).await;
        let outlines: Vec<_> = docs.iter().map(Doc::outline).collect();
        assert_eq!(outlines.iter().filter(|outline| *outline == "200 device_trust").count(), 1, "{outlines:?}");
        assert_eq!(outlines.iter().filter(|outline| *outline == WRONG_CODE).count(), 7, "{outlines:?}");
    }

    /// The code that proved the app at set-up is no code for a sign-in.
    async fn s019_the_code_of_the_set_up(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        let mut ada = app.user("ada@example.com").password(PASSWORD).create().await;
        let mut flow = after_password(&app, &ada).await;
        flow.act("continue_to_otp_secret_creation", json!({})).await;
        ada.totp = Some(secret_of(&flow.doc.json));
        let code = ada.totp_code(app.now());
        assert_eq!(flow.act("otp_code_verify", json!({ "otp_code": code })).await.outline(), "200 success");
        let mut flow = after_password(&app, &ada).await;
        assert_eq!(enter(&mut flow, code).await.outline(), WRONG_CODE);
        assert_eq!(enter(&mut flow, ada.totp_code(app.now() + STEP)).await.outline(), "200 device_trust");
    }

    async fn an_app_that_was_removed_meanwhile_proves_nothing(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let mut flow = after_password(&app, &ada).await;
        remove_totp(&app, ada.id).await;
        let doc = enter(&mut flow, ada.totp_code(app.now())).await;
        assert!(doc.status == 403 && doc.token().is_none(), "{}", doc.json);
        assert_eq!(app.sign_in(&ada).await.outline(), "200 success");
    }

    async fn a_code_of_the_app_before_is_worth_nothing(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let mut flow = after_password(&app, &ada).await;
        let old = ada.totp_code(app.now());
        remove_totp(&app, ada.id).await;
        ada.totp = Some(app.add_totp(ada.id).await);
        assert_eq!(enter(&mut flow, old).await.outline(), WRONG_CODE);
        assert_eq!(enter(&mut flow, ada.totp_code(app.now())).await.outline(), "200 device_trust");
    }

    async fn s109_a_clock_that_jumps(app: AppBuilder) {
        let app = app.plain().start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        sign_in(&app, &ada).await;
        let (used, then) = (ada.totp_code(app.now()), app.now());
        for back in [Duration::from_secs(30), Duration::from_hours(1), Duration::from_hours(24)] {
            app.clock.set(then - back);
            let mut flow = after_password(&app, &ada).await;
            assert_eq!(enter(&mut flow, used.clone()).await.status, 400, "{back:?} back: a used code");
            let now = ada.totp_code(app.now());
            assert_eq!(enter(&mut flow, now).await.status, 400, "{back:?} back: a code before it");
        }
        app.clock.set(then + Duration::from_hours(24));
        sign_in(&app, &ada).await;
    }
}

/// Whether the account has an app.
pub(super) async fn has_app(app: &TestApp, user: inkan_base::UserId) -> bool {
    let store = &app.domain().store;
    let found: Result<_, inkan_store::StoreError> =
        store.read(inkan_base::TenantId::DEFAULT, async |tx| tx.otp_secrets().find(user).await).await;
    found.unwrap().is_some()
}
