//! What follows the identifiers (spec 03, sections 4.5 and 15.1 to 15.2, clients without passkeys): which steps, where `skip`
//! and `back` are offered, and that no account ends without a way to sign in.

use serde_json::json;

use super::{BOTH_OPTIONAL, PASSWORD, USERNAME_ONLY};
use crate::support::{Flow, TestApp};

/// A state as the tables of spec 03, section 15, write it: `PW`, with `b` and `s` for `back` and `skip`.
fn mark(flow: &Flow<'_>) -> String {
    let name = match flow.doc.name() {
        "passcode_confirmation" => "PC",
        "password_creation" => "PW",
        "success" => "OK",
        other => other,
    };
    let offered = |action: &str| flow.doc.actions().contains(&action);
    format!("{name}{}{}", if offered("back") { "b" } else { "" }, if offered("skip") { "s" } else { "" })
}

/// Walks a registration to its end; `skip`s what can be skipped, or completes everything.
async fn walk(app: &TestApp, number: usize, identifiers: serde_json::Value, skip: bool) -> String {
    let mut flow = app.submit(number, identifiers.clone()).await;
    let mut marks = vec![mark(&flow)];
    while flow.doc.name() != "success" && marks.len() < 5 {
        assert_eq!(flow.doc.status, 200, "{}", flow.doc.json);
        match flow.doc.name() {
            "passcode_confirmation" => {
                let code = app.code(identifiers["email"].as_str().unwrap()).await;
                flow.act("verify_passcode", json!({ "code": code })).await;
            }
            _ if skip && flow.doc.actions().contains(&"skip") => drop(flow.act("skip", json!({})).await),
            _ => drop(flow.act("register_password", json!({ "new_password": PASSWORD })).await),
        }
        marks.push(mark(&flow));
    }
    marks.join(" ")
}

each_engine! {
    /// Section 15.1, last sentence, for every setting of passkeys: they do not matter to a client without them.
    async fn with_a_verified_address(app: AppBuilder) {
        let rows = [
            ("acquire_on_registration: always, optional: false", "PCb PW OK", "PCb PW OK"),
            ("acquire_on_registration: always, optional: true", "PCb PWs OK", "PCb PWs OK"),
            ("acquire_on_registration: conditional, optional: false", "PCb PW OK", "PCb PW OK"),
            ("acquire_on_registration: conditional, optional: true", "PCb PWs OK", "PCb PWs OK"),
            ("acquire_on_registration: never, optional: false", "PCb OK", "PCb OK"),
            ("acquire_on_registration: never, optional: true", "PCb OK", "PCb OK"),
            ("enabled: false", "PCb OK", "PCb OK"),
        ];
        for (password, complete, skipped) in rows {
            for passkey in ["{ acquire_on_registration: always }", "{ enabled: false }"] {
                let config = format!("{{ password: {{ {password} }}, passkey: {passkey} }}");
                let app = app.clone().config(&config).start().await;
                let user = |name: &str| json!({ "email": format!("{name}@example.com") });
                assert_eq!(walk(&app, 1, user("ada"), false).await, complete, "{config}");
                assert_eq!(walk(&app, 2, user("bob"), true).await, skipped, "{config}");
            }
        }
    }

    /// Without verification the first step can go back to the identifiers.
    async fn with_an_unverified_address(app: AppBuilder) {
        let rows = [
            ("optional: false", "PWb OK"),
            ("optional: true", "PWbs OK"),
            ("acquire_on_registration: never", "OK"),
            ("enabled: false", "OK"),
        ];
        for (password, expected) in rows {
            let config =
                format!("{{ password: {{ {password} }}, email: {{ require_verification: false }} }}");
            let app = app.clone().config(&config).start().await;
            for (number, skip) in [false, true].into_iter().enumerate() {
                let user = json!({ "email": format!("u{number}@example.com") });
                assert_eq!(walk(&app, number, user, skip).await, expected, "{config}");
                let account = app.account(&format!("u{number}@example.com")).await.unwrap();
                assert!(!account.emails[0].verified, "{config}");
            }
            assert_eq!(app.queued().await, 0, "{config}: nobody asked for a code");
        }
    }

    /// Section 15.2, column "WebAuthn no". The peer makes accounts without credential in most rows; here a password is asked
    /// for whenever there is no other way in, and then it cannot be skipped (section 20, items 3 and 4).
    async fn r04_a_user_name_alone_needs_a_password(app: AppBuilder) {
        for passkey in [
            "acquire_on_registration: always",
            "acquire_on_registration: conditional",
            "acquire_on_registration: never",
            "enabled: false",
        ] {
            for (acquire, optional) in [
                ("always", true),
                ("always", false),
                ("conditional", true),
                ("conditional", false),
                ("never", true),
                ("never", false),
            ] {
                let config = format!(
                    "{{ passkey: {{ {passkey} }}, password: {{ acquire_on_registration: {acquire}, optional: {optional} }} }}"
                );
                let app = app.clone().config(USERNAME_ONLY).config(&config).start().await;
                for (number, skip) in [false, true].into_iter().enumerate() {
                    let user = json!({ "username": format!("user{number}") });
                    assert_eq!(walk(&app, number, user, skip).await, "PWb OK", "{config}");
                    let account = app.account(&format!("user{number}")).await.unwrap();
                    assert!(account.password.is_some(), "{config}");
                }
            }
        }
    }

    /// The same where user names are used beside addresses that are no way in.
    async fn r04_an_address_that_is_no_way_in_does_not_replace_a_password(app: AppBuilder) {
        let optional = "password: { optional: true }";
        let rows = [
            ("use_for_authentication: false", json!({ "email": "a@example.com" }), "PCb PW OK"),
            (
                "use_for_authentication: false",
                json!({ "email": "b@example.com", "username": "bob" }),
                "PCb PW OK",
            ),
            (
                "use_as_login_identifier: false",
                json!({ "email": "c@example.com", "username": "cem" }),
                "PCb PW OK",
            ),
            ("use_as_login_identifier: false", json!({ "username": "dan" }), "PWb OK"),
            (
                "use_for_authentication: true",
                json!({ "email": "e@example.com", "username": "eve" }),
                "PCb PWs OK",
            ),
            ("use_for_authentication: true", json!({ "username": "fay" }), "PWb OK"),
        ];
        for (number, (email, identifiers, expected)) in rows.into_iter().enumerate() {
            let app = app
                .clone()
                .config(BOTH_OPTIONAL)
                .config(optional)
                .config(&format!("email: {{ {email} }}"))
                .start()
                .await;
            assert_eq!(
                walk(&app, number, identifiers.clone(), true).await,
                expected,
                "{email}: {identifiers}"
            );
        }
    }

    /// No configuration and no input leads to an account that nobody can enter.
    async fn r04_no_account_without_a_way_to_sign_in(app: AppBuilder) {
        let rows = [
            // Only passkeys, and a client that has none.
            ("password: { enabled: false }", USERNAME_ONLY, json!({ "username": "ada" })),
            (
                "{ password: { enabled: false }, email: { use_for_authentication: false } }",
                "{}",
                json!({ "email": "ada@example.com" }),
            ),
            (
                "email: { use_as_login_identifier: false, require_verification: false }",
                "{}",
                json!({ "email": "ada@example.com" }),
            ),
            ("username: { use_as_login_identifier: false }", USERNAME_ONLY, json!({ "username": "ada" })),
        ];
        for (config, base, identifiers) in rows {
            let app = app.clone().config(base).config(config).start().await;
            let mut flow = app.submit(0, identifiers.clone()).await;
            for (action, input) in
                [("skip", json!({})), ("register_password", json!({ "new_password": PASSWORD }))]
            {
                assert_ne!(flow.doc.name(), "success", "{config}: {identifiers}");
                assert!(flow.doc.token().is_none(), "{config}: {identifiers}");
                flow.act(action, input).await;
            }
            assert_ne!(flow.doc.name(), "success", "{config}");
            for identifier in ["ada", "ada@example.com"] {
                assert!(app.account(identifier).await.is_none(), "{config}: {identifiers}");
            }
        }
    }

    /// Section 6.6 and section 20, item 3: errors do not change what may be skipped.
    async fn r03_skip_does_not_appear_after_a_rejected_password(app: AppBuilder) {
        let app = app.config(USERNAME_ONLY).config("password: { optional: true }").start().await;
        let mut flow = app.submit(0, json!({ "username": "ada" })).await;
        for password in ["", "short", "password1", &"x".repeat(100)] {
            let doc = flow.act("register_password", json!({ "new_password": password })).await;
            assert_eq!(
                (doc.status, doc.actions()),
                (400, vec!["back", "register_password"]),
                "{password:.9}"
            );
        }
        let skipped = flow.act("skip", json!({})).await;
        assert_eq!(skipped.outline(), "403 error operation_not_permitted_error");
        assert!(app.account("ada").await.is_none());
        // It does not disappear either, where it is allowed.
        assert_eq!(
            flow.act("register_password", json!({ "new_password": PASSWORD })).await.name(),
            "success"
        );
    }

    async fn r03_skip_stays_after_a_rejected_password(app: AppBuilder) {
        let app = app.config("password: { optional: true }").start().await;
        let mut flow = app.proven(0, json!({ "email": "ada@example.com" })).await;
        let doc = flow.act("register_password", json!({ "new_password": "short" })).await;
        assert_eq!(doc.actions(), ["register_password", "skip"]);
        assert_eq!(flow.act("skip", json!({})).await.outline(), "200 success");
        assert!(app.account("ada@example.com").await.unwrap().password.is_none());
    }

    /// `back` from the password returns to the identifiers, which can be changed; nothing of the first ones is kept.
    async fn identifiers_can_be_changed_with_back(app: AppBuilder) {
        let app = app.config(USERNAME_ONLY).start().await;
        let mut flow = app.submit(0, json!({ "username": "ada" })).await;
        assert_eq!(flow.act("back", json!({})).await.outline(), "200 registration_init");
        assert_eq!(
            flow.act("register_login_identifier", json!({ "username": "bob" })).await.name(),
            "password_creation"
        );
        let done = flow.act("register_password", json!({ "new_password": PASSWORD })).await;
        assert_eq!(done.json["payload"]["claims"]["username"], "bob");
        assert!(app.account("ada").await.is_none());
    }
}
