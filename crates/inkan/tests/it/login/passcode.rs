//! `passcode_confirmation` (sections 5.6 and 8): guesses, life time, re-use.

use std::time::Duration;

use serde_json::{Value, json};

use super::{EXHAUSTED, UNLIMITED, WRONG_CODE, at_passcode, other, sessions, verify};

const MISSING: &str = "400 passcode_confirmation form_data_invalid_error code=value_missing_error";

each_engine! {
    async fn s013_three_wrong_tries_end_a_code(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        let code = app.code("ada@example.com").await;
        for outline in [WRONG_CODE, WRONG_CODE, EXHAUSTED, EXHAUSTED] {
            let doc = verify(&mut flow, &other(&code)).await;
            assert_eq!((doc.outline().as_str(), &doc.json["payload"]), (outline, &json!({})));
            assert_eq!(doc.actions(), ["back", "resend_passcode", "verify_passcode"]);
        }
        assert_eq!(verify(&mut flow, &code).await.outline(), EXHAUSTED);

        assert_eq!(flow.act("resend_passcode", json!({})).await.outline(), "200 passcode_confirmation");
        let fresh = app.code("ada@example.com").await;
        assert_ne!(fresh, code);
        for outline in [WRONG_CODE, WRONG_CODE] {
            assert_eq!(verify(&mut flow, &other(&fresh)).await.outline(), outline);
        }
        assert_eq!(verify(&mut flow, &fresh).await.outline(), "200 success");
    }

    async fn s002_what_is_no_code_does_not_count(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        let code = app.code("ada@example.com").await;
        let number: u64 = code.parse().unwrap();
        for value in [Value::Null, json!(""), json!(number), json!(true), json!([code]), json!({ "code": code })] {
            let doc = flow.act("verify_passcode", json!({ "code": value })).await;
            assert_eq!(doc.outline(), MISSING, "{value}");
        }
        assert_eq!(flow.act("verify_passcode", json!({})).await.outline(), MISSING);
        for outline in [WRONG_CODE, WRONG_CODE, EXHAUSTED] {
            assert_eq!(verify(&mut flow, &other(&code)).await.outline(), outline);
        }
    }

    async fn codes_are_compared_as_they_are(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        app.user("ada@example.com").create().await;
        let forms: [fn(&str) -> String; 6] = [
            |code| format!(" {code}"),
            |code| format!("{code} "),
            |code| format!("{code}\n"),
            |code| code[..5].to_owned(),
            |code| format!("{code}0"),
            |code| code.chars().map(|c| char::from_u32(0xff10 + c.to_digit(10).unwrap()).unwrap()).collect(),
        ];
        for form in forms {
            let mut flow = at_passcode(&app, "ada@example.com").await;
            let code = app.code("ada@example.com").await;
            assert_eq!(verify(&mut flow, &form(&code)).await.outline(), WRONG_CODE, "{:?}", form(&code));
            assert_eq!(verify(&mut flow, &code).await.outline(), "200 success", "{:?}", form(&code));
        }
    }

    async fn s018_a_code_lives_as_long_as_configured(app: AppBuilder) {
        for (config, ttl) in [("{}", 300), ("email: { passcode_ttl: 60 }", 60)] {
            let app = app.clone().config(config).start().await;
            app.user("ada@example.com").create().await;
            let mut flow = at_passcode(&app, "ada@example.com").await;
            let code = app.code("ada@example.com").await;
            app.clock.advance(Duration::from_secs(ttl - 1));
            assert_eq!(verify(&mut flow, &code).await.outline(), "200 success", "{config}");

            let mut flow = at_passcode(&app, "ada@example.com").await;
            let code = app.code("ada@example.com").await;
            app.clock.advance(Duration::from_secs(ttl + 1));
            for _ in 0..4 {
                // Not counted: the answer does not become 401.
                assert_eq!(verify(&mut flow, &code).await.outline(), WRONG_CODE, "{config}");
            }
            flow.act("resend_passcode", json!({})).await;
            assert_eq!(verify(&mut flow, &app.code("ada@example.com").await).await.outline(), "200 success");
        }
    }

    async fn s017_the_old_code_is_dead_after_a_new_one(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        let old = app.code("ada@example.com").await;
        flow.act("resend_passcode", json!({})).await;
        let new = app.code("ada@example.com").await;
        assert_eq!(verify(&mut flow, &old).await.outline(), WRONG_CODE);
        assert_eq!(verify(&mut flow, &new).await.outline(), "200 success");
    }

    async fn s015_a_code_is_used_once(app: AppBuilder) {
        let app = app.start().await;
        let ada = app.user("ada@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        let code = app.code("ada@example.com").await;
        let body = json!({ "input_data": { "code": code }, "csrf_token": flow.doc.csrf() });
        let tries: Vec<_> = (0..8).map(|_| flow.send("verify_passcode", &body)).collect();
        let answers = futures(tries).await;
        assert!(answers.iter().any(|doc| doc.outline() == "200 success"));
        let tokens: std::collections::HashSet<_> = answers.iter().filter_map(super::Doc::token).collect();
        assert_eq!((tokens.len(), sessions(&app, &ada).await.len()), (1, 1));

        // The flow is over, once its last answer is no longer repeated; in another one the code is nothing special.
        app.clock.advance(Duration::from_secs(11));
        assert_eq!(verify(&mut flow, &code).await.status, 403);
        let mut later = at_passcode(&app, "ada@example.com").await;
        assert_eq!(verify(&mut later, &code).await.outline(), WRONG_CODE);
        assert_eq!(sessions(&app, &ada).await.len(), 1);
    }

    async fn s014_parallel_guesses_are_not_more_guesses(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        let code = app.code("ada@example.com").await;
        let guess = |n: u32| {
            let body = json!({ "input_data": { "code": format!("x{n:05}") }, "csrf_token": flow.doc.csrf() });
            let flow = &flow;
            async move { flow.send("verify_passcode", &body).await }
        };
        let answers = futures((0..20).map(guess)).await;
        let mut statuses: Vec<_> = answers.iter().map(|doc| doc.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses[0], 400);
        assert!(statuses[1..].iter().all(|status| *status == 403), "{statuses:?}");
        flow.doc = answers.into_iter().find(|doc| doc.status == 400).unwrap();
        for outline in [WRONG_CODE, EXHAUSTED] {
            assert_eq!(verify(&mut flow, &other(&code)).await.outline(), outline);
        }
    }

    async fn letters_are_compared_with_their_case(app: AppBuilder) {
        const ALPHABET: &str = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        let app = app.config("email: { passcode_charset: alphanumeric }").config(UNLIMITED).start().await;
        app.user("ada@example.com").create().await;
        let mut seen = String::new();
        for _ in 0..12 {
            let mut flow = at_passcode(&app, "ada@example.com").await;
            let code = code_in_subject(&app.mails("ada@example.com").await[0].subject);
            assert!(code.len() == 6 && code.chars().all(|c| ALPHABET.contains(c)), "{code}");
            let swapped: String = code.chars().map(swap_case).collect();
            if swapped != code {
                assert_eq!(verify(&mut flow, &swapped).await.outline(), WRONG_CODE, "{code}");
            }
            assert_eq!(verify(&mut flow, &code).await.outline(), "200 success", "{code}");
            seen.push_str(&code);
        }
        assert!(seen.chars().any(|c| c.is_ascii_lowercase()) && seen.chars().any(|c| c.is_ascii_uppercase()));
    }
}

/// It is the first word.
fn code_in_subject(subject: &str) -> String {
    subject.split(' ').next().unwrap().to_owned()
}

fn swap_case(c: char) -> char {
    if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
}

/// Runs all at the same time.
async fn futures<F: Future>(all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    futures_util::future::join_all(all).await
}
