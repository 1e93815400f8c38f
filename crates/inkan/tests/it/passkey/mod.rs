//! Passkeys and security keys over HTTP (spec 02 §5.2 to §5.3, §5.16 to §5.18 and §10; spec 03 §6 and §12; spec 05 §8; spec 14,
//! section 6 and appendix B): making them, using them, and every way in which an answer can be wrong. What a single check accepts
//! is tested in the crate `webauthn`; here, what a refusal means for flow, database and records.

mod assertion;
mod attestation;
mod autofill;
mod challenges;
mod login;
mod policy;
mod privacy;
mod registration;

use std::time::Duration;

use inkan_base::{TenantId, UserId};
use inkan_store::{Account, AuditRecord, Session, StoreError, WebauthnCredential};
use inkan_test_support::authenticator::Tweaks;
use serde_json::json;

use crate::support::{Flow, TestApp};

/// For tables with more attempts than one client has in a minute.
const UNLIMITED: &str = "rate_limiter: { enabled: false }";
/// Nothing but a passkey, which is a must, is asked of a new account.
const PASSKEYS_ONLY: &str = "{ email: { require_verification: false }, password: { enabled: false }, \
    passkey: { optional: false, acquire_on_login: always } }";
const PASSWORD: &str = "correct horse";

/// The document of a refused assertion.
const NOT_SIGNED_IN: &str = "401 login_passkey passkey_invalid";
/// The document of a refused registration.
const NOT_MADE: &str = "401 onboarding_verify_passkey_attestation passkey_invalid";

const GENERATE: &str = "webauthn_generate_request_options";
const GENERATE_CREATION: &str = "webauthn_generate_creation_options";

/// What the database has of a user.
#[derive(Debug, PartialEq)]
struct Stored {
    credentials: Vec<WebauthnCredential>,
    sessions: Vec<Session>,
    account: Option<Account>,
}

async fn stored(app: &TestApp, user: UserId) -> Stored {
    let now = app.now();
    let read: Result<Stored, StoreError> = app
        .domain()
        .store
        .read(TenantId::DEFAULT, async |tx| {
            Ok(Stored {
                credentials: tx.webauthn_credentials().list(user).await?,
                sessions: tx.sessions().list_active(user, now).await?,
                account: tx.accounts().find(user).await?,
            })
        })
        .await;
    read.unwrap()
}

/// The account with an address.
async fn account(app: &TestApp, address: &str) -> Option<Account> {
    let store = &app.domain().store;
    let found: Result<_, StoreError> =
        store.read(TenantId::DEFAULT, async |tx| tx.accounts().find_by_address(address).await).await;
    found.unwrap()
}

/// The audit records of this very moment.
async fn records_now(app: &TestApp) -> Vec<AuditRecord> {
    let now = app.now();
    app.audit().await.into_iter().filter(|record| record.created_at == now).collect()
}

/// The only audit record of this moment: its kind, and why.
#[track_caller]
fn only(records: &[AuditRecord]) -> (&str, &str) {
    let [record] = records else { panic!("one record: {records:?}") };
    (&record.kind, record.error.as_deref().unwrap_or_default())
}

/// A moment that no audit record has yet.
fn tick(app: &TestApp) {
    app.clock.advance(Duration::from_millis(1));
}

/// A registration up to what follows its address.
async fn registering<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
    let mut flow = app.registration().in_browser().await;
    flow.act("register_login_identifier", json!({ "email": address })).await;
    if flow.doc.name() == "passcode_confirmation" {
        let code = app.code(address).await;
        flow.act("verify_passcode", json!({ "code": code })).await;
    }
    assert_eq!(flow.doc.status, 200, "{}", flow.doc.json);
    flow
}

/// A sign-in by password up to what follows it.
async fn signing_in<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
    let mut flow = app.login().in_browser().await;
    identify(&mut flow, address).await;
    if flow.doc.name() == "login_method_chooser" {
        flow.act("continue_to_password_login", json!({})).await;
    }
    flow.act("password_login", json!({ "password": PASSWORD })).await;
    assert_eq!(flow.doc.status, 200, "{}", flow.doc.json);
    flow
}

async fn identify(flow: &mut Flow<'_>, address: &str) {
    flow.act("continue_with_login_identifier", json!({ "email": address })).await;
}
