//! Sessions over HTTP (spec 05 §1–§7): how they begin, live and end, what their tokens say, and the keys behind them.

mod begin;
mod claims;
mod cookies;
mod end;
mod idle;
mod keys;
mod secrets;
mod tokens;
mod weaknesses;

use std::time::Duration;

use inkan_base::TenantId;
use inkan_store::{Session, StoreError};
use serde_json::{Value, json};

use crate::support::{Call, Doc, TestApp, TestUser};

/// Whether the session of a token is alive. Does not count as use.
pub(crate) async fn is_alive(app: &TestApp, token: &str) -> bool {
    let reply = app.get("/sessions/validate").bearer(token).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["is_valid"].as_bool().unwrap()
}

/// Waits until another server has noticed that a session ended; for 5 s at the most.
pub(crate) async fn assert_dies(app: &TestApp, token: &str) {
    let started = tokio::time::Instant::now();
    while is_alive(app, token).await {
        assert!(started.elapsed() < Duration::from_secs(5), "the session is still alive");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The rows of an account's sessions that have not expired, the newest first.
pub(crate) async fn rows(app: &TestApp, user: &TestUser) -> Vec<Session> {
    let (store, now) = (&app.domain().store, app.now());
    let rows: Result<_, StoreError> =
        store.read(TenantId::DEFAULT, async |tx| tx.sessions().list_active(user.id, now).await).await;
    rows.unwrap()
}

/// The last request of a password sign-in, not yet sent.
pub(crate) async fn last_step(app: &TestApp, user: &TestUser) -> Call {
    let mut flow = app.login().await;
    flow.act("continue_with_login_identifier", json!({ "email": user.email })).await;
    flow.act("continue_to_password_login", json!({})).await;
    let body = json!({ "input_data": { "password": user.password }, "csrf_token": flow.doc.csrf() });
    app.post(&flow.href("password_login")).json(&body)
}

/// Signs in, with the last request changed.
pub(crate) async fn sign_in_with(app: &TestApp, user: &TestUser, change: impl FnOnce(Call) -> Call) -> Doc {
    let doc = Doc::new(change(last_step(app, user).await).await);
    assert_eq!(doc.outline(), "200 success");
    doc
}

/// A part of a token, decoded: 0 is the header, 1 the claims.
pub(crate) fn part_text(token: &str, part: usize) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let part = token.split('.').nth(part).unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The claims of a token.
pub(crate) fn claims_of(token: &str) -> Value {
    serde_json::from_str(&part_text(token, 1)).unwrap()
}
