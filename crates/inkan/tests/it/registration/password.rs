//! Passwords at sign-up and recovery (spec 03, section 6.4; score items 28 to 30).

use serde_json::json;

use super::{PASSWORD, client};
use crate::support::{Doc, Flow, TestApp};

/// The list that the server refuses, the commonest first.
const COMMON: &str = include_str!("../../../../crypto/data/common-passwords.txt");

/// A sample of the `top` commonest ones that are long enough to be refused for that reason only.
fn common(top: usize, step: usize) -> impl Iterator<Item = &'static str> {
    COMMON.lines().take(top).filter(|password| password.chars().count() >= 8).step_by(step)
}

/// The document of a password sign-in from a client of its own.
async fn sign_in(app: &TestApp, number: usize, address: &str, password: &str) -> Doc {
    let mut flow = app.login().ip(&client(1000 + number)).await;
    flow.act("continue_with_login_identifier", json!({ "email": address })).await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({ "password": password })).await
}

/// A login that has proven its address to replace a forgotten password.
async fn recovering<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
    let mut flow = app.login().await;
    flow.act("continue_with_login_identifier", json!({ "email": address })).await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
    let code = app.code(address).await;
    let doc = flow.act("verify_passcode", json!({ "code": code })).await;
    assert_eq!(doc.outline(), "200 login_password_recovery");
    flow
}

each_engine! {
    async fn s030_common_passwords_are_refused_at_sign_up(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.proven(0, json!({ "email": "ada@example.com" })).await;
        let mut tried = 0;
        for password in common(3000, 4) {
            tried += 1;
            let shown = [password.to_owned(), password.to_uppercase()];
            let doc = flow.act("register_password", json!({ "new_password": shown[tried % 2] })).await;
            assert_eq!(
                doc.outline(),
                "400 password_creation form_data_invalid_error new_password=value_invalid_error",
                "{password}"
            );
            let error = &super::inputs_of(&doc, "register_password")["new_password"]["error"];
            assert!(error["cause"].is_string(), "says why: {error}");
        }
        assert!(tried > 50, "{tried}");
        assert_eq!(
            flow.act("register_password", json!({ "new_password": PASSWORD })).await.name(),
            "success"
        );
    }

    async fn s030_common_passwords_are_refused_at_recovery(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password(PASSWORD).create().await;
        let mut flow = recovering(&app, "ada@example.com").await;
        for password in common(3000, 10) {
            let doc = flow.act("password_recovery", json!({ "new_password": password })).await;
            assert_eq!(
                doc.outline(),
                "400 login_password_recovery form_data_invalid_error new_password=value_invalid_error",
                "{password}"
            );
        }
        assert_eq!(
            sign_in(&app, 0, "ada@example.com", PASSWORD).await.name(),
            "success",
            "the old one still holds"
        );
    }

    async fn s030_common_passwords_are_accepted_when_so_configured(app: AppBuilder) {
        let app = app.config("password: { refuse_common: false }").start().await;
        let mut flow = app.proven(0, json!({ "email": "ada@example.com" })).await;
        assert_eq!(
            flow.act("register_password", json!({ "new_password": "password1" })).await.name(),
            "success"
        );
    }

    /// Passwords are taken as they are: each works, its look-alikes do not.
    async fn s029_unicode_passwords_work_and_are_not_changed(app: AppBuilder) {
        let app = app.config("password: { max_length: 300 }").start().await;
        let long = "пароль из многих слов ".repeat(4);
        let rows = [
            ("  spaces around  ", "spaces around"),
            ("tab\tand\nline", "tab and line"),
            ("🔑🦀🔒🗝️👩‍👩‍👧🇺🇳🔑🔑", "🔑🦀🔒🗝👩👩👧🇺🇳🔑🔑"),
            ("nul\u{0}byte!", "nul"),
            ("Crème brûlée", "creme brulee"),
            ("Straße nach Süden", "STRASSE NACH SÜDEN"),
            ("ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
            (&long, &long[..long.len() - 1]),
            ("' OR '1'='1' --", "' OR '1'='1"),
        ];
        for (number, (password, other)) in rows.into_iter().enumerate() {
            let address = format!("u{number}@example.com");
            let mut flow = app.proven(number, json!({ "email": address })).await;
            let done = flow.act("register_password", json!({ "new_password": password })).await;
            assert_eq!(done.outline(), "200 success", "{password}");
            assert_eq!(
                sign_in(&app, number, &address, password).await.outline(),
                "200 success",
                "{password}"
            );
            let refused = sign_in(&app, number, &address, other).await;
            assert_eq!((refused.status, refused.name()), (400, "login_password"), "{other}");
        }
    }

    /// Composed and decomposed letters are the same password or two, but never sometimes one and sometimes the other.
    async fn s029_normal_forms_do_not_change_silently(app: AppBuilder) {
        let app = app.start().await;
        let (composed, decomposed) = ("cr\u{e8}me br\u{fb}l\u{e9}e", "cre\u{300}me bru\u{302}le\u{301}e");
        let mut verdicts = Vec::new();
        for (number, (set, tried)) in [(composed, decomposed), (decomposed, composed)].into_iter().enumerate()
        {
            let address = format!("u{number}@example.com");
            let mut flow = app.proven(number, json!({ "email": address })).await;
            assert_eq!(
                flow.act("register_password", json!({ "new_password": set })).await.outline(),
                "200 success"
            );
            assert_eq!(sign_in(&app, number, &address, set).await.outline(), "200 success");
            verdicts.push(sign_in(&app, number, &address, tried).await.status);
        }
        assert_eq!(verdicts[0], verdicts[1]);
    }

    /// Spec 00, decision 14; spec 03, section 20, item 28: refused, never cut, and the limit can be raised.
    async fn r28_long_passwords_are_refused_or_taken_whole(app: AppBuilder) {
        let phrase = "длинная парольная фраза из слов"; // 31 characters, 58 bytes
        for (max, accepted, refused) in [(72, 72, 73), (1024, 1024, 1025)] {
            let app = app.clone().config(&format!("password: {{ max_length: {max} }}")).start().await;
            let mut flow = app.proven(0, json!({ "email": "ada@example.com" })).await;
            let declared = &super::inputs_of(&flow.doc, "register_password")["new_password"];
            assert_eq!(declared["min_length"], 8);
            let whole = |length: usize| format!("{phrase}{}", "!".repeat(length - phrase.len()));
            let long = flow.act("register_password", json!({ "new_password": whole(refused) })).await;
            assert_eq!(
                long.outline(),
                "400 password_creation form_data_invalid_error new_password=value_too_long_error",
                "{max}"
            );
            let done = flow.act("register_password", json!({ "new_password": whole(accepted) })).await;
            assert_eq!(done.outline(), "200 success", "{max}");
            assert_eq!(sign_in(&app, 0, "ada@example.com", &whole(accepted)).await.outline(), "200 success");
        }
    }

    async fn s028_every_byte_of_a_password_counts(app: AppBuilder) {
        let app = app.config("password: { max_length: 200 }").start().await;
        let password = format!("{}\u{0}{}", "a!".repeat(36), "b".repeat(60));
        let mut flow = app.proven(0, json!({ "email": "ada@example.com" })).await;
        flow.act("register_password", json!({ "new_password": password })).await;
        let mut wrong: Vec<String> =
            [72, 73, 100, 132].iter().map(|cut| password[..*cut].to_owned()).collect();
        wrong.push(format!("{}c", &password[..132]));
        wrong.push(format!("{password}b"));
        for (number, other) in wrong.iter().enumerate() {
            assert_eq!(
                sign_in(&app, number, "ada@example.com", other).await.status,
                400,
                "{} bytes",
                other.len()
            );
        }
        assert_eq!(sign_in(&app, 9, "ada@example.com", &password).await.name(), "success");
    }
}
