//! The database is away, hangs or is slow (score items 103 and 105).

use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use inkan_test_support::Fault;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::{UNLIMITED, connect, on_postgres};
use crate::support::{Reply, TestApp};

/// What clients get while the database cannot be used: a clean 503 that says when to come again.
#[track_caller]
fn assert_unavailable(reply: &Reply, case: &str) {
    assert_eq!(reply.status, 503, "{case}: {}", reply.text());
    assert!(reply.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0), "{case}");
}

/// Waits until the server says by itself that it is ready again.
async fn healed(app: &TestApp, case: &str) {
    let ready = async {
        while app.get("/health/ready").await.status != 200 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(5), ready).await.unwrap_or_else(|_| panic!("{case}: does not heal"));
}

on_postgres! {
    /// Twice as many requests as connections, in each kind of trouble; afterwards every connection is there again.
    async fn s103_the_database_is_gone(app: AppBuilder) {
        let app = app.config(UNLIMITED).config("session: { limit: 1000 }").proxied().start().await;
        app.expect_errors();
        let user = app.user("ada@example.com").password("correct horse").create().await;
        let token = app.token(&user).await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
        for fault in [Fault::Refuse, Fault::Hang, Fault::Reset, Fault::Slow(Duration::from_secs(5))] {
            let case = format!("{fault:?}");
            app.proxy().set(fault);
            let asked = join_all((0..12).map(|number| {
                let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": {} });
                match number % 3 {
                    0 => app.get("/health/ready"),
                    1 => app.call(Method::POST, &flow.href("continue_to_password_login")).json(&body),
                    _ => app.get("/me").bearer(&token),
                }
                .into_future()
            }));
            let (replies, alive) = tokio::join!(timeout(Duration::from_secs(9), asked), app.get("/health/alive"));
            for reply in replies.unwrap_or_else(|_| panic!("{case}: no answer")) {
                assert_unavailable(&reply, &case);
            }
            assert_eq!(alive.status, 200, "{case}");
            assert_unavailable(&app.admin("/health/ready").await, &case);
            app.proxy().set(Fault::None);
            healed(&app, &case).await;
            for token in join_all((0..12).map(|_| app.token(&user))).await {
                assert_eq!(app.get("/me").bearer(&token).await.status, 200, "{case}");
            }
        }
        assert_eq!(flow.act("continue_to_password_login", json!({})).await.outline(), "200 login_password");
    }

    /// All connections are held by a lock: who finds none is turned away in bounded time, and nobody else suffers.
    async fn s105_the_pool_is_exhausted(app: AppBuilder) {
        let app = app.config(UNLIMITED).config("database: { pool: 2 }").config("session: { limit: 1000 }").start().await;
        app.expect_errors();
        let user = app.user("ada@example.com").password("correct horse").create().await;
        let mut flows = Vec::new();
        for _ in 0..20 {
            let mut flow = app.login().await;
            flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
            flow.act("continue_to_password_login", json!({})).await;
            flows.push(flow);
        }
        let mut other = connect(&app.database_url()).await;
        let held = other.transaction().await.unwrap();
        held.batch_execute("LOCK TABLE flows IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let logins = flows.iter().map(|flow| {
            let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "password": "correct horse" } });
            app.call(Method::POST, &flow.href("password_login")).json(&body).into_future()
        });
        let (replies, alive) =
            tokio::join!(timeout(Duration::from_secs(9), join_all(logins)), app.get("/health/alive"));
        assert_eq!(alive.status, 200);
        for reply in replies.expect("bounded time") {
            assert_unavailable(&reply, "locked");
        }
        held.rollback().await.unwrap();
        healed(&app, "unlocked").await;
        for flow in &mut flows[..3] {
            let done = flow.act("password_login", json!({ "password": "correct horse" })).await;
            assert_eq!(done.outline(), "200 success");
        }
        app.token(&user).await;
    }

    /// Two hundred clients and two connections: each gets its session or is told to come again.
    async fn s105_many_logins_share_a_small_pool(app: AppBuilder) {
        let app = app.config(UNLIMITED).config("database: { pool: 2 }").config("session: { limit: 1000 }").start().await;
        app.expect_errors();
        let mut users = Vec::new();
        for number in 0..20 {
            users.push(app.user(&format!("u{number}@example.com")).password("correct horse").create().await);
        }
        let attempts = (0..200).map(|number| {
            let (app, user) = (&app, &users[number % users.len()]);
            async move {
                let started = app.post("/login").await;
                let href = started.json()["actions"]["register_client_capabilities"]["href"].as_str().unwrap().to_owned();
                let body = json!({ "csrf_token": started.json()["csrf_token"], "input_data": {} });
                let mut reply = app.post(&href).json(&body).await;
                for (action, input) in [
                    ("continue_with_login_identifier", json!({ "email": user.email })),
                    ("continue_to_password_login", json!({})),
                    ("password_login", json!({ "password": "correct horse" })),
                ] {
                    if reply.status != 200 {
                        break;
                    }
                    let doc = reply.json();
                    let href = doc["actions"][action]["href"].as_str().unwrap_or_else(|| panic!("{action}: {doc}")).to_owned();
                    let body = json!({ "csrf_token": doc["csrf_token"], "input_data": input });
                    reply = app.post(&href).json(&body).await;
                }
                reply
            }
        });
        let (replies, alive) = tokio::join!(join_all(attempts), app.get("/health/alive"));
        assert_eq!(alive.status, 200);
        let signed_in = replies.iter().filter(|reply| reply.status == 200).count();
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            assert_unavailable(reply, "crowded");
        }
        assert!(signed_in > 0);
        healed(&app, "crowded").await;
        app.token(&users[0]).await;
    }
}
