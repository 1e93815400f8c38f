//! Flows that go from node to node, and what a node remembers of a flow that went on elsewhere (decision 0017).

use std::time::Duration;

use inkan_base::{FlowId, PasswordId, TenantId};
use inkan_store::{FlowRow, StoreError, Tx};
use serde_json::{Value, json};

use crate::support::{Doc, Engine, TestApp, TestUser};

const REFUSED: &str = "403 error operation_not_permitted_error";
const IDENTIFY: &str = "continue_with_login_identifier";
const TO_PASSWORD: &str = "continue_to_password_login";

async fn row(app: &TestApp, id: &str) -> Option<FlowRow> {
    let id: FlowId = id.parse().unwrap();
    let row: Result<_, StoreError> =
        app.domain().store.read(TenantId::DEFAULT, async |tx| tx.flows().find(id).await).await;
    row.unwrap()
}

/// Goes on from `doc` on this node.
async fn act(node: &TestApp, doc: &Doc, action: &str, input: Value) -> Doc {
    let href =
        doc.json["actions"][action]["href"].as_str().unwrap_or_else(|| panic!("no {action}: {}", doc.json));
    Doc::new(node.post(href).json(&json!({ "input_data": input, "csrf_token": doc.csrf() })).await)
}

async fn set_password(app: &TestApp, user: &TestUser, password: &str) {
    let rng = app.domain().rng.as_ref();
    let hash = app.domain().passwords.hash(rng, password).await.unwrap();
    let set = async |tx: &mut Tx<'_>| {
        tx.passwords().upsert(user.id, &hash, PasswordId::random(rng), app.now()).await
    };
    let done: Result<_, StoreError> = app.domain().store.write(TenantId::DEFAULT, set).await;
    done.unwrap();
}

each_engine! {
    async fn a_flow_goes_from_node_to_node(app: AppBuilder) {
        if app.engine() == Engine::Sqlite {
            return; // one node only
        }
        let one = app.start().await;
        let two = one.beside().start().await;
        one.user("ada@example.com").password("correct horse").create().await;
        let doc = Doc::new(one.post("/login").await);
        let doc = act(&two, &doc, "register_client_capabilities", json!({ "webauthn_available": false })).await;
        let doc = act(&one, &doc, IDENTIFY, json!({ "email": "ada@example.com" })).await;
        let doc = act(&one, &doc, TO_PASSWORD, json!({})).await;
        let doc = act(&two, &doc, "back", json!({})).await;
        let doc = act(&two, &doc, TO_PASSWORD, json!({})).await;
        let doc = act(&one, &doc, "password_login", json!({ "password": "wrong" })).await;
        assert_eq!(doc.error(), "form_data_invalid_error");
        let doc = act(&two, &doc, "password_login", json!({ "password": "correct horse" })).await;
        assert_eq!(doc.outline(), "200 success");
    }

    /// The node saw the flow last when a token was good that is not any longer.
    async fn s112_what_a_node_remembers_counts_for_nothing_once_it_is_outdated(app: AppBuilder) {
        if app.engine() == Engine::Sqlite {
            return; // one node only
        }
        let one = app.start().await;
        let two = one.beside().start().await;
        one.user("ada@example.com").password("correct horse").create().await;
        let flow = one.login().await;
        let before = act(&one, &flow.doc, IDENTIFY, json!({ "email": "ada@example.com" })).await;
        let after = act(&two, &before, TO_PASSWORD, json!({})).await;
        assert_eq!(after.outline(), "200 login_password");
        let stored = row(&one, flow.id()).await;
        for (action, input) in [
            ("continue_to_passcode_confirmation", json!({})),
            ("back", json!({})),
            (TO_PASSWORD, json!({ "something": "else" })),
        ] {
            assert_eq!(act(&one, &before, action, input).await.outline(), REFUSED, "{action}");
        }
        assert_eq!(row(&one, flow.id()).await, stored);
        assert!(one.mails("ada@example.com").await.is_empty());
        let again = act(&one, &before, TO_PASSWORD, json!({})).await;
        assert_eq!(again.reply.body, after.reply.body, "the same request gets the same answer");
        let done = act(&one, &after, "password_login", json!({ "password": "correct horse" })).await;
        assert_eq!(done.outline(), "200 success");
    }

    /// What is not stored yet can be begun on each node in the same way, to the same end.
    async fn a_flow_begins_the_same_on_each_node(app: AppBuilder) {
        if app.engine() == Engine::Sqlite {
            return; // one node only
        }
        let one = app.start().await;
        let two = one.beside().start().await;
        let start = Doc::new(one.post("/login").await);
        let can = json!({ "webauthn_available": true });
        let doc = act(&one, &start, "register_client_capabilities", can.clone()).await;
        assert_eq!(doc.outline(), "200 login_init");
        for node in [&two, &one] {
            let again = act(node, &start, "register_client_capabilities", can.clone()).await;
            assert_eq!(again.reply.body, doc.reply.body);
        }
        let next = act(&two, &doc, IDENTIFY, json!({ "email": "ada@example.com" })).await;
        assert_eq!(next.outline(), "200 login_method_chooser");
        for node in [&one, &two] {
            let other = act(node, &start, "register_client_capabilities", json!({ "webauthn_available": false })).await;
            assert_eq!(other.outline(), REFUSED);
            let other = act(node, &doc, IDENTIFY, json!({ "email": "bob@example.com" })).await;
            assert_eq!(other.outline(), REFUSED);
        }
    }

    /// A flow that was removed is gone for the node that remembers it too.
    async fn a_removed_flow_is_gone(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        let flow = app.login().await;
        let doc = act(&app, &flow.doc, IDENTIFY, json!({ "email": "ada@example.com" })).await;
        let later = app.now() + Duration::from_hours(48);
        app.domain().store.clean_up(later, Duration::from_hours(1), 100).await.unwrap();
        assert_eq!(row(&app, flow.id()).await, None);
        assert_eq!(act(&app, &doc, "continue_to_passcode_confirmation", json!({})).await.outline(), REFUSED);
        assert!(app.mails("ada@example.com").await.is_empty());
        assert_eq!(row(&app, flow.id()).await, None);
    }

    /// A password that was changed after the flow identified its account: the new one is right at once, the old one is wrong.
    async fn a_password_that_a_flow_remembers_must_still_be_that_of_the_account(app: AppBuilder) {
        let app = app.start().await;
        let user = app.user("ada@example.com").password("correct horse").create().await;
        for (typed, outline) in [("battery staple", "200 success"), ("correct horse", "400 login_password form_data_invalid_error password=value_invalid_error")] {
            set_password(&app, &user, "correct horse").await;
            let flow = app.login().await;
            let doc = act(&app, &flow.doc, IDENTIFY, json!({ "email": "ada@example.com" })).await;
            let doc = act(&app, &doc, TO_PASSWORD, json!({})).await;
            set_password(&app, &user, "battery staple").await;
            assert_eq!(act(&app, &doc, "password_login", json!({ "password": typed })).await.outline(), outline);
        }
    }

    /// There was no password when the account was identified.
    async fn a_password_can_come_during_a_flow(app: AppBuilder) {
        let app = app.start().await;
        let user = app.user("ada@example.com").create().await;
        let flow = app.login().await;
        let doc = act(&app, &flow.doc, IDENTIFY, json!({ "email": "ada@example.com" })).await;
        let doc = act(&app, &doc, TO_PASSWORD, json!({})).await;
        set_password(&app, &user, "correct horse").await;
        let done = act(&app, &doc, "password_login", json!({ "password": "correct horse" })).await;
        assert_eq!(done.outline(), "200 success");
    }
}
