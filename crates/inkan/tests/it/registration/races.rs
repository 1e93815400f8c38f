//! Registrations that meet, requests that come twice or at once (spec 03, section 20, items 16 and 19; score items 4 and 112).

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{BOTH_OPTIONAL, PASSWORD, USERNAME_ONLY};
use crate::support::{Doc, Flow};

const TAKEN: &str = "400 registration_init form_data_invalid_error email=email_already_exists";
const NAME_TAKEN: &str = "400 registration_init form_data_invalid_error username=username_already_exists";

/// Sends a step with the flow's current token.
async fn step(flow: &Flow<'_>, action: &str, input: Value) -> Doc {
    flow.send(action, &json!({ "csrf_token": flow.doc.csrf(), "input_data": input })).await
}

fn password() -> Value {
    json!({ "new_password": PASSWORD })
}

each_engine! {
    /// The second one to finish hears what is wrong where it can change it, and can go on.
    async fn r16_the_loser_of_an_address_starts_over(app: AppBuilder) {
        let app = app.start().await;
        let ada = json!({ "email": "ada@example.com" });
        let (mut first, mut second) = (app.proven(1, ada.clone()).await, app.proven(2, ada.clone()).await);
        assert_eq!(first.act("register_password", password()).await.outline(), "200 success");
        let lost = second.act("register_password", json!({ "new_password": "another good one" })).await;
        assert_eq!(lost.outline(), TAKEN);
        assert_eq!((lost.actions(), lost.token()), (vec!["register_login_identifier"], None));
        assert_eq!(app.registered().await, 1);

        // From here it is a flow like any other: the address is protected again, another one registers.
        let protected = second.act("register_login_identifier", ada).await;
        assert_eq!(protected.outline(), "200 passcode_confirmation");
        second.act("back", json!({})).await;
        second.act("register_login_identifier", json!({ "email": "eve@example.com" })).await;
        let code = app.code("eve@example.com").await;
        assert_eq!(
            second.act("verify_passcode", json!({ "code": code })).await.outline(),
            "200 password_creation"
        );
        assert_eq!(second.act("register_password", password()).await.outline(), "200 success");
        let ada = app.account("ada@example.com").await.unwrap();
        assert_ne!(ada.user.id, app.account("eve@example.com").await.unwrap().user.id);
    }

    async fn r16_the_loser_of_a_user_name_starts_over_and_leaves_nothing(app: AppBuilder) {
        let app = app.config(BOTH_OPTIONAL).start().await;
        let mut first = app.proven(1, json!({ "email": "ada@example.com", "username": "kim" })).await;
        let mut second = app.proven(2, json!({ "email": "bob@example.com", "username": "kim" })).await;
        assert_eq!(first.act("register_password", password()).await.outline(), "200 success");
        assert_eq!(second.act("register_password", password()).await.outline(), NAME_TAKEN);
        assert!(app.account("bob@example.com").await.is_none(), "half an account");
        let again = json!({ "email": "bob@example.com", "username": "lee" });
        assert_eq!(
            second.act("register_login_identifier", again).await.outline(),
            "200 passcode_confirmation"
        );
    }

    async fn r16_parallel_registrations_of_one_address_make_one_account(app: AppBuilder) {
        let app = app.start().await;
        let mut flows = Vec::new();
        for number in 0..8 {
            flows.push(app.proven(number, json!({ "email": "ada@example.com" })).await);
        }
        let answers = join_all(flows.iter().map(|flow| step(flow, "register_password", password()))).await;
        let mut outlines: Vec<_> = answers.iter().map(Doc::outline).collect();
        outlines.sort();
        assert_eq!(outlines[0], "200 success");
        assert!(outlines[1..].iter().all(|outline| outline == TAKEN), "{outlines:?}");
        assert_eq!(
            (answers.iter().filter(|answer| answer.token().is_some()).count(), app.registered().await),
            (1, 1)
        );
    }

    async fn r16_parallel_registrations_of_one_user_name_make_one_account(app: AppBuilder) {
        let app = app.config(USERNAME_ONLY).start().await;
        let mut flows = Vec::new();
        for number in 0..8 {
            flows.push(
                app.submit(number, json!({ "username": if number % 2 == 0 { "kim" } else { "KIM" } })).await,
            );
        }
        let answers = join_all(flows.iter().map(|flow| step(flow, "register_password", password()))).await;
        let mut outlines: Vec<_> = answers.iter().map(Doc::outline).collect();
        outlines.sort();
        assert_eq!(outlines[0], "200 success");
        assert!(outlines[1..].iter().all(|outline| outline == NAME_TAKEN), "{outlines:?}");
        assert_eq!(app.registered().await, 1);
    }

    /// Fifty requests with one token: one is executed. Equal ones get its answer, others are refused.
    async fn s004_parallel_posts_of_one_step_are_executed_once(app: AppBuilder) {
        let app = app.start().await;
        for (number, distinct) in [false, true].into_iter().enumerate() {
            let address = format!("u{number}@example.com");
            let flow = app.proven(number, json!({ "email": address })).await;
            let sends = (0..50).map(|index| {
                let number = if distinct { index } else { 0 };
                step(&flow, "register_password", json!({ "new_password": format!("{PASSWORD} {number}") }))
            });
            let answers = join_all(sends).await;
            let winners: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
            assert!(winners.iter().all(|answer| answer.reply.body == winners[0].reply.body), "one document");
            assert!(winners.iter().all(|answer| answer.token() == winners[0].token()), "one session");
            assert_eq!(winners.len(), if distinct { 1 } else { 50 });
            for other in answers.iter().filter(|answer| answer.status != 200) {
                assert_eq!(other.outline(), "403 error operation_not_permitted_error");
            }
            assert_eq!(app.registered().await, number + 1);
        }
    }

    /// Spec 03, section 20, item 19: the same at the steps that send and count.
    async fn r19_duplicates_of_any_step_have_the_effect_of_one(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.registration().await;
        let input = json!({ "email": "ada@example.com" });
        let answers =
            join_all((0..10).map(|_| step(&flow, "register_login_identifier", input.clone()))).await;
        assert!(
            answers.iter().all(|answer| answer.reply.body == answers[0].reply.body && answer.status == 200)
        );
        assert_eq!(app.mails("ada@example.com").await.len(), 1);
        flow.doc = answers[0].clone();

        let wrong = join_all((0..10).map(|_| step(&flow, "verify_passcode", json!({ "code": "x" })))).await;
        assert!(wrong.iter().all(|answer| answer.reply.body == wrong[0].reply.body && answer.status == 400));
        flow.doc = wrong[0].clone();
        // One attempt was counted, not ten.
        let code = app.code("ada@example.com").await;
        assert_eq!(
            flow.act("verify_passcode", json!({ "code": code })).await.outline(),
            "200 password_creation"
        );
    }

    /// A client that sends every request twice, the second time with what it knew before.
    async fn s112_a_registration_with_every_step_sent_twice(app: AppBuilder) {
        let app = app.config(BOTH_OPTIONAL).start().await;
        let mut flow = app.registration().without_preflight().await;
        let mut code = String::new();
        for action in [
            "register_client_capabilities",
            "register_login_identifier",
            "verify_passcode",
            "register_password",
        ] {
            let input = match action {
                "register_client_capabilities" => json!({ "webauthn_available": false }),
                "register_login_identifier" => json!({ "email": "ada@example.com", "username": "ada" }),
                "verify_passcode" => json!({ "code": code }),
                _ => password(),
            };
            let once = step(&flow, action, input.clone()).await;
            let twice = step(&flow, action, input).await;
            assert_eq!((once.status, &once.reply.body), (200, &twice.reply.body), "{action}");
            assert_eq!(once.token(), twice.token(), "{action}");
            if action == "register_login_identifier" {
                code = app.code("ada@example.com").await;
            }
            flow.doc = once;
        }
        assert_eq!(flow.doc.name(), "success");
        assert_eq!((app.mails("ada@example.com").await.len(), app.registered().await), (1, 1));
        let token = flow.doc.token().unwrap();
        assert_eq!(app.get("/me").cookie(&token).await.status, 200);
    }

    /// The network reorders: a step that comes late does nothing, and harms nothing.
    async fn s112_a_late_request_changes_nothing(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = app.registration().await;
        let stale = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "email": "eve@example.com" } });
        flow.act("register_login_identifier", json!({ "email": "ada@example.com" })).await;
        let late = flow.send("register_login_identifier", &stale).await;
        assert_eq!(late.outline(), "403 error operation_not_permitted_error");
        let code = app.code("ada@example.com").await;
        assert_eq!(
            flow.act("verify_passcode", json!({ "code": code })).await.outline(),
            "200 password_creation"
        );
        assert!(app.mails("eve@example.com").await.is_empty());
    }

    /// The answer of the last step is not repeated for ever, nor to another request.
    async fn s112_the_document_with_the_session_is_repeated_only_for_moments(app: AppBuilder) {
        let app = app.start().await;
        let flow = app.proven(0, json!({ "email": "ada@example.com" })).await;
        assert_eq!(step(&flow, "register_password", password()).await.name(), "success");
        assert_eq!(step(&flow, "register_password", password()).await.name(), "success");
        app.clock.advance(std::time::Duration::from_secs(11));
        let late = step(&flow, "register_password", password()).await;
        assert_eq!(
            (late.outline().as_str(), late.token()),
            ("403 error operation_not_permitted_error", None)
        );
    }
}
