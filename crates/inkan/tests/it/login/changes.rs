//! What changes while a flow is under way (L2, L4, L27): nothing is trusted that was read earlier.

use inkan_base::{TenantId, UserId, UsernameId};
use inkan_store::{StoreError, User, Username};
use serde_json::json;

use super::{
    UNLIMITED, WRONG_PASSWORD, account, add_address, at_passcode, at_password, at_recovery_code, delete,
    identified, sessions, set_hash, verify, with_passcode, with_password,
};
use crate::support::{TestApp, TestUser};

/// The account loses its addresses and what else it had; it stays the same account.
async fn strip(app: &TestApp, user: &TestUser, name: Option<&str>) {
    delete(app, user.id).await;
    let now = app.now();
    let done: Result<_, StoreError> = app
        .domain()
        .store
        .write(TenantId::DEFAULT, async |tx| tx.users().create(&User::new(user.id, now)).await)
        .await;
    done.unwrap();
    if let Some(name) = name {
        set_username(app, user.id, name).await;
    }
}

async fn set_username(app: &TestApp, user: UserId, name: &str) {
    let (id, now) = (UsernameId::random(app.domain().rng.as_ref()), app.now());
    let username =
        Username { id, user_id: user, username: name.to_owned(), created_at: now, updated_at: now };
    let done: Result<_, StoreError> =
        app.domain().store.write(TenantId::DEFAULT, async |tx| tx.usernames().create(&username).await).await;
    done.unwrap();
}

each_engine! {
    /// (a) The address changes hands between identification and password.
    async fn l02_the_password_of_a_new_owner_does_not_open_the_old_account(app: AppBuilder) {
        let app = app.start().await;
        let victim = app.user("x@example.com").password("horse of the victim").create().await;
        let mut flow = at_password(&app, "x@example.com").await;
        strip(&app, &victim, None).await;
        let attacker = app.user("attacker@example.com").password("horse of the attacker").create().await;
        add_address(&app, &attacker, "x@example.com").await;
        for password in ["horse of the attacker", "horse of the victim"] {
            let doc = flow.act("password_login", json!({ "password": password })).await;
            assert_eq!(doc.outline(), WRONG_PASSWORD, "{password}");
        }
        assert!(sessions(&app, &victim).await.is_empty() && sessions(&app, &attacker).await.is_empty());
    }

    /// (b) The account loses the address between identification and code.
    async fn l02_a_code_does_not_open_an_account_that_gave_the_address_up(app: AppBuilder) {
        let app = app.start().await;
        for recovery in [false, true] {
            let address = format!("x{recovery}@example.com");
            let victim = app.user(&address).password("correct horse").create().await;
            let mut flow =
                if recovery { at_recovery_code(&app, &address).await } else { at_passcode(&app, &address).await };
            let code = app.code(&address).await;
            strip(&app, &victim, None).await;
            let doc = verify(&mut flow, &code).await;
            assert!(doc.status >= 400 && doc.status < 500 && doc.token().is_none(), "{}", doc.json);

            assert_eq!(flow.act("resend_passcode", json!({})).await.status, 200);
            let newest = app.mails(&address).await.remove(0);
            assert!(!newest.text.contains(|c: char| c.is_ascii_digit()), "{}", newest.text);
            assert!(account(&app, &victim).await.unwrap().emails.is_empty());
            assert!(sessions(&app, &victim).await.is_empty());
        }
    }

    async fn l02_a_code_does_not_open_the_account_of_a_new_owner(app: AppBuilder) {
        let app = app.start().await;
        let old = app.user("x@example.com").create().await;
        let mut flow = at_passcode(&app, "x@example.com").await;
        let code = app.code("x@example.com").await;
        strip(&app, &old, None).await;
        let new = app.user("x@example.com").create().await;
        let doc = verify(&mut flow, &code).await;
        assert!(doc.status >= 400 && doc.token().is_none(), "{}", doc.json);
        assert!(sessions(&app, &old).await.is_empty() && sessions(&app, &new).await.is_empty());
    }

    async fn l02_an_address_that_got_an_owner_meanwhile_needs_a_new_start(app: AppBuilder) {
        let app = app.start().await;
        let mut flow = at_passcode(&app, "x@example.com").await;
        let mut password = at_password(&app, "x@example.com").await;
        let ada = app.user("x@example.com").password("correct horse").create().await;
        assert_eq!(verify(&mut flow, "123456").await.status, 400);
        let doc = password.act("password_login", json!({ "password": "correct horse" })).await;
        assert_eq!(doc.outline(), WRONG_PASSWORD);
        assert!(sessions(&app, &ada).await.is_empty());
    }

    /// What is due is judged by the account as it is when the first factor is proven.
    async fn l04_what_was_added_after_identification_is_not_asked_for(app: AppBuilder) {
        let config = "{ username: { enabled: true }, password: { acquire_on_login: always } }";
        let app = app.config(config).start().await;
        let ada = app.user("ada@example.com").create().await;
        let mut flow = at_passcode(&app, "ada@example.com").await;
        set_hash(&app, &ada, "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e").await;
        set_username(&app, ada.id, "ada").await;
        let done = verify(&mut flow, &app.code("ada@example.com").await).await;
        assert_eq!(done.outline(), "200 success");

        let bob = app.user("").username("bob").password("correct horse").create().await;
        let mut flow = at_password(&app, "bob").await;
        add_address(&app, &bob, "bob@example.com").await;
        let done = flow.act("password_login", json!({ "password": "correct horse" })).await;
        assert_eq!(done.outline(), "200 success");
    }

    async fn l04_what_was_removed_after_identification_is_asked_for(app: AppBuilder) {
        let app = app.config("username: { enabled: true }").start().await;
        let ada = app.user("ada@example.com").username("ada").password("correct horse").create().await;
        let mut flow = at_password(&app, "ada").await;
        strip(&app, &ada, Some("ada")).await;
        let hash = app.domain().passwords.hash(app.domain().rng.as_ref(), "correct horse").await.unwrap();
        set_hash(&app, &ada, &hash).await;
        let doc = flow.act("password_login", json!({ "password": "correct horse" })).await;
        assert_eq!(doc.outline(), "200 onboarding_email");
    }

    /// Two browsers of one person in the same step: the second one is not told of a broken server.
    async fn l04_two_flows_in_the_same_onboarding_step(app: AppBuilder) {
        let config = "{ username: { enabled: true }, password: { acquire_on_login: always }, email: { require_verification: false } }";
        let app = app.config(config).config(UNLIMITED).start().await;
        app.user("ada@example.com").create().await;
        let (mut one, mut two) = (with_passcode(&app, "ada@example.com").await, with_passcode(&app, "ada@example.com").await);
        assert_eq!(one.act("username_set", json!({ "username": "ada" })).await.outline(), "200 password_creation");
        assert_eq!(two.act("username_set", json!({ "username": "other" })).await.outline(), "200 password_creation");
        let done = one.act("register_password", json!({ "new_password": "correct horse" })).await;
        assert_eq!(done.outline(), "200 success");
        let second = two.act("register_password", json!({ "new_password": "another horse" })).await;
        assert!(second.status < 500, "{}", second.json);
        let mut password = at_password(&app, "ada").await;
        let first_wins = password.act("password_login", json!({ "password": "correct horse" })).await;
        assert_eq!(first_wins.outline(), "200 success");

        let bob = app.user("").username("bob").password("correct horse").create().await;
        let (mut one, mut two) = (with_password(&app, &bob).await, with_password(&app, &bob).await);
        assert_eq!(one.act("email_address_set", json!({ "email": "bob@example.com" })).await.outline(), "200 success");
        let second = two.act("email_address_set", json!({ "email": "bob2@example.com" })).await;
        assert!(second.status < 500, "{}", second.json);
    }

    /// The account disappears in every state there is.
    async fn l27_an_account_that_is_deleted_under_way_gets_no_session(app: AppBuilder) {
        let config = "{ username: { enabled: true }, password: { acquire_on_login: always } }";
        let app = app.config(config).config(UNLIMITED).start().await;
        let states = ["login_method_chooser", "login_password", "passcode_confirmation", "login_password_recovery",
            "onboarding_username", "onboarding_email", "passcode_confirmation of a new address", "password_creation"];
        for (n, state) in states.into_iter().enumerate() {
            let (address, name) = (format!("user{n}@example.com"), format!("user{n}"));
            let by_name = state.contains("onboarding_email") || state.contains("new address");
            let user = match by_name {
                true => app.user("").username(&name).password("correct horse").create().await,
                false => app.user(&address).password("correct horse").create().await,
            };
            let mut flow = match state {
                "login_method_chooser" => identified(&app, &address).await,
                "login_password" => at_password(&app, &address).await,
                "passcode_confirmation" => at_passcode(&app, &address).await,
                "login_password_recovery" => at_recovery_code(&app, &address).await,
                "password_creation" => {
                    strip_password(&app, &user, &address).await;
                    with_passcode(&app, &address).await
                }
                _ => with_password(&app, &user).await,
            };
            match state {
                "login_password_recovery" => drop(verify(&mut flow, &app.code(&address).await).await),
                "password_creation" => drop(flow.act("skip", json!({})).await),
                "passcode_confirmation of a new address" => {
                    drop(flow.act("email_address_set", json!({ "email": address })).await);
                }
                _ => {}
            }
            assert!(state.starts_with(flow.doc.name()), "{state}: {}", flow.doc.json);
            let code = if state.starts_with("passcode") { app.code(&address).await } else { String::new() };
            delete(&app, user.id).await;
            let input = json!({
                "password": "correct horse", "new_password": "correct horse", "username": "somebody",
                "email": "new@example.com", "code": code,
            });
            for _ in 0..4 {
                let Some(action) = flow.doc.actions().into_iter().find(|action| *action != "back").map(str::to_owned) else { break };
                let doc = flow.act(&action, input.clone()).await;
                assert!(doc.status < 500 && doc.token().is_none() && doc.name() != "success", "{state} {action}: {}", doc.json);
            }
            assert!(account(&app, &user).await.is_none(), "{state}");
        }
    }

    async fn l27_a_registration_cannot_be_continued_as_a_login(app: AppBuilder) {
        let app = app.start().await;
        let registration = app.registration().await;
        for action in ["register_login_identifier", "continue_with_login_identifier"] {
            let body = json!({ "csrf_token": registration.doc.csrf(), "input_data": { "email": "a@example.com" } });
            let path = format!("/login?action={action}%40{}", registration.id());
            let reply = app.post(&path).json(&body).await;
            assert_eq!(reply.status, 403, "{}", reply.text());
        }
    }
}

/// The same account without a password.
async fn strip_password(app: &TestApp, user: &TestUser, address: &str) {
    strip(app, user, None).await;
    add_address(app, user, address).await;
}
