//! The connection to the database breaks at each commit of each flow, before or after the server heard of it. The client
//! repeats its request, as it must when it gets no answer (score item 100).

use http::Method;
use inkan_test_support::Cut;
use serde_json::{Value, json};

use super::{UNLIMITED, connect, number, on_postgres};
use crate::support::{Doc, Flow, TestApp};

/// Action and input; `code` and `email` are filled in.
type Step = (&'static str, fn(&str, &str) -> Value);

const REGISTRATION: &[Step] = &[
    ("register_login_identifier", |email, _| json!({ "email": email })),
    ("verify_passcode", |_, code| json!({ "code": code })),
    ("register_password", |_, _| json!({ "new_password": "correct horse" })),
];

const PASSWORD: &[Step] = &[
    ("continue_with_login_identifier", |email, _| json!({ "email": email })),
    ("continue_to_password_login", |_, _| json!({})),
    ("password_login", |_, _| json!({ "password": "correct horse" })),
];

const PASSCODE: &[Step] = &[
    ("continue_with_login_identifier", |email, _| json!({ "email": email })),
    ("continue_to_passcode_confirmation", |_, _| json!({})),
    ("verify_passcode", |_, code| json!({ "code": code })),
];

const RECOVERY: &[Step] = &[
    ("continue_with_login_identifier", |email, _| json!({ "email": email })),
    ("continue_to_password_login", |_, _| json!({})),
    ("continue_to_passcode_confirmation_recovery", |_, _| json!({})),
    ("verify_passcode", |_, code| json!({ "code": code })),
    ("password_recovery", |_, _| json!({ "new_password": "new horse battery" })),
];

/// A step of a flow; the client repeats it while it is told to come again.
async fn insist(flow: &mut Flow<'_>, action: &str, input: &Value) -> (Doc, usize) {
    for refused in 0..5 {
        let doc = flow.act(action, input.clone()).await;
        if doc.reply.status != 503 {
            return (doc, refused);
        }
        assert!(!doc.reply.header("retry-after").is_empty(), "{action}");
    }
    panic!("{action} is never answered");
}

/// Runs the flow with a cut in one step; `false` if the step has no such commit.
async fn walk(app: &TestApp, kind: &str, steps: &[Step], cut: (usize, usize, Cut), email: &str) -> bool {
    let (at, after, side) = cut;
    let mut flow = if kind == "registration" { app.registration().await } else { app.login().await };
    let mut found = true;
    let mut last = flow.doc.clone();
    for (index, (action, input)) in steps.iter().enumerate() {
        let code = if *action == "verify_passcode" { app.code(email).await } else { String::new() };
        if index == at {
            app.proxy().cut(side, after);
        }
        let (doc, refused) = insist(&mut flow, action, &input(email, &code)).await;
        if index == at {
            found = app.proxy().was_cut();
            assert!(refused <= 1, "{action}: {refused} refusals");
        }
        assert_eq!(doc.reply.status, 200, "{kind} {action} {cut:?}: {}", doc.outline());
        last = doc;
    }
    assert_eq!(last.name(), "success", "{kind} {cut:?}");
    let token = last.token().unwrap_or_else(|| panic!("{kind} {cut:?}: no token"));
    assert_eq!(app.get("/me").bearer(&token).await.status, 200, "{kind} {cut:?}");
    found
}

/// Each commit of each step, cut on both sides. Everything happens once.
async fn every_commit(app: &TestApp, kind: &str, steps: &[Step]) -> usize {
    let database = connect(&app.database_url()).await;
    let mut cuts = 0;
    for at in 0..steps.len() {
        for after in 0.. {
            let mut found = false;
            for side in [Cut::BeforeCommit, Cut::AfterCommit] {
                let email = format!("{kind}{at}-{after}-{}@example.com", side == Cut::BeforeCommit);
                if kind != "registration" {
                    app.user(&email).password("correct horse").create().await;
                }
                found |= walk(app, kind, steps, (at, after, side), &email).await;
                let of_user =
                    format!("FROM emails e JOIN users u ON u.id = e.user_id WHERE e.address = '{email}'");
                let case = format!("{kind}, step {at}, commit {after}, {side:?}");
                assert_eq!(number(&database, &format!("SELECT count(*) {of_user}")).await, 1, "{case}");
                for (table, expected) in [("sessions", 1), ("passwords", 1)] {
                    let sql = format!("SELECT count(*) FROM {table} WHERE user_id = (SELECT u.id {of_user})");
                    assert_eq!(number(&database, &sql).await, expected, "{case}: {table}");
                }
            }
            if !found {
                break;
            }
            cuts += 1;
        }
    }
    let orphans = number(
        &database,
        "SELECT count(*) FROM users u WHERE NOT EXISTS (SELECT FROM emails e WHERE e.user_id = u.id)",
    );
    assert_eq!(orphans.await, 0);
    cuts
}

on_postgres! {
    async fn s100_registration(app: AppBuilder) {
        let app = app.config(UNLIMITED).proxied().start().await;
        app.expect_errors();
        assert!(every_commit(&app, "registration", REGISTRATION).await >= 3);
    }

    async fn s100_login(app: AppBuilder) {
        let app = app.config(UNLIMITED).proxied().start().await;
        app.expect_errors();
        assert!(every_commit(&app, "password", PASSWORD).await >= 3);
        assert!(every_commit(&app, "passcode", PASSCODE).await >= 3);
        assert!(every_commit(&app, "recovery", RECOVERY).await >= 5);
    }

    async fn s100_logout(app: AppBuilder) {
        let app = app.config(UNLIMITED).proxied().start().await;
        app.expect_errors();
        let user = app.user("ada@example.com").password("correct horse").create().await;
        for side in [Cut::BeforeCommit, Cut::AfterCommit] {
            let token = app.token(&user).await;
            app.proxy().cut(side, 0);
            let refused = app.call(Method::POST, "/logout").bearer(&token).await;
            assert!(app.proxy().was_cut());
            assert_eq!(refused.status, 503, "{side:?}: {}", refused.text());
            let again = app.call(Method::POST, "/logout").bearer(&token).await;
            assert!(again.status == 204 || again.status == 401, "{side:?}: {}", again.status);
            assert_eq!(app.get("/me").bearer(&token).await.status, 401, "{side:?}");
        }
    }
}
