//! Nobody learns from a sign-in whether an account exists (section 16; score items 35, 36 and 38).

use serde_json::{Value, json};

use super::{UNLIMITED, identified, identify, shape};
use crate::support::TestApp;

/// A second connection would have to prepare statements that the first one has.
const ONE_CONNECTION: &str = "database: { pool: 1 }";

/// Steps of a sign-in that a stranger can take.
const PATHS: [&[(&str, &str)]; 6] = [
    &[("continue_to_password_login", "")],
    &[
        ("continue_to_password_login", ""),
        ("password_login", ""),
        ("password_login", "wrong horse"),
        ("password_login", "x"),
        ("back", ""),
        ("back", ""),
    ],
    &[
        ("continue_to_passcode_confirmation", ""),
        ("verify_passcode", ""),
        ("verify_passcode", "x00000"),
        ("verify_passcode", "x00001"),
        ("verify_passcode", "x00002"),
        ("verify_passcode", "x00003"),
        ("resend_passcode", ""),
        ("verify_passcode", "x00004"),
        ("back", ""),
    ],
    &[
        ("continue_to_password_login", ""),
        ("continue_to_passcode_confirmation_recovery", ""),
        ("verify_passcode", "x00000"),
        ("resend_passcode", ""),
        ("back", ""),
        ("password_login", "wrong horse"),
    ],
    &[
        ("continue_to_passcode_confirmation", ""),
        ("back", ""),
        ("continue_to_password_login", ""),
        ("skip", ""),
    ],
    &[
        ("password_login", "wrong horse"),
        ("verify_passcode", "x00000"),
        ("password_recovery", "new horse battery"),
    ],
];

/// Hashes, statements and round trips so far. Nothing else runs on this server meanwhile.
fn work(app: &TestApp) -> [u64; 3] {
    let usage = app.domain().store.usage();
    let (reads, writes) = (usage.reads, usage.writes);
    let hashes = app.domain().passwords.work_done();
    [hashes, reads.statements + writes.statements, reads.round_trips + writes.round_trips]
}

/// What an identifier and a path lead to: every document, what it came with, and the work it cost.
async fn walk(app: &TestApp, identifier: &str, path: &[(&str, &str)]) -> Vec<Value> {
    let mut flow = app.login().await;
    let before = work(app)[1];
    identify(&mut flow, identifier).await;
    let mut seen = vec![shape(&flow.doc), (work(app)[1] - before).into()];
    for (action, text) in path {
        let before = work(app);
        let input = json!({ "password": text, "code": text, "new_password": text });
        let doc = flow.act(action, input).await;
        let document = if doc.csrf().is_empty() { doc.json.clone() } else { shape(&doc) };
        let after = work(app);
        let work: Vec<u64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
        let headers: Vec<_> = doc.headers.keys().map(|name| name.as_str().to_owned()).collect();
        let length = doc.body.len();
        seen.push(json!({ "document": document, "work": work, "headers": headers, "length": length }));
    }
    seen.push(app.queued().await.into());
    app.deliver().await;
    seen
}

each_engine! {
    async fn s035_s036_every_path_is_the_same_for_known_and_unknown(app: AppBuilder) {
        for config in [
            "{}",
            "password: { enabled: false }",
            "email: { use_for_authentication: false }",
            "password: { recovery: false }",
            "username: { enabled: true }",
            "{ session: { cookie: { retention: prompt } }, debug: true }",
        ] {
            let app = app.clone().config(config).config(UNLIMITED).config(ONE_CONNECTION).start().await;
            app.user("complete@example.com").password("correct horse").create().await;
            app.user("only-mail@example.com").create().await;
            app.user("unproven@example.com").verified(false).password("correct horse").create().await;
            for path in PATHS {
                walk(&app, "nobody@example.com", path).await; // statements are prepared the first time
            }
            for (number, path) in PATHS.into_iter().enumerate() {
                let unknown = walk(&app, "somebody@example.com", path).await;
                for known in ["complete@example.com", "only-mail@example.com", "unproven@example.com"] {
                    assert_eq!(walk(&app, known, path).await, unknown, "{known} on path {number} with {config}");
                }
            }
        }
    }

    async fn s036_l01_a_password_costs_one_hash_whoever_is_meant(app: AppBuilder) {
        let app = app.config("username: { enabled: true }").config(UNLIMITED).start().await;
        app.user("complete@example.com").password("correct horse").create().await;
        app.user("only-mail@example.com").username("only_name").create().await;
        let imported = app.user("imported@example.com").create().await;
        super::set_hash(&app, &imported, "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e").await;
        for identifier in ["complete@example.com", "only-mail@example.com", "only_name", "imported@example.com", "nobody@example.com"] {
            let mut flow = super::at_password(&app, identifier).await;
            let work = app.domain().passwords.work_done();
            flow.act("password_login", json!({ "password": "wrong horse" })).await;
            assert_eq!(app.domain().passwords.work_done() - work, 1, "{identifier}");
        }
    }

    /// L9: where only real methods are shown, unknown addresses look like accounts with all of them, all the way.
    async fn l09_unknown_addresses_in_only_show_mode(app: AppBuilder) {
        let app = app.config("privacy: { only_show_actual_login_methods: true }").config(UNLIMITED).config(ONE_CONNECTION).start().await;
        app.user("complete@example.com").password("correct horse").create().await;
        for path in PATHS {
            walk(&app, "nobody@example.com", path).await;
        }
        for (number, path) in PATHS.into_iter().enumerate() {
            let unknown = walk(&app, "somebody@example.com", path).await;
            assert_eq!(walk(&app, "complete@example.com", path).await, unknown, "path {number}");
        }
    }

    async fn s035_hints_are_given_only_where_they_are_wanted(app: AppBuilder) {
        let app = app.config("privacy: { show_account_existence_hints: true }").start().await;
        let flow = identified(&app, "somebody@example.com").await;
        assert_eq!(flow.doc.outline(), "400 login_init form_data_invalid_error email=unknown_email_error");
    }

    async fn unknown_addresses_get_a_mail_without_a_code(app: AppBuilder) {
        let app = app.start().await;
        for action in ["continue_to_passcode_confirmation", "continue_to_passcode_confirmation_recovery"] {
            let mut flow = identified(&app, "somebody@example.com").await;
            if action.ends_with("recovery") {
                flow.act("continue_to_password_login", json!({})).await;
            }
            assert_eq!(flow.act(action, json!({})).await.outline(), "200 passcode_confirmation");
            let mail = app.mails("somebody@example.com").await.remove(0);
            assert!(!format!("{}{}", mail.subject, mail.text).contains(|c: char| c.is_ascii_digit()), "{}", mail.text);
        }
    }
}
