//! The machinery of flows over HTTP (spec 01): starting, continuing, tokens, going back; and its weaknesses by their numbers
//! (section 26), as far as they are not shown elsewhere.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Doc;

const DETACHED: &str = "403 error operation_not_permitted_error";

/// A detached document: nothing in it belongs to a flow.
#[track_caller]
fn assert_detached(doc: &Doc, outline: &str) {
    assert_eq!(doc.outline(), outline);
    let members: Vec<&String> = doc.json.as_object().unwrap().keys().collect();
    assert_eq!(members, ["actions", "csrf_token", "error", "links", "name", "status"], "{}", doc.json);
    assert_eq!((doc.csrf(), &doc.json["actions"], &doc.json["links"]), ("", &json!({}), &Value::Null));
}

each_engine! {
    async fn a_start_looks_at_nothing_but_the_query(app: AppBuilder) {
        let app = app.start().await;
        for (query, content_type, body) in [
            ("", "text/plain", "rubbish"),
            ("?action=", "application/json", "{"),
            ("?Action=back%40x", "application/xml", "<a/>"),
            ("?other=1", "application/json", "[]"),
        ] {
            let reply = app.post(&format!("/login{query}")).body(content_type, body).await;
            assert_eq!(Doc::new(reply).outline(), "200 preflight", "{query}");
        }
    }

    async fn w22_w27_what_cannot_be_read_is_told_and_starts_nothing(app: AppBuilder) {
        let app = app.start().await;
        let flow = app.login().await;
        let id = flow.id();
        for query in ["%zz", "back", "@", "back%40", "back%40x", &format!("%40{id}"), &format!("a%40b%40{id}")] {
            let reply = app.post(&format!("/login?action={query}")).json(&json!({})).await;
            assert_detached(&Doc::new(reply), "400 error form_data_invalid_error");
        }
        for (content_type, body) in [
            ("application/json", "{"),
            ("application/json", "[]"),
            ("application/json", r#"{"csrf_token":5}"#),
            ("application/json", r#"{"input_data":[]}"#),
            ("text/plain", "{}"),
        ] {
            let reply = app.post(&flow.href("back")).body(content_type, body).await;
            assert_detached(&Doc::new(reply), "400 error form_data_invalid_error");
        }
    }

    async fn every_spelling_of_a_flow_id_is_the_same_flow(app: AppBuilder) {
        let app = app.start().await;
        let flow = app.login().await;
        let id = flow.id().to_owned();
        let simple = id.replace('-', "");
        for spelling in [id.to_uppercase(), simple, format!("%7B{id}%7D"), format!("urn:uuid:{id}")] {
            let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": {} });
            let path = format!("/login?action=continue_with_login_identifier@{spelling}");
            let answer = Doc::new(app.post(&path).json(&body).await);
            // The first runs the action, the others are the same request again.
            assert_eq!(answer.outline(), "400 login_init form_data_invalid_error email=value_missing_error");
            assert_eq!(answer.json["actions"]["continue_with_login_identifier"]["href"],
                format!("/login?action=continue_with_login_identifier%40{id}"));
        }
    }

    async fn refusals_look_the_same_and_leave_the_flow_as_it_is(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.login().await;
        let good = json!({ "csrf_token": flow.doc.csrf(), "input_data": {} });
        let bad = json!({ "csrf_token": "x".repeat(32), "input_data": {} });
        let unknown = "/login?action=back%4001890000-0000-7000-8000-000000000000";
        let foreign = flow.href("remember_me").replace("/login", "/registration");
        let action = "continue_with_login_identifier";
        let refusals = [
            flow.send(action, &bad).await,
            flow.send(action, &json!({ "input_data": {} })).await,
            flow.send("no_such_action", &good).await,
            flow.send("remember_me", &good).await,
            flow.send("back", &good).await,
            Doc::new(app.post(unknown).json(&good).await),
            Doc::new(app.post(&foreign).json(&good).await),
        ];
        for refusal in &refusals {
            assert_detached(refusal, DETACHED);
            assert_eq!(refusal.json, refusals[0].json);
        }
        let next = flow.act(action, json!({ "email": "ada@example.com" })).await;
        assert_eq!(next.outline(), "200 login_method_chooser");
    }

    async fn every_executed_action_has_a_new_token_and_the_old_one_is_dead(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.login().await;
        let mut seen = vec![flow.doc.csrf().to_owned()];
        for input in [json!({}), json!({ "email": "bad" }), json!({ "email": "ada@example.com" })] {
            flow.act("continue_with_login_identifier", input).await;
            seen.push(flow.doc.csrf().to_owned());
        }
        assert!(seen.iter().all(|token| token.len() == 32 && token.bytes().all(|b| b.is_ascii_alphanumeric())));
        for old in &seen[..3] {
            assert_ne!(old, &seen[3]);
            let body = json!({ "csrf_token": old, "input_data": {} });
            assert_detached(&flow.send("continue_to_password_login", &body).await, DETACHED);
        }
        assert_eq!(flow.act("back", json!({})).await.outline(), "200 login_init");
    }

    async fn w15_documents_are_not_stored_and_limits_say_when_to_come_back(app: AppBuilder) {
        let app = app.config("rate_limiter: {password_limits: {tokens: 1, interval: 1m}}").start().await;
        let mut flow = app.login().await;
        assert_eq!(flow.doc.header("cache-control"), "no-store");
        flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("password_login", json!({ "password": "wrong" })).await;
        let limited = flow.act("password_login", json!({ "password": "wrong" })).await;
        assert_eq!(limited.outline(), "429 login_password rate_limit_exceeded");
        assert_eq!((limited.header("retry-after"), limited.header("cache-control")), ("60".into(), "no-store".into()));
        assert_eq!(limited.json["payload"], json!({ "resend_after": 60, "retry_after": 60 }));
    }

    async fn w24_going_back_shows_what_was_there(app: AppBuilder) {
        let app = app.config("privacy: {only_show_actual_login_methods: true}").start().await;
        app.user("code@example.com").create().await;
        app.user("both@example.com").password("correct horse").create().await;
        let mut flow = app.login().await;
        let first = flow.doc.actions().iter().map(ToString::to_string).collect::<Vec<_>>();
        let direct = flow.act("continue_with_login_identifier", json!({ "email": "code@example.com" })).await;
        assert_eq!(direct.outline(), "200 passcode_confirmation");
        assert_eq!(flow.act("back", json!({})).await.actions(), first);
        let chooser = flow.act("continue_with_login_identifier", json!({ "email": "both@example.com" })).await;
        assert_eq!(chooser.actions(), ["back", "continue_to_passcode_confirmation", "continue_to_password_login"]);
        app.deliver().await;
    }

    async fn w08_w14_flows_that_nobody_finishes_go(app: AppBuilder) {
        let app = app.start().await;
        for _ in 0..10 {
            app.login().await.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
            app.login().await; // not even stored
        }
        app.clock.advance(Duration::from_hours(25));
        let (now, month) = (app.now(), Duration::from_hours(720));
        assert_eq!(app.domain().store.clean_up(now, month, 3).await.unwrap().flows, 10);
    }

    async fn w14_beginning_is_limited_per_client(app: AppBuilder) {
        let app = app.start().await;
        let mut refused = 0;
        for _ in 0..=inkan_auth::limits::FLOWS_PER_CLIENT {
            let mut flow = app.login().await;
            if flow.doc.outline() == "429 preflight rate_limit_exceeded" {
                refused += 1;
                assert_eq!(flow.doc.header("retry-after"), "60");
                // Nothing was stored, and the flow can begin later.
                app.clock.advance(Duration::from_mins(1));
                let can = json!({ "webauthn_available": false });
                assert_eq!(flow.act("register_client_capabilities", can).await.outline(), "200 login_init");
            }
        }
        assert_eq!(refused, 1);
        assert_eq!(app.login().ip("198.51.100.7").await.doc.outline(), "200 login_init");
    }

    async fn w25_requests_at_the_same_time_are_never_a_server_error(app: AppBuilder) {
        let app = app.start().await;
        let flow = app.login().await;
        let action = "continue_with_login_identifier";
        let bodies: Vec<Value> = (0..8)
            .map(|n| {
                let input = json!({ "email": format!("user{n}@example.com") });
                json!({ "csrf_token": flow.doc.csrf(), "input_data": input })
            })
            .collect();
        let answers = futures_util::future::join_all(bodies.iter().map(|body| flow.send(action, body))).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        let refused = answers.iter().filter(|answer| answer.outline() == DETACHED).count();
        assert_eq!((won, refused), (1, 7));
    }
}
