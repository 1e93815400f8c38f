//! `POST /registration` (spec 03): inputs, decisions, passcodes, passwords, the new account, races, and what the flow must
//! not give away. Everything that e-mail addresses, user names, passcodes and passwords can do there.

mod identifiers;
mod inputs;
mod passcode;
mod password;
mod races;
mod secrets;
mod steps;
mod success;
mod twins;
mod values;
mod worked_run;

use inkan_base::TenantId;
use inkan_store::{Account, StoreError};
use serde_json::{Value, json};

use crate::support::{Doc, Flow, TestApp};

/// A password that nothing is wrong with.
const PASSWORD: &str = "correct horse battery";
/// User names beside addresses, both wanted, both optional.
const BOTH_OPTIONAL: &str = "{ email: { optional: true }, username: { enabled: true } }";
/// User names only.
const USERNAME_ONLY: &str = "{ email: { enabled: false }, username: { enabled: true, optional: false } }";

/// A client address of its own for each number, so that limits per client do not meet.
fn client(number: usize) -> String {
    format!("198.18.{}.{}", number / 250, number % 250 + 1)
}

impl TestApp {
    /// A registration from client `number` that has submitted its identifiers.
    async fn submit(&self, number: usize, identifiers: Value) -> Flow<'_> {
        let mut flow = self.registration().ip(&client(number)).await;
        flow.act("register_login_identifier", identifiers).await;
        flow
    }

    /// A registration that has proven its address and is asked for a password.
    async fn proven(&self, number: usize, identifiers: Value) -> Flow<'_> {
        let address = identifiers["email"].as_str().unwrap().to_owned();
        let mut flow = self.submit(number, identifiers).await;
        assert_eq!(flow.doc.outline(), "200 passcode_confirmation");
        let code = self.code(&address).await;
        assert_eq!(
            flow.act("verify_passcode", json!({ "code": code })).await.outline(),
            "200 password_creation"
        );
        flow
    }

    /// The account with this address or user name.
    async fn account(&self, identifier: &str) -> Option<Account> {
        let found: Result<_, StoreError> = self
            .domain()
            .store
            .read(TenantId::DEFAULT, async |tx| {
                Ok(match tx.accounts().find_by_address(identifier).await? {
                    Some(account) => Some(account),
                    None => tx.accounts().find_by_username(identifier).await?,
                })
            })
            .await;
        found.unwrap()
    }

    /// How many accounts were registered.
    async fn registered(&self) -> usize {
        self.audit().await.iter().filter(|record| record.kind == "user_created").count()
    }
}

/// The declared inputs of an action, by name.
fn inputs_of<'a>(doc: &'a Doc, action: &str) -> &'a Value {
    &doc.json["actions"][action]["inputs"]
}

each_engine! {
    async fn a_registration_ends_with_an_account_and_a_session(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.registration().await;
        assert_eq!(flow.doc.outline(), "200 registration_init");
        let sent = flow.act("register_login_identifier", json!({ "email": "ada@example.com" })).await;
        assert_eq!(sent.outline(), "200 passcode_confirmation");
        let code = app.code("ada@example.com").await;
        let verified = flow.act("verify_passcode", json!({ "code": code })).await;
        assert_eq!(verified.outline(), "200 password_creation");
        let short = flow.act("register_password", json!({ "new_password": "short" })).await;
        assert_eq!(
            short.outline(),
            "400 password_creation form_data_invalid_error new_password=value_too_short_error"
        );
        let done = flow.act("register_password", json!({ "new_password": PASSWORD })).await;
        assert_eq!(done.outline(), "200 success");

        let me = app.get("/me").cookie(&done.token().unwrap()).await.json();
        assert_eq!(me["emails"][0]["address"], "ada@example.com");
        assert_eq!(me["emails"][0]["is_verified"], true);
    }
}
