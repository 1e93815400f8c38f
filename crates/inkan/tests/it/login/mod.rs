//! `POST /login` (spec 02): one file per state or subject.

mod announced;
mod audit;
mod changes;
mod chooser;
mod documents;
mod existence;
mod identifier;
mod load;
mod mails;
mod onboarding_email;
mod onboarding_username;
mod order;
mod passcode;
mod passcode_binding;
mod passcode_limits;
mod password;
mod password_creation;
mod preflight;
mod recovery;
mod sessions;
mod success;
mod whole;

use http::Method;
use inkan_base::{EmailId, PasswordId, TenantId, UserId};
use inkan_store::{Account, Email, Session, StoreError};
use serde_json::{Value, json};

use crate::support::{Doc, Flow, TestApp, TestUser};

/// For tables with more attempts than one client has in a minute.
const UNLIMITED: &str = "rate_limiter: { enabled: false }";

/// The document of a rejected password.
const WRONG_PASSWORD: &str = "400 login_password form_data_invalid_error password=value_invalid_error";
/// The document of a rejected code.
const WRONG_CODE: &str = "400 passcode_confirmation form_data_invalid_error code=passcode_invalid";
/// The document of a code that was wrong too often.
const EXHAUSTED: &str = "401 passcode_confirmation passcode_max_attempts_reached";

/// Submits an identifier under the name that the input has.
async fn identify(flow: &mut Flow<'_>, identifier: &str) -> Doc {
    let inputs = &flow.doc.json["actions"]["continue_with_login_identifier"]["inputs"];
    let name = inputs.as_object().and_then(|inputs| inputs.keys().next()).expect("an identifier").clone();
    flow.act("continue_with_login_identifier", json!({ name: identifier })).await
}

/// A flow that knows who wants to sign in.
async fn identified<'a>(app: &'a TestApp, identifier: &str) -> Flow<'a> {
    let mut flow = app.login().await;
    identify(&mut flow, identifier).await;
    flow
}

/// A flow in `passcode_confirmation`.
async fn at_passcode<'a>(app: &'a TestApp, identifier: &str) -> Flow<'a> {
    let mut flow = identified(app, identifier).await;
    if flow.doc.name() == "login_method_chooser" {
        flow.act("continue_to_passcode_confirmation", json!({})).await;
    }
    assert_eq!(flow.doc.name(), "passcode_confirmation", "{}", flow.doc.json);
    flow
}

/// A flow in `login_password`.
async fn at_password<'a>(app: &'a TestApp, identifier: &str) -> Flow<'a> {
    let mut flow = identified(app, identifier).await;
    if flow.doc.name() == "login_method_chooser" {
        flow.act("continue_to_password_login", json!({})).await;
    }
    assert_eq!(flow.doc.name(), "login_password", "{}", flow.doc.json);
    flow
}

/// A flow that waits for the code of a recovery.
async fn at_recovery_code<'a>(app: &'a TestApp, identifier: &str) -> Flow<'a> {
    let mut flow = at_password(app, identifier).await;
    flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
    assert_eq!(flow.doc.name(), "passcode_confirmation", "{}", flow.doc.json);
    flow
}

/// Enters a code.
async fn verify(flow: &mut Flow<'_>, code: &str) -> Doc {
    flow.act("verify_passcode", json!({ "code": code })).await
}

/// A flow after the right code.
async fn with_passcode<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
    let mut flow = at_passcode(app, address).await;
    verify(&mut flow, &app.code(address).await).await;
    assert_eq!(flow.doc.status, 200, "{}", flow.doc.json);
    flow
}

/// A flow after the right password.
async fn with_password<'a>(app: &'a TestApp, user: &TestUser) -> Flow<'a> {
    let identifier = user.email.as_ref().or(user.username.as_ref()).unwrap();
    let mut flow = at_password(app, identifier).await;
    flow.act("password_login", json!({ "password": user.password })).await;
    assert_eq!(flow.doc.status, 200, "{}", flow.doc.json);
    flow
}

/// Runs an action with a header.
async fn act_with(
    app: &TestApp,
    flow: &mut Flow<'_>,
    action: &str,
    input: Value,
    header: (&str, &str),
) -> Doc {
    let body = json!({ "input_data": input, "csrf_token": flow.doc.csrf() });
    let call = app.call(Method::POST, &flow.href(action)).header(header.0, header.1).json(&body);
    flow.doc = Doc::new(call.await);
    flow.doc.clone()
}

/// Another code of the same form.
fn other(code: &str) -> String {
    let first = if code.starts_with('2') { '3' } else { '2' };
    format!("{first}{}", &code[1..])
}

/// A document without what differs from one flow to the next, which must have the right form.
fn shape(doc: &Doc) -> Value {
    let mut json = doc.json.clone();
    let token = json["csrf_token"].as_str().unwrap();
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
    json["csrf_token"] = "…".into();
    for (name, action) in json["actions"].as_object_mut().unwrap() {
        let href = action["href"].as_str().unwrap();
        let id = href.strip_prefix(&format!("/login?action={name}%40")).unwrap_or_else(|| panic!("{href}"));
        assert!(id.len() == 36 && id.as_bytes()[14] == b'7', "{href}");
        action["href"] = "…".into();
        assert_eq!(&action["action"], name);
    }
    json
}

/// A document with the members that are the same everywhere left out, for comparisons with the captured ones.
fn bare(doc: &Doc) -> Value {
    let mut json = shape(doc);
    assert_eq!(json["links"], Value::Null);
    json.as_object_mut().unwrap().retain(|name, _| name != "csrf_token" && name != "links");
    for action in json["actions"].as_object_mut().unwrap().values_mut() {
        assert!(!action["description"].as_str().unwrap().is_empty(), "{action}");
        *action = action["inputs"].clone();
        for input in action.as_object_mut().unwrap().values_mut() {
            hide_message(input);
        }
    }
    hide_message(&mut json);
    json
}

fn hide_message(part: &mut Value) {
    if let Some(error) = part.get_mut("error").and_then(Value::as_object_mut) {
        assert!(error.remove("message").is_some_and(|message| message.as_str() != Some("")));
    }
}

/// The account as it is stored.
async fn account(app: &TestApp, user: &TestUser) -> Option<Account> {
    let found: Result<_, StoreError> =
        app.domain().store.read(TenantId::DEFAULT, async |tx| tx.accounts().find(user.id).await).await;
    found.unwrap()
}

/// The sessions of the user.
async fn sessions(app: &TestApp, user: &TestUser) -> Vec<Session> {
    let found: Result<_, StoreError> = app
        .domain()
        .store
        .read(TenantId::DEFAULT, async |tx| tx.sessions().list_active(user.id, app.now()).await)
        .await;
    found.unwrap()
}

/// Removes the account.
async fn delete(app: &TestApp, user: UserId) {
    let done: Result<_, StoreError> =
        app.domain().store.write(TenantId::DEFAULT, async |tx| tx.users().delete(user).await).await;
    assert!(done.unwrap());
}

/// Gives the account this password hash.
async fn set_hash(app: &TestApp, user: &TestUser, hash: &str) {
    let (rng, now) = (app.domain().rng.as_ref(), app.now());
    let done: Result<_, StoreError> = app
        .domain()
        .store
        .write(TenantId::DEFAULT, async |tx| {
            tx.passwords().upsert(user.id, hash, PasswordId::random(rng), now).await.map(drop)
        })
        .await;
    done.unwrap();
}

/// Gives the account another address, neither primary nor verified.
async fn add_address(app: &TestApp, user: &TestUser, address: &str) {
    let now = app.now();
    let email = Email {
        id: EmailId::random(app.domain().rng.as_ref()),
        user_id: user.id,
        address: address.to_owned(),
        verified: false,
        primary: false,
        created_at: now,
        updated_at: now,
    };
    let done: Result<_, StoreError> =
        app.domain().store.write(TenantId::DEFAULT, async |tx| tx.emails().create(&email).await).await;
    done.unwrap();
}
