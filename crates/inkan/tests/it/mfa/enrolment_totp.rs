//! `mfa_method_chooser` and `mfa_otp_secret_creation` (spec 02 §5.11, §5.12; spec 03 §8.1, §8.2).

use futures_util::future::join_all;
use inkan_auth::limits::CODES_PER_CLIENT;
use serde_json::{Value, json};

use super::{
    ACQUIRE, NO_PASSKEYS, PASSWORD, Plain as _, REQUIRED, STEP, WRONG_SET_UP, after_mail, after_password,
    audit_of, enter, methods, registered, sign_in, totp::has_app, wrong,
};
use crate::support::{Doc, Flow, secret_of};

const MISSING: &str = "400 mfa_otp_secret_creation form_data_invalid_error otp_code=value_missing_error";

async fn verify(flow: &mut Flow<'_>, code: impl Into<Value>) -> Doc {
    flow.act("otp_code_verify", json!({ "otp_code": code.into() })).await
}

/// Goes on to the secret, and gives it to the app of nobody in particular.
async fn set_up(flow: &mut Flow<'_>) -> inkan_crypto::TotpSecret {
    assert_eq!(
        flow.act("continue_to_otp_secret_creation", json!({})).await.outline(),
        "200 mfa_otp_secret_creation"
    );
    secret_of(&flow.doc.json)
}

/// Secret and image of a document.
fn shown(doc: &Doc) -> (String, String) {
    let payload = &doc.json["payload"];
    assert_eq!(payload.as_object().unwrap().len(), 2, "{payload}");
    let image = payload["otp_image_source"].as_str().unwrap();
    assert!(image.starts_with("data:image/png;base64,iVBOR"), "{image}");
    (payload["otp_secret"].as_str().unwrap().to_owned(), image.to_owned())
}

each_engine! {
    /// Registration, optional and required: nothing is stored before the end, everything after it.
    async fn an_app_at_registration(app: AppBuilder) {
        for (config, actions) in [
            ("", vec!["continue_to_otp_secret_creation", "skip"]),
            (REQUIRED, vec!["continue_to_otp_secret_creation"]),
        ] {
            let app = app.clone().plain().config(ACQUIRE);
            let app = if config.is_empty() { app } else { app.config(config) }.start().await;
            let mut flow = registered(&app, "ada@example.com", false).await;
            assert_eq!((flow.doc.outline().as_str(), flow.doc.actions()), ("200 mfa_method_chooser", actions));
            let secret = set_up(&mut flow).await;
            assert_eq!(flow.doc.actions(), ["back", "otp_code_verify"]);
            let done = verify(&mut flow, secret.password_at(app.now())).await;
            assert_eq!(done.outline(), "200 success");
            assert_eq!(done.json["payload"]["claims"]["amr"], json!(["otp", "pwd", "totp"]));
            assert!(done.json["payload"]["last_login"].is_null());
            assert!(done.json["payload"]["user"]["mfa_config"]["auth_app_set_up"].as_bool().unwrap());
            assert_eq!(app.mails("ada@example.com").await.len(), 1, "only the code: the account is new");
            let created = app.audit().await;
            let created: Vec<_> = created.iter().filter(|record| record.kind == "user_created").collect();
            assert!(created[0].details.as_ref().unwrap()["otp_secret"].as_str().is_some_and(|id| id.len() == 36));
        }
    }

    /// Skipping at registration, and what comes of it later.
    async fn an_app_can_be_left_for_later(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        let mut flow = registered(&app, "ada@example.com", false).await;
        let done = flow.act("skip", json!({})).await;
        assert_eq!(done.outline(), "200 success");
        assert_eq!(done.json["payload"]["claims"]["amr"], json!(["otp", "pwd"]));
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("password_login", json!({ "password": PASSWORD })).await;
        assert_eq!(flow.doc.outline(), "200 mfa_method_chooser", "asked again at the next sign-in");
        assert_eq!(flow.act("skip", json!({})).await.outline(), "200 success");
    }

    /// At sign-in: stored at once, told to the owner, recorded; not counted as used.
    async fn r11_an_app_at_login(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        for (number, by_mail) in [false, true].into_iter().enumerate() {
            let address = format!("ada{number}@example.com");
            let mut ada = app.user(&address).password(PASSWORD).create().await;
            let mut flow = if by_mail { after_mail(&app, &ada).await } else { after_password(&app, &ada).await };
            assert_eq!(flow.doc.outline(), "200 mfa_method_chooser");
            ada.totp = Some(set_up(&mut flow).await);
            let before = app.mails(&address).await.len();
            let done = verify(&mut flow, ada.totp_code(app.now())).await;
            assert_eq!(done.outline(), "200 success");
            assert_eq!(methods(&done), (json!([if by_mail { "otp" } else { "pwd" }]), Value::Null));
            let mails = app.mails(&address).await;
            assert_eq!(mails.len(), before + 1);
            let (error, details) = audit_of(&app, ada.id, "otp_created").await.pop().unwrap();
            assert!(error.is_none() && details["otp_secret"].as_str().is_some_and(|id| id.len() == 36), "{details}");
            let (_, details) = audit_of(&app, ada.id, "security_notification_sent").await.pop().unwrap();
            assert_eq!(details["template"], "mfa_create");
            assert_eq!(methods(&sign_in(&app, &ada).await).1, "totp", "asked for from now on");
        }
    }

    async fn the_mail_about_a_second_factor_can_be_switched_off(app: AppBuilder) {
        let config = "security_notifications: { notifications: { mfa_create: { enabled: false } } }";
        let app = app.plain().config(ACQUIRE).config(config).start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).create().await;
        let mut flow = after_password(&app, &ada).await;
        let secret = set_up(&mut flow).await;
        assert_eq!(verify(&mut flow, secret.password_at(app.now())).await.outline(), "200 success");
        assert!(app.mails("ada@example.com").await.is_empty());
    }

    /// Client row 28; r24: what was scanned stays right.
    async fn c28_r24_secret_and_image_in_every_document(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).config("service: { name: Fish & Chips }").start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).create().await;
        for (mut flow, first) in [
            (after_password(&app, &ada).await, "continue_to_otp_secret_creation"),
            (registered(&app, "bob@example.com", true).await, "continue_to_otp_secret_creation"),
        ] {
            flow.act(first, json!({})).await;
            let at_first = shown(&flow.doc);
            let secret = secret_of(&flow.doc.json);
            for code in ["", "000000", "12345"] {
                assert_eq!(shown(&verify(&mut flow, code).await), at_first, "after {code:?}");
            }
            assert_eq!(flow.act("back", json!({})).await.outline(), "200 mfa_method_chooser");
            assert_eq!(flow.doc.json["payload"], json!({}));
            flow.act(first, json!({})).await;
            assert_eq!(shown(&flow.doc), at_first, "after back");
            assert_eq!(verify(&mut flow, secret.password_at(app.now())).await.outline(), "200 success");
        }
        let mut flow = registered(&app, "eve@example.com", true).await;
        assert_ne!(shown(&flow.act("continue_to_otp_secret_creation", json!({})).await).0, "", "of its own");
    }

    /// Conformance check 13 and l26: what is no code, what is a wrong one.
    async fn l26_r14_what_does_not_prove_the_app(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).create().await;
        let mut flow = after_password(&app, &ada).await;
        let secret = set_up(&mut flow).await;
        let right = secret.password_at(app.now());
        let off = (secret.password_at(app.now() - 2 * STEP), secret.password_at(app.now() + 2 * STEP));
        for (value, outline) in [
            (Value::Null, MISSING),
            (json!(""), MISSING),
            (json!({}), MISSING),
            (json!(7), MISSING),
            (json!(right[1..]), WRONG_SET_UP),
            (json!(format!("{right}1")), WRONG_SET_UP),
            (json!("abcdef"), WRONG_SET_UP),
            (json!(off.0), WRONG_SET_UP),
            (json!(off.1), WRONG_SET_UP),
        ] {
            let doc = verify(&mut flow, value.clone()).await;
            assert_eq!((doc.outline().as_str(), doc.actions()), (outline, vec!["back", "otp_code_verify"]), "{value}");
            assert!(doc.token().is_none() && !has_app(&app, ada.id).await, "{value}");
        }
        let failures = audit_of(&app, ada.id, "mfa_enrolment_failed").await;
        assert_eq!(failures.len(), 5, "{failures:?}");
        assert_eq!(failures[0], (Some("wrong code".to_owned()), json!({ "mfa_method": "totp" })));
        assert_eq!(verify(&mut flow, format!(" {right} ")).await.outline(), "200 success");
    }

    async fn s020_one_step_of_drift_proves_the_app(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        for step in [0_u32, 1, 2] {
            let ada = app.user(&format!("ada{step}@example.com")).password(PASSWORD).create().await;
            let mut flow = after_password(&app, &ada).await;
            let secret = set_up(&mut flow).await;
            let code = secret.password_at(app.now() - STEP + step * STEP);
            assert_eq!(verify(&mut flow, code).await.outline(), "200 success", "step {step} of 0 to 2");
        }
    }

    /// Guesses at a set-up are limited per client (spec 05, weakness 23; spec 02, l16).
    async fn v05_23_l16_setting_up_is_limited(app: AppBuilder) {
        let app = app.config(NO_PASSKEYS).config(ACQUIRE).start().await;
        let mut ada = app.user("ada@example.com").password(PASSWORD).create().await;
        let mut flow = after_password(&app, &ada).await;
        let secret = set_up(&mut flow).await;
        let first = shown(&flow.doc);
        ada.totp = Some(secret.clone());
        for _ in 0..CODES_PER_CLIENT {
            assert_eq!(verify(&mut flow, wrong(&ada, app.now())).await.outline(), WRONG_SET_UP);
        }
        let doc = verify(&mut flow, secret.password_at(app.now())).await;
        assert_eq!(doc.outline(), "429 mfa_otp_secret_creation rate_limit_exceeded", "the right one, too");
        let payload = &doc.json["payload"];
        assert_eq!((&payload["retry_after"], &payload["resend_after"]), (&json!(60), &json!(60)));
        assert_eq!(doc.header("retry-after"), "60");
        assert_eq!(payload["otp_secret"], first.0, "c28: here, too");
        app.clock.advance(2 * STEP);
        assert_eq!(verify(&mut flow, secret.password_at(app.now())).await.outline(), "200 success");
    }

    /// The code of another secret: of another flow of the same user, of another user.
    async fn s021_the_code_of_another_secret(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).create().await;
        let bob = app.user("bob@example.com").password(PASSWORD).totp().create().await;
        let (mut one, mut other) = (after_password(&app, &ada).await, after_password(&app, &ada).await);
        let (secret, foreign) = (set_up(&mut one).await, set_up(&mut other).await);
        assert_ne!(secret, foreign);
        for code in [foreign.password_at(app.now()), bob.totp_code(app.now())] {
            assert_eq!(verify(&mut one, code).await.outline(), WRONG_SET_UP);
        }
        assert!(!has_app(&app, ada.id).await);
    }

    /// An app that is there is not replaced: not offered, not accepted.
    async fn s021_an_app_is_not_replaced(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).totp().create().await;
        let mut flow = after_password(&app, &ada).await;
        assert_eq!(flow.doc.outline(), "200 login_otp");
        for action in ["continue_to_otp_secret_creation", "otp_code_verify", "skip", "back"] {
            let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "otp_code": "000000" } });
            assert_eq!(flow.send(action, &body).await.status, 403, "{action}");
        }
        assert_eq!(enter(&mut flow, ada.totp_code(app.now())).await.outline(), "200 device_trust");
    }

    async fn s021_two_set_ups_at_once_leave_one_app(app: AppBuilder) {
        let app = app.plain().config(ACQUIRE).start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).create().await;
        let (mut one, mut other) = (after_password(&app, &ada).await, after_password(&app, &ada).await);
        let codes = (set_up(&mut one).await.password_at(app.now()), set_up(&mut other).await.password_at(app.now()));
        let docs = join_all([verify(&mut one, codes.0), verify(&mut other, codes.1)]).await;
        let mut outlines: Vec<_> = docs.iter().map(Doc::outline).collect();
        outlines.sort();
        assert_eq!(outlines, ["200 login_otp", "200 success"], "the other one is asked for the app that is there");
        assert_eq!(audit_of(&app, ada.id, "otp_created").await.len(), 1);
    }

    /// The label of the app: the address, else the user name.
    async fn an_account_without_an_address_can_have_an_app(app: AppBuilder) {
        let config = "{ email: { enabled: false }, username: { enabled: true, optional: false } }";
        let app = app.plain().config(ACQUIRE).config(config).start().await;
        let mut flow = app.registration().await;
        flow.act("register_login_identifier", json!({ "username": "ada" })).await;
        flow.act("register_password", json!({ "new_password": PASSWORD })).await;
        let secret = set_up(&mut flow).await;
        assert_eq!(verify(&mut flow, secret.password_at(app.now())).await.outline(), "200 success");
    }
}
