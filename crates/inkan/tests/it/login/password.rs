//! `login_password` (section 5.7).

use std::time::Duration;

use serde_json::{Value, json};

use super::{UNLIMITED, WRONG_PASSWORD, account, at_password, identify, set_hash, shape};
use crate::support::{Doc, Flow};

const MISSING: &str = "400 login_password form_data_invalid_error password=value_missing_error";
const LIMITED: &str = "429 login_password rate_limit_exceeded";
/// bcrypt, cost 4, of [`LONG`].
const LONG_HASH: &str = "$2b$04$abcdefghijklmnopqrstuumHj1SBxM91oLM7vj9zRRrC.g8NfGn0u";
/// bcrypt, cost 4, of `correct horse`.
const HORSE_HASH: &str = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
/// bcrypt, cost 4, of `a`.
const A_HASH: &str = "$2b$04$abcdefghijklmnopqrstuuMFdJu9yVgmagVAIC24fOZkaFqd3s9JC";
/// As long as bcrypt looks at.
const LONG: &str = "twelve bytestwelve bytestwelve bytestwelve bytestwelve bytestwelve bytes";

async fn enter(flow: &mut Flow<'_>, password: impl Into<Value>) -> Doc {
    flow.act("password_login", json!({ "password": password.into() })).await
}

each_engine! {
    async fn s002_what_is_no_password_costs_nothing(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        let mut flow = at_password(&app, "ada@example.com").await;
        let work = app.domain().passwords.work_done();
        for value in [Value::Null, json!(""), json!(12_345_678), json!(true), json!(["correct horse"]), json!({})] {
            assert_eq!(enter(&mut flow, value.clone()).await.outline(), MISSING, "{value}");
        }
        assert_eq!(flow.act("password_login", json!({})).await.outline(), MISSING);
        assert_eq!(app.domain().passwords.work_done(), work);
        assert_eq!(enter(&mut flow, "correct horse").await.outline(), "200 success");
    }

    async fn wrong_passwords(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        let mut flow = at_password(&app, "ada@example.com").await;
        let long = "x".repeat(2000);
        for wrong in ["x", "correct horse ", " correct horse", "Correct horse", "correct hors", "correct horse\0", &long] {
            let doc = enter(&mut flow, wrong).await;
            assert_eq!((doc.outline().as_str(), &doc.json["payload"]), (WRONG_PASSWORD, &json!({})), "{wrong}");
        }
        assert_eq!(enter(&mut flow, "correct horse").await.outline(), "200 success");
    }

    async fn five_tries_a_minute_right_or_wrong(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        app.user("bob@example.com").password("correct horse").create().await;
        let mut flow = at_password(&app, "ada@example.com").await;
        for password in ["wrong 1", "wrong 2", "wrong 3", "wrong 4", "wrong 5"] {
            assert_eq!(enter(&mut flow, password).await.outline(), WRONG_PASSWORD);
        }
        app.clock.advance(Duration::from_secs(2));
        let doc = enter(&mut flow, "correct horse").await;
        assert_eq!(doc.outline(), LIMITED);
        assert_eq!(doc.json["payload"], json!({ "retry_after": 58, "resend_after": 58 }));
        assert_eq!(doc.header("retry-after"), "58");
        assert_eq!(doc.actions(), ["back", "continue_to_passcode_confirmation_recovery", "password_login"]);

        let mut other_identifier = at_password(&app, "bob@example.com").await;
        assert_eq!(enter(&mut other_identifier, "correct horse").await.outline(), "200 success");
        let mut other_client = app.login().ip("203.0.113.2").await;
        identify(&mut other_client, "ada@example.com").await;
        other_client.act("continue_to_password_login", json!({})).await;
        assert_eq!(enter(&mut other_client, "correct horse").await.outline(), "200 success");
        app.clock.advance(Duration::from_secs(58));
        assert_eq!(enter(&mut flow, "correct horse").await.outline(), "200 success");
    }

    async fn successes_count(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        for _ in 0..5 {
            let mut flow = at_password(&app, "ada@example.com").await;
            assert_eq!(enter(&mut flow, "correct horse").await.outline(), "200 success");
        }
        let mut flow = at_password(&app, "ada@example.com").await;
        assert_eq!(enter(&mut flow, "correct horse").await.outline(), LIMITED);
    }

    async fn s038_limits_are_the_same_for_unknown_accounts(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        app.user("bob@example.com").create().await;
        let mut answers: Vec<Vec<_>> = Vec::new();
        for identifier in ["ada@example.com", "bob@example.com", "nobody@example.com"] {
            let mut flow = at_password(&app, identifier).await;
            let mut all = Vec::new();
            for _ in 0..6 {
                let doc = enter(&mut flow, "wrong horse").await;
                all.push((shape(&doc), doc.header("retry-after")));
            }
            answers.push(all);
        }
        assert_eq!(answers[0][5].0["status"], 429);
        assert!(answers.iter().all(|all| *all == answers[0]), "{answers:#?}");
    }

    async fn recovery_is_offered_where_there_is_an_address(app: AppBuilder) {
        let names = "username: { enabled: true }";
        for (config, identifier, offered) in [
            ("{}", "ada@example.com", true),
            ("{}", "ada", true),
            ("{}", "bob", false),
            ("{}", "nobody@example.com", true),
            ("email: { use_for_authentication: false }", "ada@example.com", true),
            ("password: { recovery: false }", "ada@example.com", false),
        ] {
            let app = app.clone().config(names).config(config).start().await;
            app.user("ada@example.com").username("ada").password("correct horse").create().await;
            app.user("").username("bob").password("correct horse").create().await;
            let mut flow = at_password(&app, identifier).await;
            let action = "continue_to_passcode_confirmation_recovery";
            assert_eq!(flow.doc.actions().contains(&action), offered, "{identifier} with {config}");
            if !offered {
                assert_eq!(flow.act(action, json!({})).await.status, 403, "{identifier} with {config}");
            }
        }
    }

    async fn s032_an_imported_hash_is_replaced_at_the_next_login(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").create().await;
        set_hash(&app, &ada, HORSE_HASH).await;
        for _ in 0..2 {
            let mut flow = at_password(&app, "ada@example.com").await;
            assert_eq!(enter(&mut flow, "wrong horse").await.outline(), WRONG_PASSWORD);
            assert_eq!(enter(&mut flow, "correct horse").await.outline(), "200 success");
            let hash = account(&app, &ada).await.unwrap().password.unwrap().hash;
            assert!(hash.starts_with("$argon2id$"), "{hash}");
        }
    }

    async fn s028_l21_nothing_of_a_password_is_cut_off(app: AppBuilder) {
        let app = app.config(UNLIMITED).config("password: { max_length: 1024 }").start().await;
        let imported = app.user("imported@example.com").create().await;
        set_hash(&app, &imported, LONG_HASH).await;
        let short = app.user("short@example.com").create().await;
        set_hash(&app, &short, A_HASH).await;
        let long = "x".repeat(128);
        app.user("own@example.com").password(&long).create().await;
        for (identifier, right, wrong) in [
            ("imported@example.com", LONG, [format!("{LONG}x"), format!("{LONG}\0"), LONG[..71].to_owned()]),
            ("short@example.com", "a", ["a\0".to_owned(), "a\0b".to_owned(), "aa".to_owned()]),
            ("own@example.com", &long, [format!("{}y", &long[..127]), format!("{long}x"), long[..72].to_owned()]),
        ] {
            let mut flow = at_password(&app, identifier).await;
            for wrong in wrong {
                assert_eq!(enter(&mut flow, wrong.as_str()).await.outline(), WRONG_PASSWORD, "{identifier} {wrong:?}");
            }
            assert_eq!(enter(&mut flow, right).await.outline(), "200 success", "{identifier}");
        }
    }

    async fn s029_passwords_are_any_text(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        for (n, (right, wrong)) in [
            ("caf\u{e9} au lait", "cafe\u{301} au lait"),
            ("🐎🔋📎 correct", "🐎🔋📎 Correct"),
            ("  spaces  around  ", "spaces  around"),
            ("पासवर्ड गुप्त", "पासवर्ड"),
            ("tab\tand\nline", "tab and line"),
        ].into_iter().enumerate() {
            let address = format!("user{n}@example.com");
            app.user(&address).password(right).create().await;
            let mut flow = at_password(&app, &address).await;
            assert_eq!(enter(&mut flow, wrong).await.outline(), WRONG_PASSWORD, "{right:?}");
            assert_eq!(enter(&mut flow, right).await.outline(), "200 success", "{right:?}");
        }
    }

    async fn a_password_that_changed_meanwhile_is_wrong(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").password("old horse").create().await;
        let mut flow = at_password(&app, "ada@example.com").await;
        let hash = app.domain().passwords.hash(app.domain().rng.as_ref(), "new horse").await.unwrap();
        set_hash(&app, &ada, &hash).await;
        assert_eq!(enter(&mut flow, "old horse").await.outline(), WRONG_PASSWORD);
        assert_eq!(enter(&mut flow, "new horse").await.outline(), "200 success");
    }
}
