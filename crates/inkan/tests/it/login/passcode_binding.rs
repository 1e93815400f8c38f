//! What a code is bound to: one flow, one address, one purpose (sections 5.6 and 8).

use serde_json::json;

use super::{WRONG_CODE, at_passcode, at_recovery_code, identify, other, verify, with_password};

each_engine! {
    async fn s016_the_code_of_another_flow_is_refused(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut first = at_passcode(&app, "ada@example.com").await;
        let code = app.code("ada@example.com").await;
        let mut second = at_passcode(&app, "ada@example.com").await;
        assert_eq!(app.mails("ada@example.com").await.len(), 2);
        assert_eq!(verify(&mut second, &code).await.outline(), WRONG_CODE);
        assert_eq!(verify(&mut first, &code).await.outline(), "200 success");
    }

    async fn s016_the_code_of_a_registration_does_not_sign_in(app: AppBuilder) {
        let app = app.start().await;
        let mut registration = app.registration().await;
        registration.act("register_login_identifier", json!({ "email": "new@example.com" })).await;
        let code = app.code("new@example.com").await;
        let mut login = at_passcode(&app, "new@example.com").await;
        assert_eq!(verify(&mut login, &code).await.outline(), WRONG_CODE);
        // Nor is the login a way to continue the registration.
        let body = json!({ "input_data": { "code": code }, "csrf_token": registration.doc.csrf() });
        let crossed = app.post(&format!("/login?action=verify_passcode%40{}", registration.id())).json(&body).await;
        assert_eq!(crossed.status, 403, "{}", crossed.text());
        assert_eq!(verify(&mut registration, &code).await.status, 200);
    }

    async fn s016_the_code_for_a_new_address_does_not_sign_in(app: AppBuilder) {
        let app = app.config("username: { enabled: true }").start().await;
        let ada = app.user("").username("ada").password("correct horse").create().await;
        let mut onboarding = with_password(&app, &ada).await;
        onboarding.act("email_address_set", json!({ "email": "ada@example.com" })).await;
        let code = app.code("ada@example.com").await;
        let mut login = at_passcode(&app, "ada@example.com").await;
        assert_eq!(verify(&mut login, &code).await.outline(), WRONG_CODE);
        assert_eq!(verify(&mut onboarding, &code).await.outline(), "200 success");
    }

    async fn back_keeps_the_code_and_its_count(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        let code = app.code("ada@example.com").await;
        assert_eq!(verify(&mut flow, &other(&code)).await.outline(), WRONG_CODE);
        flow.act("back", json!({})).await;
        let again = flow.act("continue_to_passcode_confirmation", json!({})).await;
        assert_eq!(again.outline(), "200 passcode_confirmation");
        assert_eq!(app.mails("ada@example.com").await.len(), 1);
        assert_eq!(verify(&mut flow, &other(&code)).await.outline(), WRONG_CODE);
        assert_eq!(verify(&mut flow, &code).await.outline(), "200 success");
    }

    async fn back_after_the_last_try_gives_a_new_code(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        let code = app.code("ada@example.com").await;
        for _ in 0..3 {
            verify(&mut flow, &other(&code)).await;
        }
        flow.act("back", json!({})).await;
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        assert_eq!(app.mails("ada@example.com").await.len(), 2);
        assert_eq!(verify(&mut flow, &app.code("ada@example.com").await).await.outline(), "200 success");
    }

    async fn another_address_gets_another_code(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        let bob = app.user("bob@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        let for_ada = app.code("ada@example.com").await;
        flow.act("back", json!({})).await;
        flow.act("back", json!({})).await;
        identify(&mut flow, "bob@example.com").await;
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        let for_bob = app.code("bob@example.com").await;
        assert_eq!(verify(&mut flow, &for_ada).await.outline(), WRONG_CODE);
        let done = verify(&mut flow, &for_bob).await;
        assert_eq!(done.json["payload"]["user"]["id"], bob.id.to_string());
    }

    /// A code for signing in and one for a recovery prove the same: control of the mailbox.
    async fn recovery_and_login_of_one_address_share_the_code(app: AppBuilder) {
        let app = app.start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        let mut flow = at_recovery_code(&app, "ada@example.com").await;
        let code = app.code("ada@example.com").await;
        for _ in 0..2 {
            flow.act("back", json!({})).await;
        }
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        assert_eq!(app.mails("ada@example.com").await.len(), 1);
        let done = verify(&mut flow, &code).await;
        assert_eq!(done.json["payload"]["last_login"]["login_method"], "passcode", "{}", done.json);

        let mut flow = at_passcode(&app, "ada@example.com").await;
        let code = app.code("ada@example.com").await;
        flow.act("back", json!({})).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
        assert_eq!(verify(&mut flow, &code).await.outline(), "200 login_password_recovery");
    }

    async fn the_code_goes_to_the_address_that_was_typed(app: AppBuilder) {
        let app = app.config("username: { enabled: true }").start().await;
        let ada = app.user("ada@example.com").username("ada").create().await;
        super::add_address(&app, &ada, "second@example.com").await;
        for (identifier, address) in
            [("ada", "ada@example.com"), ("ada@example.com", "ada@example.com"), ("second@example.com", "second@example.com")]
        {
            let mut flow = at_passcode(&app, identifier).await;
            let done = verify(&mut flow, &app.code(address).await).await;
            assert_eq!(done.outline(), "200 success", "{identifier}");
            assert_eq!(done.json["payload"]["claims"]["email"]["address"], "ada@example.com");
        }
        // It is verified by that.
        let account = super::account(&app, &ada).await.unwrap();
        assert!(account.emails.iter().all(|email| email.verified), "{:?}", account.emails);
    }
}
