//! What the first screens offer (spec 03, sections 3 and 4.2), and what happens to those who do not ask (s011).

use serde_json::{Value, json};

use super::{PASSWORD, USERNAME_ONLY, client, inputs_of};

fn email(required: bool) -> Value {
    json!({ "name": "email", "type": "email", "max_length": 120, "required": required })
}

fn username(required: bool) -> Value {
    json!({ "name": "username", "type": "string", "min_length": 3, "max_length": 32, "required": required })
}

/// The captured table of spec 03, section 4.2: settings of `email`, of `username`, the inputs.
fn captured() -> [(&'static str, &'static str, Option<Value>); 8] {
    [
        ("enabled: true", "enabled: false", Some(json!({ "email": email(true) }))),
        (
            "enabled: true",
            "enabled: true",
            Some(json!({ "email": email(true), "username": username(false) })),
        ),
        (
            "enabled: true",
            "enabled: true, optional: false",
            Some(json!({ "email": email(true), "username": username(true) })),
        ),
        (
            "optional: true",
            "enabled: true",
            Some(json!({ "email": email(false), "username": username(false) })),
        ),
        (
            "acquire_on_registration: false",
            "enabled: true, optional: false",
            Some(json!({ "username": username(true) })),
        ),
        (
            "enabled: true",
            "enabled: true, acquire_on_registration: false",
            Some(json!({ "email": email(true) })),
        ),
        ("acquire_on_registration: false", "enabled: true, acquire_on_registration: false", None),
        (
            "enabled: true, max_length: 50",
            "enabled: true, min_length: 5, max_length: 40",
            Some(json!({
                "email": { "name": "email", "type": "email", "max_length": 50, "required": true },
                "username": { "name": "username", "type": "string", "min_length": 5, "max_length": 40, "required": false },
            })),
        ),
    ]
}

each_engine! {
    /// Spec 03, section 3: nothing is ever rejected, and what was claimed does not change what e-mail and password need.
    async fn capabilities_are_read_leniently(app: AppBuilder) {
        let app = app.start().await;
        for (number, value) in [
            json!(true),
            json!(false),
            json!("T"),
            json!("1"),
            json!("yes"),
            json!(0),
            json!(-0.5),
            json!(null),
            json!([true]),
            json!({ "a": 1 }),
            json!("x".repeat(5000)),
        ]
        .into_iter()
        .enumerate()
        {
            let mut flow = app.registration().ip(&client(number)).without_preflight().await;
            let inputs = inputs_of(&flow.doc, "register_client_capabilities");
            assert_eq!(
                inputs["webauthn_available"],
                json!({
                    "name": "webauthn_available", "type": "boolean", "required": true, "hidden": true,
                })
            );
            for name in
                ["webauthn_conditional_mediation_available", "webauthn_platform_authenticator_available"]
            {
                assert_eq!(inputs[name], json!({ "name": name, "type": "boolean", "hidden": true }));
            }
            let input =
                json!({ "webauthn_available": value, "webauthn_platform_authenticator_available": value });
            let doc = flow.act("register_client_capabilities", input).await;
            assert_eq!(doc.outline(), "200 registration_init", "{value}");
            assert_eq!(doc.json["payload"], json!({}), "{value}");
            let again = flow.act("register_client_capabilities", json!({})).await;
            assert_eq!(again.outline(), "403 error operation_not_permitted_error", "they cannot be changed");
        }
    }

    async fn inputs_follow_the_configuration(app: AppBuilder) {
        for (email, username, expected) in captured() {
            let app = app
                .clone()
                .config(&format!("email: {{ {email} }}\nusername: {{ {username} }}"))
                .start()
                .await;
            let flow = app.registration().await;
            assert_eq!(flow.doc.json["payload"], json!({}), "{email} / {username}");
            match expected {
                Some(inputs) => {
                    assert_eq!(
                        flow.doc.actions(),
                        ["register_login_identifier"],
                        "no way back: {email} / {username}"
                    );
                    assert_eq!(
                        inputs_of(&flow.doc, "register_login_identifier"),
                        &inputs,
                        "{email} / {username}"
                    );
                }
                None => assert_eq!(flow.doc.actions(), [""; 0], "{email} / {username}"),
            }
        }
    }

    async fn s011_what_is_switched_off_is_refused_when_called_directly(app: AppBuilder) {
        let rows = [
            (
                "account: { allow_signup: false }",
                "register_login_identifier",
                json!({ "email": "a@example.com" }),
            ),
            (
                "email: { acquire_on_registration: false }\nusername: { enabled: true, acquire_on_registration: false }",
                "register_login_identifier",
                json!({ "email": "a@example.com", "username": "ada" }),
            ),
            ("{}", "remember_me", json!({ "remember_me": true })),
            ("{}", "thirdparty_oauth", json!({ "provider": "google", "redirect_to": "https://a.example" })),
            ("{}", "register_password", json!({ "new_password": PASSWORD })),
            ("{}", "verify_passcode", json!({ "code": "000000" })),
            ("{}", "resend_passcode", json!({})),
            ("{}", "skip", json!({})),
            ("{}", "back", json!({})),
            ("{}", "no_such_action", json!({})),
        ];
        for (config, action, input) in rows {
            let app = app.clone().config(config).start().await;
            let mut flow = app.registration().await;
            assert!(!flow.doc.actions().contains(&action), "{action} is on offer");
            let refused = flow.act(action, input).await;
            assert_eq!(refused.outline(), "403 error operation_not_permitted_error", "{config}: {action}");
            assert_eq!((refused.actions(), refused.csrf()), (vec![], ""), "{config}: {action}");
            assert_eq!((app.queued().await, app.registered().await), (0, 0), "{config}: {action}");
        }
    }

    async fn s011_passwords_that_are_switched_off_are_not_taken_in_later_steps(app: AppBuilder) {
        let app = app.config("password: { enabled: false }").start().await;
        let mut flow = app.submit(0, json!({ "email": "ada@example.com" })).await;
        let refused = flow.act("register_password", json!({ "new_password": PASSWORD })).await;
        assert_eq!(refused.outline(), "403 error operation_not_permitted_error");
        let code = app.code("ada@example.com").await;
        assert_eq!(flow.act("verify_passcode", json!({ "code": code })).await.outline(), "200 success");
        assert!(app.account("ada@example.com").await.unwrap().password.is_none());
    }

    /// Signing up was switched off while somebody was at it.
    async fn s011_a_registration_under_way_ends_when_signing_up_is_switched_off(app: AppBuilder) {
        let app = app.start().await;
        let flow = app.proven(0, json!({ "email": "ada@example.com" })).await;
        let (href, csrf) = (flow.href("register_password"), flow.doc.csrf().to_owned());
        let app = app.stop().await.config("account: { allow_signup: false }").start().await;
        let body = json!({ "csrf_token": csrf, "input_data": { "new_password": PASSWORD } });
        let doc = crate::support::Doc::new(app.post(&href).json(&body).await);
        assert_eq!((doc.status, doc.name()), (403, "error"), "{}", doc.json);
        assert!(app.account("ada@example.com").await.is_none());
    }

    async fn s011_existing_accounts_sign_in_while_signing_up_is_switched_off(app: AppBuilder) {
        let app = app.config("account: { allow_signup: false }").start().await;
        let ada = app.user("ada@example.com").password(PASSWORD).create().await;
        assert_eq!(app.sign_in(&ada).await.name(), "success");
        assert_eq!(app.registration().await.doc.actions(), [""; 0]);
    }

    /// Spec 03, section 4.3: an input that is not on offer has no effect, not even on the "nothing was given" test.
    async fn r04_unsolicited_identifiers_are_ignored(app: AppBuilder) {
        let email_only = app.clone().config("email: { optional: true }").start().await;
        let mut flow = email_only.registration().await;
        let empty = flow.act("register_login_identifier", json!({ "email": "", "username": "ada" })).await;
        assert_eq!(
            empty.outline(),
            "400 registration_init form_data_invalid_error email=value_invalid_error"
        );
        let good = flow
            .act("register_login_identifier", json!({ "email": "ada@example.com", "username": "Ada L." }))
            .await;
        assert_eq!(good.outline(), "200 passcode_confirmation");

        let app = app.config(USERNAME_ONLY).start().await;
        let mut flow = app.submit(0, json!({ "email": "bob@example.com", "username": "bob" })).await;
        assert_eq!(flow.doc.outline(), "200 password_creation");
        flow.act("register_password", json!({ "new_password": PASSWORD })).await;
        let bob = app.account("bob").await.unwrap();
        assert!(bob.emails.is_empty() && app.account("bob@example.com").await.is_none());
        assert_eq!(app.queued().await, 0);
    }
}
