//! Second factors (spec 02 §5.9 to §5.13, §5.20, §6.2, §6.3, §6.7, §11 and §12; spec 03 §8 to §11; spec 05 §9 and §10): setting
//! them up, using them, guessing them, and devices that are trusted.

mod amr;
mod budgets;
mod enrolment_key;
mod enrolment_totp;
mod entries;
mod matrix;
mod meanwhile;
mod recovery_codes;
mod rules;
mod secrets;
mod security_key;
mod switching;
mod totp;
mod trust;
mod trust_ends;

use std::time::Duration;

use http::Method;
use inkan_base::{TenantId, Timestamp, UserId};
use inkan_store::{Account, AuditRecord, StoreError, TrustedDevice};
use serde_json::{Value, json};

use crate::support::{AppBuilder, Device, Doc, Flow, TestApp, TestUser};

/// For tables with more attempts than one client has in a minute.
const UNLIMITED: &str = "rate_limiter: { enabled: false }";
/// Passkeys are not asked for, so that nothing but second factors comes between password and session.
const NO_PASSKEYS: &str = "passkey: { acquire_on_login: never, acquire_on_registration: never }";
/// Everybody without a second factor is asked for one.
const ACQUIRE: &str = "mfa: { acquire_on_login: true, acquire_on_registration: true }";
/// A second factor is a must.
const REQUIRED: &str = "mfa: { optional: false }";

const PASSWORD: &str = "correct horse";
/// One code of an authenticator app.
const STEP: Duration = Duration::from_secs(30);
/// The document of a wrong code.
const WRONG_CODE: &str = "400 login_otp form_data_invalid_error otp_code=passcode_invalid";
/// The document of a wrong code while the app is set up.
const WRONG_SET_UP: &str = "400 mfa_otp_secret_creation form_data_invalid_error otp_code=passcode_invalid";
/// The document of a client that cannot do what is demanded.
const IMPOSSIBLE: &str = "401 error platform_authenticator_required";

trait Plain {
    /// Second factors only, and no limits per client.
    fn plain(self) -> Self;
}

impl Plain for AppBuilder {
    fn plain(self) -> Self {
        self.config(NO_PASSKEYS).config(UNLIMITED)
    }
}

/// Enters address and password; the document after that.
async fn first_factor(flow: &mut Flow<'_>, user: &TestUser) -> Doc {
    at_password(flow, user).await;
    flow.act("password_login", json!({ "password": user.password })).await
}

/// Goes to the password of the user.
async fn at_password(flow: &mut Flow<'_>, user: &TestUser) {
    identify(flow, user).await;
    if flow.doc.name() == "login_method_chooser" {
        flow.act("continue_to_password_login", json!({})).await;
    }
    assert_eq!(flow.doc.outline(), "200 login_password");
}

/// Submits the user's address, or user name, under the name that the input has.
async fn identify(flow: &mut Flow<'_>, user: &TestUser) {
    let inputs = &flow.doc.json["actions"]["continue_with_login_identifier"]["inputs"];
    let name = inputs.as_object().and_then(|inputs| inputs.keys().next()).expect("an identifier").clone();
    let identifier = user.email.as_ref().or(user.username.as_ref());
    flow.act("continue_with_login_identifier", json!({ name: identifier })).await;
}

/// A sign-in with the password done, in a browser with WebAuthn.
async fn after_password<'a>(app: &'a TestApp, user: &TestUser) -> Flow<'a> {
    let mut flow = app.login().with_webauthn().await;
    first_factor(&mut flow, user).await;
    flow
}

/// A sign-in with a code sent by mail done, in a browser with WebAuthn.
async fn after_mail<'a>(app: &'a TestApp, user: &TestUser) -> Flow<'a> {
    let address = user.email.clone().unwrap();
    let mut flow = app.login().with_webauthn().await;
    identify(&mut flow, user).await;
    if flow.doc.name() == "login_method_chooser" {
        flow.act("continue_to_passcode_confirmation", json!({})).await;
    }
    let code = app.code(&address).await;
    flow.act("verify_passcode", json!({ "code": code })).await;
    flow
}

/// Enters a code of the authenticator app.
async fn enter(flow: &mut Flow<'_>, code: impl Into<Value>) -> Doc {
    flow.act("otp_code_validate", json!({ "otp_code": code.into() })).await
}

/// Enters a recovery code.
async fn recover(flow: &mut Flow<'_>, code: &str) -> Doc {
    flow.act("recovery_code", json!({ "recovery_code": code })).await
}

/// Signs in with password and app, to the end; the device is not trusted.
async fn sign_in(app: &TestApp, user: &TestUser) -> Doc {
    app.clock.advance(STEP);
    let mut flow = after_password(app, user).await;
    enter(&mut flow, user.totp_code(app.now())).await;
    if flow.doc.name() == "device_trust" {
        flow.act("skip", json!({})).await;
    }
    assert_eq!(flow.doc.outline(), "200 success", "{}", flow.doc.json);
    flow.doc
}

/// A code that the app shows at no time near `now`.
fn wrong(user: &TestUser, now: Timestamp) -> String {
    let near: Vec<String> = (0..5).map(|step| user.totp_code(now - 2 * STEP + step * STEP)).collect();
    (0..6).map(|number| format!("{number:06}")).find(|code| !near.contains(code)).expect("one of six")
}

/// Runs an action of a browser with this device cookie.
async fn act_on(app: &TestApp, flow: &mut Flow<'_>, action: &str, input: Value, cookie: &str) -> Doc {
    let body = json!({ "input_data": input, "csrf_token": flow.doc.csrf() });
    let call = app.call(Method::POST, &flow.href(action));
    let call = if cookie.is_empty() { call } else { call.header("cookie", &format!("{DEVICE}={cookie}")) };
    flow.doc = Doc::new(call.json(&body).await);
    flow.doc.clone()
}

/// Name of the device cookie.
const DEVICE: &str = "hanko-device-token";

/// The line that sets the device cookie.
fn device_line(doc: &Doc) -> Option<String> {
    let lines = doc.reply.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    lines.into_iter().find(|line| line.starts_with(&format!("{DEVICE}="))).map(str::to_owned)
}

/// The value of the device cookie that the document sets.
fn device_cookie(doc: &Doc) -> Option<String> {
    let line = device_line(doc)?;
    let value = line.split(';').next()?.split_once('=')?.1;
    Some(value.to_owned())
}

/// Signs in with password and app on a browser with this cookie and trusts it; the new cookie.
async fn trust(app: &TestApp, user: &TestUser, cookie: &str) -> String {
    app.clock.advance(STEP);
    let mut flow = after_password(app, user).await;
    enter(&mut flow, user.totp_code(app.now())).await;
    assert_eq!(flow.doc.outline(), "200 device_trust");
    let done = act_on(app, &mut flow, "trust_device", json!({}), cookie).await;
    assert_eq!(done.outline(), "200 success");
    device_cookie(&done).expect("a device cookie")
}

/// Where the password leads on a browser with this cookie.
async fn password_on(app: &TestApp, user: &TestUser, cookie: &str) -> Doc {
    let mut flow = app.login().with_webauthn().await;
    at_password(&mut flow, user).await;
    act_on(app, &mut flow, "password_login", json!({ "password": user.password }), cookie).await
}

/// The trusted devices of the user.
async fn devices(app: &TestApp, user: UserId) -> Vec<TrustedDevice> {
    let (store, now) = (&app.domain().store, app.now());
    let list: Result<_, StoreError> =
        store.read(TenantId::DEFAULT, async |tx| tx.trusted_devices().list(user, now).await).await;
    list.unwrap()
}

/// The account as it is stored.
async fn account(app: &TestApp, user: &TestUser) -> Account {
    let store = &app.domain().store;
    let found: Result<_, StoreError> =
        store.read(TenantId::DEFAULT, async |tx| tx.accounts().find(user.id).await).await;
    found.unwrap().expect("the account")
}

/// Takes the authenticator app away from the account.
async fn remove_totp(app: &TestApp, user: UserId) {
    let store = &app.domain().store;
    let done: Result<_, StoreError> =
        store.write(TenantId::DEFAULT, async |tx| tx.otp_secrets().delete(user).await).await;
    assert!(done.unwrap());
}

/// Takes the user's newest passkey or security key away.
async fn remove_key(app: &TestApp, user: UserId) {
    let key = app.credentials(user).await.pop().expect("a credential");
    let store = &app.domain().store;
    let done: Result<_, StoreError> = store
        .write(TenantId::DEFAULT, async |tx| tx.webauthn_credentials().delete(user, &key.id).await)
        .await;
    done.unwrap();
}

/// What the session and the last sign-in say: `amr` and `mfa_method`.
fn methods(doc: &Doc) -> (Value, Value) {
    let payload = &doc.json["payload"];
    (payload["claims"]["amr"].clone(), payload["last_login"]["mfa_method"].clone())
}

/// The audit records of one kind about the user, as error and details without the flow.
async fn audit_of(app: &TestApp, user: UserId, kind: &str) -> Vec<(Option<String>, Value)> {
    let records = app.audit().await.into_iter();
    let entry = |record: AuditRecord| {
        let mut details = record.details.unwrap_or_default();
        if let Some(details) = details.as_object_mut() {
            details.remove("flow_id");
        }
        (record.error, details)
    };
    records.filter(|record| record.kind == kind && record.actor_user_id == Some(user)).map(entry).collect()
}

/// A registration that has proven its address and set its password.
async fn registered<'a>(app: &'a TestApp, address: &str, webauthn: bool) -> Flow<'a> {
    let start = app.registration();
    let mut flow = if webauthn { start.with_webauthn().await } else { start.await };
    flow.act("register_login_identifier", json!({ "email": address })).await;
    let code = app.code(address).await;
    flow.act("verify_passcode", json!({ "code": code })).await;
    flow.act("register_password", json!({ "new_password": PASSWORD })).await;
    flow
}

/// Makes a security key in the state that offers it.
async fn make_key(flow: &mut Flow<'_>, device: &mut Device) -> Doc {
    flow.act("continue_to_security_key_creation", json!({})).await;
    flow.create_passkey(device).await
}
