//! Guessing codes (s013, s014), and what a code or a flow of somebody else is worth (s005, s006, s024).

use std::{collections::HashSet, future::IntoFuture, time::Duration};

use http::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    session::{is_alive, rows},
    support::{Doc, TestApp},
};

const VICTIM: &str = "ada@example.com";

/// Codes that are not `right`.
fn wrong(right: &str) -> impl Iterator<Item = String> + use<> {
    let right = right.to_owned();
    (0..1_000_000).map(|number| format!("{number:06}")).filter(move |code| *code != right)
}

/// A flow of an attacker that waits for the victim's code, and the code.
macro_rules! at_the_code {
    ($app:expr, $ip:expr) => {{
        let mut flow = $app.login().ip($ip).await;
        flow.act("continue_with_login_identifier", json!({ "email": VICTIM })).await;
        let doc = flow.act("continue_to_passcode_confirmation", json!({})).await;
        (flow, doc)
    }};
}

each_engine! {
    async fn s013_three_guesses_per_code(app: AppBuilder) {
        let app = app.start().await;
        app.user(VICTIM).create().await;
        let (mut flow, _) = at_the_code!(app, "203.0.113.1");
        let right = app.code(VICTIM).await;
        let mut outlines = Vec::new();
        for code in wrong(&right).take(4).chain([right.clone()]) {
            outlines.push(flow.act("verify_passcode", json!({ "code": code })).await.error().to_owned());
        }
        let invalid = outlines.iter().filter(|code| *code == "form_data_invalid_error").count();
        assert!(invalid <= 3, "{outlines:?}");
        assert_eq!(outlines[3..], ["passcode_max_attempts_reached"; 2], "the right code too: {outlines:?}");
    }

    async fn s013_many_flows_and_addresses_find_nothing(app: AppBuilder) {
        let app = app.start().await;
        app.user(VICTIM).create().await;
        let mut checked = 0;
        let mut refused = HashSet::new();
        let (mut last, mut last_code) = (None, String::new());
        // A new network and an hour for every few flows, so that no limit per client or per recipient helps.
        'attack: for round in 0..6_u32 {
            for n in 0..10 {
                let ip = format!("198.51.{round}.{n}");
                let (mut flow, doc) = at_the_code!(app, &ip);
                if doc.status == 429 {
                    break;
                }
                last_code = app.code(VICTIM).await;
                for code in wrong(&last_code).take(3) {
                    let doc = flow.act("verify_passcode", json!({ "code": code })).await;
                    if doc.status == 429 {
                        refused.insert(doc.error().to_owned());
                        last = Some(flow);
                        break 'attack;
                    }
                    checked += 1;
                }
            }
            app.clock.advance(Duration::from_mins(61));
        }
        assert!(checked <= 90, "{checked} guesses were checked");
        assert!(checked >= 60, "the attack was stopped elsewhere, after {checked}");
        assert_eq!(refused, HashSet::from(["rate_limit_exceeded".to_owned()]));
        let mut flow = last.unwrap();
        let right = flow.act("verify_passcode", json!({ "code": last_code })).await;
        assert_eq!(right.status, 429, "the right code would tell: {}", right.json);
        // The next day the owner signs in.
        app.clock.advance(Duration::from_hours(25));
        let (mut flow, _) = at_the_code!(app, "203.0.113.9");
        let code = app.code(VICTIM).await;
        assert_eq!(flow.act("verify_passcode", json!({ "code": code })).await.outline(), "200 success");
    }

    async fn s014_parallel_guesses_are_no_more_than_serial_ones(app: AppBuilder) {
        let app = app.config("rate_limiter: { enabled: false }").start().await;
        let ada = app.user(VICTIM).create().await;
        let (flow, doc) = at_the_code!(app, "203.0.113.1");
        let right = app.code(VICTIM).await;
        let href = flow.href("verify_passcode");
        let codes: Vec<_> = wrong(&right).take(499).chain([right.clone()]).collect();
        let send = |code: &String| {
            let body = json!({ "input_data": { "code": code }, "csrf_token": doc.csrf() });
            app.call(Method::POST, &href).json(&body).into_future()
        };
        // The right one last: by then the attempts are taken.
        let mut running: JoinSet<_> = codes.iter().map(send).collect();
        let mut statuses = std::collections::BTreeMap::new();
        while let Some(reply) = running.join_next().await {
            let doc = Doc::new(reply.unwrap());
            assert_ne!(doc.status, 500, "{}", doc.json);
            *statuses.entry(doc.outline()).or_insert(0) += 1;
        }
        // One token, one action: whatever comes second is stale.
        let checked: i32 = statuses.iter().filter(|(outline, _)| !outline.starts_with("403") && !outline.starts_with("503")).map(|(_, n)| n).sum();
        assert_eq!(checked, 1, "{statuses:?}");
        assert!(attempts(&app).await <= 1);
        assert_eq!(rows(&app, &ada).await, []);
    }

    async fn s014_an_attacker_with_fresh_tokens_gets_three(app: AppBuilder) {
        let app = app.config("rate_limiter: { enabled: false }").start().await;
        app.user(VICTIM).create().await;
        let (mut flow, _) = at_the_code!(app, "203.0.113.1");
        let right = app.code(VICTIM).await;
        let codes: Vec<_> = wrong(&right).take(60).collect();
        let mut checked = 0;
        // Ten at once with the newest token, again and again.
        for batch in codes.chunks(10) {
            let href = flow.href("verify_passcode");
            let csrf = flow.doc.csrf().to_owned();
            let send = |code: &String| {
                let body = json!({ "input_data": { "code": code }, "csrf_token": csrf });
                app.post(&href).json(&body).into_future()
            };
            let mut running: JoinSet<_> = batch.iter().map(send).collect();
            while let Some(reply) = running.join_next().await {
                let doc = Doc::new(reply.unwrap());
                checked += u32::from(doc.outline().contains("passcode_invalid") );
                if !doc.csrf().is_empty() {
                    flow.doc = doc;
                }
            }
        }
        assert!(checked <= 3, "{checked}");
        let doc = flow.act("verify_passcode", json!({ "code": right })).await;
        assert_eq!(doc.error(), "passcode_max_attempts_reached", "{}", doc.json);
    }

    async fn s005_a_flow_belongs_to_who_has_its_token(app: AppBuilder) {
        let app = app.start().await;
        for name in ["ada", "bob"] {
            app.user(&format!("{name}@example.com")).password("correct horse").create().await;
        }
        let mut flows = Vec::new();
        for name in ["ada", "bob"] {
            let mut flow = app.login().await;
            flow.act("continue_with_login_identifier", json!({ "email": format!("{name}@example.com") })).await;
            flow.act("continue_to_password_login", json!({})).await;
            flows.push(flow);
        }
        let input = json!({ "password": "correct horse" });
        for (mine, theirs) in [(0, 1), (1, 0)] {
            for token in [flows[mine].doc.csrf(), "", "x"] {
                let body = json!({ "input_data": input, "csrf_token": token });
                let doc = flows[theirs].send("password_login", &body).await;
                assert_eq!(doc.outline(), "403 error operation_not_permitted_error");
            }
        }
        for flow in &mut flows {
            let done = flow.act("password_login", input.clone()).await;
            assert_eq!(done.outline(), "200 success", "the other one did no harm");
        }
    }

    async fn s006_the_starter_of_a_flow_gets_no_session(app: AppBuilder) {
        let app = app.start().await;
        app.user(VICTIM).create().await;
        let (mut flow, seen) = at_the_code!(app, "203.0.113.1");
        // Somebody started it and handed it on; whoever finishes it has the session, and only they.
        let code = app.code(VICTIM).await;
        let done = flow.act("verify_passcode", json!({ "code": code })).await;
        assert!(is_alive(&app, &done.token().unwrap()).await);
        for body in [
            json!({ "csrf_token": seen.csrf() }),
            json!({ "csrf_token": seen.csrf(), "input_data": { "code": "000000" } }),
            json!({ "csrf_token": done.csrf() }),
        ] {
            let doc = flow.send("verify_passcode", &body).await;
            assert_eq!(doc.status, 403, "{}", doc.json);
            assert_eq!(doc.token(), None);
        }
    }

    async fn s024_reading_consumes_nothing(app: AppBuilder) {
        let app = app.start().await;
        app.user(VICTIM).create().await;
        let (mut flow, _) = at_the_code!(app, "203.0.113.1");
        let code = app.code(VICTIM).await;
        for path in [flow.href("verify_passcode"), format!("{}&code={code}", flow.href("verify_passcode")), "/login".to_owned()] {
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                let reply = app.call(method.clone(), &path).await;
                assert!(matches!(reply.status, 204 | 405), "{method} {path}: {}", reply.status);
            }
        }
        assert_eq!(flow.act("verify_passcode", json!({ "code": code })).await.outline(), "200 success");
    }
}

/// Attempts that were taken at the newest code, by the audit log.
async fn attempts(app: &TestApp) -> usize {
    app.audit().await.iter().filter(|record| record.kind == "login_failure").count()
}
