//! Attacks and faults over HTTP (spec 14): each module is one kind of attacker or trouble.

mod accounts;
mod clock;
mod codes;
mod confusion;
mod mail;
mod passwords;
mod replay;
mod weaknesses;

use serde_json::json;

use crate::support::{Doc, TestApp};

/// What a sign-in with a password from this client address comes to.
pub(crate) async fn password_login(app: &TestApp, ip: &str, email: &str, password: &str) -> Doc {
    let mut flow = app.login().ip(ip).await;
    let doc = flow.act("continue_with_login_identifier", json!({ "email": email })).await;
    if doc.name() != "login_method_chooser" {
        return doc;
    }
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({ "password": password })).await
}
