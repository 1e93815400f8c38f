//! How values are read (spec 03, section 17), row by row, with the better outcomes that the product promises.

use serde_json::{Value, json};

use super::{BOTH_OPTIONAL, PASSWORD, USERNAME_ONLY};

each_engine! {
    async fn addresses(app: AppBuilder) {
        let app = app.start().await;
        let long = |length: usize| format!("{}@example.com", "x".repeat(length - "@example.com".len()));
        // The local part has at most 64 characters, a label of the domain 63 (RFC 5321 and 1035).
        let at = |length: usize| {
            format!("{}@{}.{}.example.com", "x".repeat(40), "y".repeat(30), "y".repeat(length - 84))
        };
        let refused: [(Value, &str); 26] = [
            (json!(""), "value_missing_error"),
            (json!("  \t "), "value_missing_error"),
            (json!(null), "value_missing_error"),
            (json!("abc"), "value_invalid_error"),
            (json!("a@b"), "value_invalid_error"),
            (json!("a@b.c"), "value_invalid_error"),
            (json!("ü@example.com"), "value_invalid_error"),
            (json!("a b@example.com"), "value_invalid_error"),
            (json!(5), "value_invalid_error"),
            (json!(true), "value_invalid_error"),
            (json!(["a"]), "value_invalid_error"),
            (json!(["a@example.com"]), "value_invalid_error"),
            (json!({}), "value_invalid_error"),
            (json!({ "email": "a@example.com" }), "value_invalid_error"),
            (json!("a..b@example.com"), "value_invalid_error"),
            (json!(".a@example.com"), "value_invalid_error"),
            (json!("a.@example.com"), "value_invalid_error"),
            (json!("a@example..com"), "value_invalid_error"),
            (json!("a@@example.com"), "value_invalid_error"),
            (json!("a@b@example.com"), "value_invalid_error"),
            (json!("@example.com"), "value_invalid_error"),
            (json!("a,b@example.com"), "value_invalid_error"),
            (json!("<a@example.com>"), "value_invalid_error"),
            (json!("\"a\"@example.com"), "value_invalid_error"),
            (json!(long(121)), "value_too_long_error"),
            (json!(at(121)), "value_too_long_error"),
        ];
        for (number, (value, code)) in refused.into_iter().enumerate() {
            let flow = app.submit(number, json!({ "email": value })).await;
            let expected = format!("400 registration_init form_data_invalid_error email={code}");
            assert_eq!(flow.doc.outline(), expected, "{value}");
        }
        let missing = app.submit(40, json!({})).await;
        assert_eq!(
            missing.doc.outline(),
            "400 registration_init form_data_invalid_error email=value_missing_error"
        );
        assert_eq!(app.queued().await, 0);

        let accepted = [
            ("  ALICE@EXAMPLE.COM ", "alice@example.com"),
            ("a@b.cd", "a@b.cd"),
            ("o_%+-9@example.com", "o_%+-9@example.com"),
            (&at(120), &at(120)),
        ];
        for (number, (given, stored)) in accepted.into_iter().enumerate() {
            let mut flow = app.submit(50 + number, json!({ "email": given })).await;
            assert_eq!(flow.doc.outline(), "200 passcode_confirmation", "{given}");
            let code = app.code(stored).await;
            flow.act("verify_passcode", json!({ "code": code })).await;
            flow.act("register_password", json!({ "new_password": PASSWORD })).await;
            assert_eq!(flow.doc.json["payload"]["user"]["emails"][0]["address"], stored, "{given}");
        }
    }

    /// What passes the pattern but not the mailer is refused too, or accepted and mailed to; never a server error.
    async fn r14_odd_addresses_are_never_a_server_error(app: AppBuilder) {
        let app = app.start().await;
        for (number, odd) in [
            "a@-.com",
            "a@-example.com",
            "a@example-.com",
            &format!("{}@example.com", "x".repeat(65)),
            "a@127.0.0.1.xy",
            &format!("a@{}.com", "y".repeat(64)),
            "%s%n@example.com",
            "-rf@example.com",
            "+@example.com",
            "_@example.com",
        ]
        .into_iter()
        .enumerate()
        {
            let flow = app.submit(number, json!({ "email": odd })).await;
            let refused = "400 registration_init form_data_invalid_error email=value_invalid_error";
            match flow.doc.outline().as_str() {
                "200 passcode_confirmation" => assert_eq!(app.mails(odd).await.len(), 1, "{odd}"),
                outline => assert_eq!(outline, refused, "{odd}"),
            }
        }
    }

    async fn usernames(app: AppBuilder) {
        let app = app.config(USERNAME_ONLY).start().await;
        let refused = [
            (json!(""), "value_missing_error"),
            (json!(null), "value_missing_error"),
            (json!("   "), "value_missing_error"),
            (json!("ab"), "value_too_short_error"),
            (json!("x".repeat(33)), "value_too_long_error"),
            (json!("a b"), "invalid_username_error"),
            (json!("a-b"), "invalid_username_error"),
            (json!("a.b"), "invalid_username_error"),
            (json!("user@host"), "invalid_username_error"),
            (json!("äöü"), "invalid_username_error"),
            (json!("١٢٣"), "invalid_username_error"),
            (json!("a\nb"), "invalid_username_error"),
            (json!("a\u{0}b"), "invalid_username_error"),
            (json!(["a", "b"]), "invalid_username_error"),
            (json!({ "a": 1 }), "invalid_username_error"),
        ];
        for (number, (value, code)) in refused.into_iter().enumerate() {
            let flow = app.submit(number, json!({ "username": value })).await;
            let expected = format!("400 registration_init form_data_invalid_error username={code}");
            assert_eq!(flow.doc.outline(), expected, "{value}");
        }
        let longest = "x".repeat(32);
        let accepted = [
            (json!("abc"), "abc"),
            (json!("a_b"), "a_b"),
            (json!("___"), "___"),
            (json!(longest), longest.as_str()),
            (json!("A_B_C"), "a_b_c"),
            (json!(" trim_me "), "trim_me"),
            (json!("abcd\n"), "abcd"),
            (json!(12345), "12345"),
            (json!(true), "true"),
        ];
        for (number, (value, stored)) in accepted.into_iter().enumerate() {
            let mut flow = app.submit(30 + number, json!({ "username": value })).await;
            assert_eq!(flow.doc.outline(), "200 password_creation", "{value}");
            flow.act("register_password", json!({ "new_password": PASSWORD })).await;
            assert_eq!(flow.doc.json["payload"]["user"]["username"]["username"], stored, "{value}");
        }
    }

    async fn all_inputs_are_checked_and_causes_are_told(app: AppBuilder) {
        let app = app.config(BOTH_OPTIONAL).start().await;
        app.user("ada@example.com").username("ada").create().await;
        let rows = [
            (
                json!({ "username": "x", "email": "bad" }),
                "email=value_invalid_error username=value_too_short_error",
            ),
            (json!({}), "email=value_invalid_error username=value_invalid_error"),
            (
                json!({ "username": " ", "email": null }),
                "email=value_invalid_error username=value_invalid_error",
            ),
            // The name is looked at first; the address stays protected.
            (json!({ "username": "ada", "email": "ada@example.com" }), "username=username_already_exists"),
            (json!({ "username": "ADA" }), "username=username_already_exists"),
        ];
        for (number, (input, errors)) in rows.into_iter().enumerate() {
            let flow = app.submit(number, input.clone()).await;
            assert_eq!(
                flow.doc.outline(),
                format!("400 registration_init form_data_invalid_error {errors}"),
                "{input}"
            );
        }
        let empty = app.submit(9, json!({})).await;
        for name in ["email", "username"] {
            let error = &super::inputs_of(&empty.doc, "register_login_identifier")[name]["error"];
            assert!(error["cause"].as_str().is_some_and(|cause| !cause.is_empty()), "{name}: {error}");
        }
        assert_eq!(app.queued().await, 0);
    }

    /// Spec 03, section 6.4 and 17; lengths in characters (spec 01, W16).
    async fn new_passwords(app: AppBuilder) {
        let required = app.clone().start().await;
        let optional = app.config("password: { optional: true }").start().await;
        let rows = [
            (json!("7 chars"), "value_too_short_error", "value_too_short_error"),
            (json!("üüüü"), "value_too_short_error", "value_too_short_error"),
            (json!("🔑🔑🔑🔑🔑🔑🔑"), "value_too_short_error", "value_too_short_error"),
            (json!(""), "value_missing_error", "value_invalid_error"),
            (json!(null), "value_missing_error", "value_invalid_error"),
            (json!(12_345_678_901_i64), "value_missing_error", "value_invalid_error"),
            (json!(true), "value_missing_error", "value_invalid_error"),
            (json!(["correct horse battery"]), "value_missing_error", "value_invalid_error"),
            (json!({ "a": "correct horse battery" }), "value_missing_error", "value_invalid_error"),
            (json!("x".repeat(73)), "value_too_long_error", "value_too_long_error"),
            (json!("ü".repeat(37)), "value_too_long_error", "value_too_long_error"),
            (json!("x".repeat(10_000)), "value_too_long_error", "value_too_long_error"),
        ];
        for (app, pick) in [(&required, 0), (&optional, 1)] {
            let mut flow = app.proven(0, json!({ "email": "ada@example.com" })).await;
            let before = flow.doc.actions().join(" ");
            for (value, when_required, when_optional) in &rows {
                let code = [when_required, when_optional][pick];
                let doc = flow.act("register_password", json!({ "new_password": value })).await;
                let expected = format!("400 password_creation form_data_invalid_error new_password={code}");
                assert_eq!(doc.outline(), expected, "optional: {pick}; {:.40}", value.to_string());
                assert_eq!(doc.actions().join(" "), before);
            }
            let missing = flow.act("register_password", json!({})).await;
            assert_eq!(missing.status, 400);
            // What was refused was not kept: no account yet, and a good one still works.
            assert!(app.account("ada@example.com").await.is_none());
            assert_eq!(
                flow.act("register_password", json!({ "new_password": PASSWORD })).await.name(),
                "success"
            );
        }
    }

    async fn remember_me_is_read_leniently(app: AppBuilder) {
        let app = app.config("session: { cookie: { retention: prompt } }").start().await;
        for (number, (value, persistent)) in [
            (json!({}), false),
            (json!({ "remember_me": "yes" }), false),
            (json!({ "remember_me": null }), false),
            (json!({ "remember_me": true }), true),
            (json!({ "remember_me": "true" }), true),
            (json!({ "remember_me": 1 }), true),
        ]
        .into_iter()
        .enumerate()
        {
            let address = format!("u{number}@example.com");
            let mut flow = app.registration().ip(&super::client(number)).await;
            assert_eq!(
                flow.act("remember_me", value.clone()).await.outline(),
                "200 registration_init",
                "{value}"
            );
            flow.act("register_login_identifier", json!({ "email": address })).await;
            let code = app.code(&address).await;
            flow.act("verify_passcode", json!({ "code": code })).await;
            let done = flow.act("register_password", json!({ "new_password": PASSWORD })).await;
            let retention = if persistent { "persistent" } else { "session" };
            assert_eq!(done.header("x-session-retention"), retention, "{value}");
            assert_eq!(done.header("set-cookie").contains("Max-Age"), persistent, "{value}");
        }
    }
}
