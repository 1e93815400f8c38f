//! What a client says it can do is not stored (decision 0019): it is in the token of the flow, and any node goes on with that.

use std::time::Duration;

use inkan_base::{FlowId, TenantId};
use inkan_store::{FlowRow, StoreError};
use serde_json::{Value, json};

use crate::support::{Device, Doc, Engine, TestApp};

const REFUSED: &str = "403 error operation_not_permitted_error";
const CAN: &str = "register_client_capabilities";
const IDENTIFY: &str = "continue_with_login_identifier";
const VERIFY: &str = "webauthn_verify_assertion_response";

fn all(can: bool) -> Value {
    json!({
        "webauthn_available": can,
        "webauthn_conditional_mediation_available": can,
        "webauthn_platform_authenticator_available": can,
    })
}

async fn row(app: &TestApp, doc: &Doc) -> Option<FlowRow> {
    let href = doc.json["actions"].as_object().unwrap().values().next().unwrap()["href"].as_str().unwrap();
    let id: FlowId = href.split("%40").nth(1).unwrap().parse().unwrap();
    let row: Result<_, StoreError> =
        app.domain().store.read(TenantId::DEFAULT, async |tx| tx.flows().find(id).await).await;
    row.unwrap()
}

async fn with_token(node: &TestApp, doc: &Doc, action: &str, input: Value, token: &str) -> Doc {
    let href =
        doc.json["actions"][action]["href"].as_str().unwrap_or_else(|| panic!("no {action}: {}", doc.json));
    Doc::new(node.post(href).json(&json!({ "input_data": input, "csrf_token": token })).await)
}

async fn act(node: &TestApp, doc: &Doc, action: &str, input: Value) -> Doc {
    with_token(node, doc, action, input, doc.csrf()).await
}

each_engine! {
    async fn the_first_action_stores_nothing_and_the_second_the_flow(app: AppBuilder) {
        let app = app.start().await;
        for (endpoint, second, input) in [
            ("/login", IDENTIFY, json!({ "email": "ada@example.com" })),
            ("/registration", "register_login_identifier", json!({ "email": "ada@example.com" })),
        ] {
            for can in [true, false] {
                let start = Doc::new(app.post(endpoint).await);
                let first = act(&app, &start, CAN, all(can)).await;
                assert_eq!(row(&app, &start).await, None, "{endpoint} {can}");
                assert_eq!(first.csrf().len(), 32);
                assert_ne!(first.csrf(), start.csrf());
                let second = act(&app, &first, second, input.clone()).await;
                assert_eq!(second.status, 200);
                assert_eq!(row(&app, &start).await.map(|row| row.version), Some(1), "{endpoint} {can}");
            }
        }
    }

    /// The node that took it remembers it, so there the first token is good once.
    async fn it_is_said_once(app: AppBuilder) {
        let app = app.start().await;
        let start = Doc::new(app.post("/login").await);
        let first = act(&app, &start, CAN, all(true)).await;
        assert_eq!(act(&app, &start, CAN, all(true)).await.reply.body, first.reply.body, "the same request again");
        assert_eq!(act(&app, &start, CAN, all(false)).await.outline(), REFUSED);
        assert_eq!(with_token(&app, &start, CAN, all(false), first.csrf()).await.outline(), REFUSED);
        assert_eq!(row(&app, &start).await, None);
        let next = act(&app, &first, IDENTIFY, json!({ "email": "ada@example.com" })).await;
        assert_eq!(next.outline(), "200 login_method_chooser");
        assert_eq!(act(&app, &start, CAN, all(true)).await.outline(), REFUSED);
        for old in [&start, &first] {
            let other = with_token(&app, &first, IDENTIFY, json!({ "email": "bob@example.com" }), old.csrf()).await;
            assert_eq!(other.outline(), REFUSED);
        }
    }

    /// The token is good for what was told and for its flow alone.
    async fn s005_nobody_changes_what_is_in_the_token(app: AppBuilder) {
        let app = app.start().await;
        let starts = [Doc::new(app.post("/login").await), Doc::new(app.post("/login").await)];
        let one = act(&app, &starts[0], CAN, all(false)).await;
        let two = act(&app, &starts[1], CAN, all(false)).await;
        let email = || json!({ "email": "ada@example.com" });
        for place in 0..32 {
            let mut token = one.csrf().as_bytes().to_vec();
            token[place] = if token[place] == b'0' { b'1' } else { b'0' };
            let token = String::from_utf8(token).unwrap();
            assert_eq!(with_token(&app, &one, IDENTIFY, email(), &token).await.outline(), REFUSED, "{place}");
        }
        for token in [two.csrf(), starts[0].csrf(), "", "0000000000", "ééééééééééééééé"] {
            assert_eq!(with_token(&app, &one, IDENTIFY, email(), token).await.status, 403, "{token}");
        }
        assert_eq!(row(&app, &starts[0]).await, None, "what was refused is not stored either");
        assert_eq!(act(&app, &one, IDENTIFY, email()).await.outline(), "200 login_method_chooser");
    }

    /// After a restart, or on another node, the flow is what its token says, its challenge too.
    async fn another_server_goes_on(app: AppBuilder) {
        let app = app.config("rate_limiter: { enabled: false }").start().await;
        let mut phone = Device::phone(1);
        app.user("ada@example.com").passkey(&mut phone).create().await;
        let first = act(&app, &Doc::new(app.post("/login").await), CAN, all(true)).await;
        let tampered = act(&app, &Doc::new(app.post("/login").await), CAN, all(true)).await;
        let typed = act(&app, &Doc::new(app.post("/login").await), CAN, all(true)).await;
        let app = app.stop().await.start().await;
        let mut signed = json!({ "assertion_response": phone.get(&first) });
        let rejected = act(&app, &tampered, VERIFY, signed.clone()).await;
        assert_eq!(rejected.outline(), "401 login_init passkey_invalid", "not in another flow");
        let done = act(&app, &first, VERIFY, signed.clone()).await;
        assert_eq!(done.outline(), "200 success");
        assert_eq!(act(&app, &first, VERIFY, signed.clone()).await.reply.body, done.reply.body);
        signed["assertion_response"]["authenticatorAttachment"] = "platform".into();
        assert_eq!(act(&app, &first, VERIFY, signed).await.outline(), REFUSED, "the challenge is used up");
        let rejected = act(&app, &typed, IDENTIFY, json!({ "email": "no address" })).await;
        assert_eq!(rejected.name(), "login_init");
        assert_eq!(rejected.request_options(), typed.request_options(), "the challenge is the same after a rejection");
        let done = act(&app, &rejected, VERIFY, json!({ "assertion_response": phone.get(&typed) })).await;
        assert_eq!(done.outline(), "200 success");
    }

    /// Of a flow that is over, all that a server without memory of it gives away is another beginning that leads nowhere.
    async fn s003_what_is_over_does_not_begin_again(app: AppBuilder) {
        let app = app.config("rate_limiter: { enabled: false }").start().await;
        let mut phone = Device::phone(1);
        app.user("ada@example.com").passkey(&mut phone).create().await;
        let start = Doc::new(app.post("/login").await);
        let form = act(&app, &start, CAN, all(true)).await;
        let mut answer = || json!({ "assertion_response": phone.get(&form) });
        let (first, second, third) = (answer(), answer(), answer());
        assert_eq!(act(&app, &form, VERIFY, first).await.outline(), "200 success");
        assert_eq!(act(&app, &start, CAN, all(false)).await.outline(), REFUSED);
        assert_eq!(act(&app, &form, VERIFY, second).await.outline(), REFUSED);
        let app = app.stop().await.start().await;
        let again = act(&app, &start, CAN, all(true)).await;
        assert_eq!(again.request_options(), form.request_options(), "the same moment, the same challenge");
        assert_eq!(act(&app, &again, VERIFY, third).await.outline(), REFUSED, "which is used up");
        assert_eq!(act(&app, &start, CAN, all(true)).await.outline(), REFUSED, "now it is known");
    }

    /// A token that is good for nothing any more must not use up what others need: the mails that an address may get.
    async fn s026_an_old_token_takes_no_budget_again_and_again(app: AppBuilder) {
        let app = app.config("rate_limiter: { enabled: true }").start().await;
        let start = Doc::new(app.post("/registration").await);
        let first = act(&app, &start, CAN, all(false)).await;
        let register = |number: usize| json!({ "email": "ada@example.com", "more": number });
        assert_eq!(act(&app, &first, "register_login_identifier", register(0)).await.outline(), "200 passcode_confirmation");
        let app = app.stop().await.start().await;
        for number in 1..=30 {
            let stale = act(&app, &first, "register_login_identifier", register(number)).await;
            assert_eq!(stale.outline(), REFUSED);
        }
        let mut other = app.registration().ip("198.51.100.7").await;
        let sent = other.act("register_login_identifier", json!({ "email": "ada@example.com" })).await;
        assert_eq!(sent.outline(), "200 passcode_confirmation", "{}", sent.json);
        assert_eq!(app.mails("ada@example.com").await.len(), 2);
    }

    async fn it_ends_with_the_flow_and_belongs_to_its_endpoint(app: AppBuilder) {
        let app = app.start().await;
        let first = act(&app, &Doc::new(app.post("/login").await), CAN, all(false)).await;
        let href = first.json["actions"][IDENTIFY]["href"].as_str().unwrap().replace("/login", "/registration");
        let href = href.replace(IDENTIFY, "register_login_identifier");
        let body = json!({ "input_data": { "email": "ada@example.com" }, "csrf_token": first.csrf() });
        assert_eq!(Doc::new(app.post(&href).json(&body).await).outline(), REFUSED);
        app.clock.advance(Duration::from_hours(25));
        app.domain().store.clean_up(app.now(), Duration::from_hours(1), 100).await.unwrap();
        let late = act(&app, &first, IDENTIFY, json!({ "email": "ada@example.com" })).await;
        assert_eq!(late.error(), "flow_expired_error");
        assert_eq!(row(&app, &first).await, None);
    }

    /// Pages that are open while a new secret is put in front of the old one go on.
    async fn open_pages_survive_a_new_secret(app: AppBuilder) {
        let secrets = |keys: &str| format!("{{ secret_keys: [{keys}], rate_limiter: {{ enabled: false }} }}");
        let (old, new) = ("the-first-secret-of-all", "the-secret-after-that-one");
        let app = app.config(&secrets(old)).start().await;
        let mut phone = Device::phone(1);
        app.user("ada@example.com").passkey(&mut phone).create().await;
        let start = Doc::new(app.post("/login").await);
        let form = act(&app, &Doc::new(app.post("/login").await), CAN, all(true)).await;
        let app = app.stop().await.config(&secrets(&format!("{new}, {old}"))).start().await;
        assert_eq!(act(&app, &start, CAN, all(true)).await.outline(), "200 login_init");
        let done = act(&app, &form, VERIFY, json!({ "assertion_response": phone.get(&form) })).await;
        assert_eq!(done.outline(), "200 success");
    }

    /// Two nodes that know nothing of each other are told different things. Whichever is used first is what the flow is.
    async fn the_first_that_is_stored_counts(app: AppBuilder) {
        if app.engine() == Engine::Sqlite {
            return; // one node only
        }
        let one = app.start().await;
        let two = one.beside().start().await;
        let start = Doc::new(one.post("/login").await);
        let (able, unable) = (act(&one, &start, CAN, all(true)).await, act(&two, &start, CAN, all(false)).await);
        assert!(able.has_options() && !unable.has_options());
        assert_ne!(able.csrf(), unable.csrf());
        let email = || json!({ "email": "ada@example.com" });
        let next = act(&one, &unable, IDENTIFY, email()).await;
        assert_eq!(next.outline(), "200 login_method_chooser");
        for node in [&one, &two] {
            for old in [&able, &start] {
                let other = with_token(node, &unable, IDENTIFY, json!({ "email": "bob@example.com" }), old.csrf()).await;
                assert_eq!(other.outline(), REFUSED);
            }
            assert_eq!(act(node, &unable, IDENTIFY, email()).await.reply.body, next.reply.body);
        }
    }

    /// One answer of an authenticator, two nodes, and neither has seen the flow stored: one success.
    async fn s055_a_challenge_in_the_form_is_good_once(app: AppBuilder) {
        if app.engine() == Engine::Sqlite {
            return; // one node only
        }
        let one = app.config("rate_limiter: { enabled: false }").start().await;
        let two = one.beside().start().await;
        let mut phone = Device::phone(1);
        one.user("ada@example.com").passkey(&mut phone).create().await;
        for _ in 0..4 {
            let form = act(&one, &Doc::new(one.post("/login").await), CAN, all(true)).await;
            let mut answer = || json!({ "assertion_response": phone.get(&form) });
            let (first, second) = (answer(), answer());
            let (first, second) = tokio::join!(act(&one, &form, VERIFY, first), act(&two, &form, VERIFY, second));
            let mut outlines = [first.outline(), second.outline()];
            outlines.sort_unstable();
            assert_eq!(outlines, ["200 success", REFUSED]);
        }
    }
}
