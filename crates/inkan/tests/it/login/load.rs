//! Sign-ins when much is going on (L34): nothing slow holds up an answer, nothing hangs.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::net::TcpListener;

use super::at_passcode;
use crate::support::{Doc, TestApp};

/// Users of the crowd.
const USERS: usize = 8;

/// One of a crowd: signs in from an address of its own and returns the last status.
async fn sign_in(app: &TestApp, number: usize) -> u16 {
    let ip = format!("198.18.{}.{}", number / 250, number % 250 + 1);
    let email = format!("user{}@example.com", number % USERS);
    let mut doc = Doc::new(app.post("/login").ip(&ip).await);
    for (action, input) in [
        ("register_client_capabilities", json!({ "webauthn_available": false })),
        ("continue_with_login_identifier", json!({ "email": email })),
        ("continue_to_password_login", json!({})),
        ("password_login", json!({ "password": "correct horse" })),
    ] {
        if doc.status == 503 {
            break;
        }
        assert_eq!(doc.status, 200, "{}", doc.json);
        let href =
            doc.json["actions"][action]["href"].as_str().unwrap_or_else(|| panic!("{}", doc.json)).to_owned();
        let body = json!({ "input_data": input, "csrf_token": doc.csrf() });
        doc = Doc::new(app.call(Method::POST, &href).ip(&ip).json(&body).await);
    }
    match doc.status {
        200 => assert_eq!(doc.name(), "success", "{}", doc.json),
        503 => assert!(
            doc.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0),
            "{:?}",
            doc.headers
        ),
        _ => panic!("{}", doc.json),
    }
    doc.status
}

/// One of a crowd: registers up to the code, then resends it, and returns all statuses.
async fn ask_for_codes(app: &TestApp, number: usize) -> Vec<u16> {
    let ip = format!("198.18.{}.{}", number / 250, number % 250 + 1);
    let email = json!({ "email": format!("crowd{number}@example.com") });
    let mut doc = Doc::new(app.post("/registration").ip(&ip).await);
    let mut statuses = vec![doc.status];
    for (action, input) in [
        ("register_client_capabilities", json!({})),
        ("register_login_identifier", email),
        ("resend_passcode", json!({})),
    ] {
        let href = doc.json["actions"][action]["href"].as_str().unwrap_or_default().to_owned();
        let body = json!({ "input_data": input, "csrf_token": doc.csrf() });
        doc = Doc::new(app.call(Method::POST, &href).ip(&ip).json(&body).await);
        statuses.push(doc.status);
    }
    statuses
}

each_engine! {
    /// A worker that waits for the database while nobody polls it would block everybody.
    async fn l34_a_crowd_asks_for_codes_while_mails_are_sent(app: AppBuilder) {
        let app = app.workers().start().await;
        let crowd = (0..80).map(|number| ask_for_codes(&app, number));
        for statuses in futures_util::future::join_all(crowd).await {
            assert_eq!(statuses, [200, 200, 200, 200]);
        }
        while app.queued().await > 0 {
            tokio::task::yield_now().await;
        }
    }

    async fn thousand_simultaneous_password_logins_with_a_pool_of_five(app: AppBuilder) {
        let app = app.config("database: { pool: 5 }").start().await;
        for n in 0..USERS {
            app.user(&format!("user{n}@example.com")).password("correct horse").create().await;
        }
        let crowd = futures_util::future::join_all((0..1000).map(|number| sign_in(&app, number)));
        let statuses = tokio::time::timeout(Duration::from_mins(2), crowd).await.expect("nothing hangs");
        let successes = statuses.iter().filter(|status| **status == 200).count();
        assert!(successes > 0, "nobody got in");

        // Afterwards the server is as before.
        assert_eq!(app.get("/health/ready").await.status, 200);
        for number in 0..USERS {
            assert_eq!(sign_in(&app, 1000 + number).await, 200);
        }
        let ended = app.audit().await.iter().filter(|record| record.kind == "login_success").count();
        assert!(ended >= successes + USERS, "{ended} records of {successes} sign-ins");
    }

    /// The mail server accepts connections and says nothing: the answer is there while the mail still waits.
    async fn l34_a_slow_mail_server_does_not_hold_up_an_answer(app: AppBuilder) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = app.config(&format!("email_delivery: {{ smtp: {{ host: 127.0.0.1, port: {port}, tls: none }} }}"));
        let app = app.workers().start().await;
        app.expect_errors(); // the mails are never delivered
        for n in 0..4 {
            app.user(&format!("user{n}@example.com")).create().await;
            let flow = at_passcode(&app, &format!("user{n}@example.com")).await;
            assert_eq!(flow.doc.outline(), "200 passcode_confirmation");
            assert_eq!(app.queued().await, n + 1);
        }
        let (held, _) = listener.accept().await.unwrap(); // somebody tries to deliver meanwhile
        assert_eq!(at_passcode(&app, "nobody@example.com").await.doc.outline(), "200 passcode_confirmation");
        assert_eq!(app.queued().await, 5);
        drop((held, listener));
    }
}
