//! What a registration must not leave behind (s025), and what it must not be used for (s026).

use std::{fmt::Write as _, fs};

use futures_util::future::join_all;
use inkan_auth::limits::{MAILS_PER_CLIENT, MAILS_PER_RECIPIENT};
use serde_json::{Value, json};
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::support::{Doc, Engine, TestApp};

const MARKED: [&str; 3] =
    ["marked-Secret-at-sign-up", "marked-Secret-refused", "marked-Secret-after-recovery"];

/// Everything that the database keeps: the bytes of its files, or all rows as text.
async fn database(app: &TestApp) -> Vec<u8> {
    if app.engine == Engine::Postgres {
        let url = app.domain().config.database.url.expose();
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let tables =
            client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", &[]).await.unwrap();
        let mut all = String::new();
        for table in tables {
            let table: String = table.get(0);
            for row in
                client.simple_query(&format!("SELECT row_to_json(t)::text FROM \"{table}\" t")).await.unwrap()
            {
                if let SimpleQueryMessage::Row(row) = row {
                    writeln!(all, "{table}: {}", row.get(0).unwrap()).unwrap();
                }
            }
        }
        return all.into_bytes();
    }
    let files = fs::read_dir(app.data_dir()).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).flat_map(|path| fs::read(path).unwrap()).collect()
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    let hex = needle.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    let found = |needle: &[u8]| haystack.windows(needle.len()).any(|window| window == needle);
    found(needle.as_bytes()) || found(hex.as_bytes())
}

/// The code of letters and digits in the newest mail to an address.
async fn code(app: &TestApp, address: &str) -> String {
    app.mails(address).await[0].subject.split(' ').next().unwrap().to_owned()
}

each_engine! {
    async fn s025_secrets_stay_out_of_logs_audit_and_database(app: AppBuilder) {
        let app = app.config("email: { passcode_charset: alphanumeric }").start().await;
        let mut secrets: Vec<String> = MARKED.map(str::to_owned).into();
        let mut csrf = Vec::new();
        let mut flow = app.submit(0, json!({ "email": "ada@example.com" })).await;
        csrf.push(flow.doc.csrf().to_owned());
        // While the mail waits, its code is in the outbox.
        let queued = database(&app).await;
        let first = code(&app, "ada@example.com").await;
        assert!(!contains(&queued, &first), "the code stands in the database while the mail waits");
        flow.act("verify_passcode", json!({ "code": "marked-Secret-refused" })).await;
        flow.act("verify_passcode", json!({ "code": first })).await;
        csrf.push(flow.doc.csrf().to_owned());
        flow.act("register_password", json!({ "new_password": "x", "more": MARKED[1] })).await;
        // Searched for before the end, too: the flow keeps the hash until then.
        assert!(!contains(&database(&app).await, "$argon2"), "the hash stands in the flow");
        flow.act("register_password", json!({ "new_password": MARKED[0] })).await;
        secrets.extend([first, flow.doc.token().unwrap()]);

        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("password_login", json!({ "password": MARKED[1] })).await;
        flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
        let second = code(&app, "ada@example.com").await;
        flow.act("verify_passcode", json!({ "code": second })).await;
        let done = flow.act("password_recovery", json!({ "new_password": MARKED[2] })).await;
        assert_eq!(done.name(), "success");
        let token = done.token().unwrap();
        app.get("/me").cookie(&token).await;
        app.post("/registration?action=verify_passcode%40marked-Secret-refused")
            .body("application/json", "{\"code\":\"marked-Secret-refused")
            .await;
        secrets.extend([second, token]);
        app.deliver().await;

        let (log, stored) = (app.log.text().into_bytes(), database(&app).await);
        let audit = format!("{:?}", app.audit().await).into_bytes();
        assert!(contains(&stored, "ada@example.com"), "the search looks at the right place");
        for secret in &secrets {
            let signature = secret.rsplit('.').next().unwrap();
            for (place, bytes) in [("log", &log), ("audit log", &audit), ("database", &stored)] {
                assert!(!contains(bytes, signature), "{secret} stands in the {place}");
            }
        }
        assert!(
            csrf.iter().all(|token| !contains(&log, token) && !contains(&audit, token)),
            "a flow's token is logged"
        );
    }

    async fn s025_errors_do_not_repeat_secrets(app: AppBuilder) {
        let app = app.config("debug: true").start().await;
        let mut flow = app.proven(0, json!({ "email": "ada@example.com" })).await;
        for body in [
            json!({ "csrf_token": "marked-Secret-refused", "input_data": { "new_password": MARKED[1] } }),
            json!({ "csrf_token": flow.doc.csrf(), "input_data": { "new_password": format!("{}{}", MARKED[1], "x".repeat(80)) } }),
        ] {
            let doc = flow.raw("register_password", &body).await;
            assert!(doc.status >= 400 && !doc.reply.text().contains("marked-Secret"), "{}", doc.json);
        }
        assert!(!app.log.text().contains("marked-Secret"));
    }

    /// A thousand mails to one mailbox, from many clients: no more than documented, and others get theirs.
    async fn s026_one_mailbox_cannot_be_flooded(app: AppBuilder) {
        let app = app.start().await;
        app.user("taken@example.com").create().await;
        for (offset, address) in [(0, "free@example.com"), (300, "taken@example.com")] {
            let before = app.queued().await;
            let mut answers: Vec<Doc> = Vec::new();
            for chunk in 0..10 {
                let attempts = (0..25).map(|number| flood(&app, offset + chunk * 25 + number, address));
                answers.extend(join_all(attempts).await.into_iter().flatten());
            }
            assert_eq!(answers.len(), 1000);
            assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 429)), "{address}");
            let sent = app.queued().await - before;
            assert!(sent > 0 && sent <= i64::from(MAILS_PER_RECIPIENT), "{address}: {sent}");
        }
        let mut other = app.submit(900, json!({ "email": "bob@example.com" })).await;
        let code = app.code("bob@example.com").await;
        assert_eq!(
            other.act("verify_passcode", json!({ "code": code })).await.outline(),
            "200 password_creation"
        );
        app.clock.advance(std::time::Duration::from_hours(1));
        assert_eq!(
            app.submit(901, json!({ "email": "free@example.com" })).await.doc.status,
            200,
            "not for ever"
        );
    }

    async fn s026_one_client_cannot_mail_the_world(app: AppBuilder) {
        let app = app.start().await;
        let mut limited = 0;
        let mut sent = 0;
        for number in 0..1000 {
            // What the limit on identifiers would turn away is not what is tested here.
            if number % 100 == 0 {
                app.clock.advance(std::time::Duration::from_mins(1));
            }
            let flow = app.submit(0, json!({ "email": format!("u{number}@example.com") })).await;
            match flow.doc.status {
                200 => sent += 1,
                _ => limited += 1,
            }
            if limited == 20 {
                break;
            }
        }
        assert!(sent > 0 && sent <= MAILS_PER_CLIENT, "{sent}");
        assert_eq!((limited, app.queued().await), (20, i64::from(sent)));
        let other: Value = app.submit(1, json!({ "email": "bob@example.com" })).await.doc.json;
        assert_eq!(other["status"], 200, "{other}");
        // The mailbox keeps 200 mails; what counts here is that all are handed over.
        app.deliver().await;
    }
}

/// Four mails are asked for in one flow.
async fn flood(app: &TestApp, number: usize, address: &str) -> Vec<Doc> {
    let mut flow = app.submit(number, json!({ "email": address })).await;
    let mut answers = vec![flow.doc.clone()];
    for _ in 0..3 {
        answers.push(flow.act("resend_passcode", json!({})).await);
    }
    answers
}
