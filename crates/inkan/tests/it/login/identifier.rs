//! `login_init` (section 5.2): which identifiers are taken and where they lead.

use serde_json::{Value, json};

use super::{UNLIMITED, bare, identified, identify};

const BOTH: &str = "username: { enabled: true, acquire_on_login: false }";
const ONLY_NAMES: &str = "
username: { enabled: true, acquire_on_login: false }
email: { use_as_login_identifier: false }";
const INVALID: &str = "400 login_init form_data_invalid_error";

each_engine! {
    async fn the_input_depends_on_what_identifies(app: AppBuilder) {
        let email = json!({ "email": { "name": "email", "type": "email", "min_length": 3, "max_length": 120, "required": true } });
        let name = json!({ "username": { "name": "username", "type": "string", "min_length": 3, "max_length": 32, "required": true } });
        let either = json!({ "identifier": { "name": "identifier", "type": "string", "max_length": 255, "required": true } });
        for (config, expected) in [
            ("username: { enabled: false }", &email),
            (BOTH, &either),
            ("username: { enabled: true, use_as_login_identifier: false }", &email),
            (ONLY_NAMES, &name),
            ("{ username: { enabled: true }, email: { enabled: false } }", &name),
            ("{ username: { enabled: true, use_as_login_identifier: false }, email: { enabled: false } }", &Value::Null),
            ("{ password: { enabled: false }, email: { use_for_authentication: false } }", &Value::Null),
        ] {
            let app = app.clone().config(config).start().await;
            let flow = app.login().await;
            let inputs = &flow.doc.json["actions"]["continue_with_login_identifier"]["inputs"];
            assert_eq!((flow.doc.name(), inputs), ("login_init", expected), "{config}");
            assert_eq!(flow.doc.json["payload"], json!({}), "{config}");
            assert!(!flow.doc.actions().contains(&"back"), "{config}");
        }
    }

    async fn s002_values_of_the_address(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        app.user("ada@example.com").create().await;
        let (missing, short, long, invalid) =
            ("value_missing_error", "value_too_short_error", "value_too_long_error", "value_invalid_error");
        let mut flow = app.login().await;
        for (value, code) in [
            (json!(null), missing),
            (json!(""), missing),
            (json!(" \t\n "), missing),
            (json!(5), short),
            (json!("a@"), short),
            (json!({}), short),
            (json!(true), invalid),
            (json!(["a"]), invalid),
            (json!({ "a": "b@c.de" }), invalid),
            (json!("a@b"), invalid),
            (json!("ada"), invalid),
            (json!("ä@b.co"), invalid),
            (json!("a b@c.co"), invalid),
            (json!(format!("{}@example.com", "x".repeat(109))), long),
        ] {
            let doc = flow.act("continue_with_login_identifier", json!({ "email": value })).await;
            assert_eq!(doc.outline(), format!("{INVALID} email={code}"), "{value}");
        }
        for name in ["identifier", "username", "Email"] {
            let doc = flow.act("continue_with_login_identifier", json!({ name: "ada@example.com" })).await;
            assert_eq!(doc.outline(), format!("{INVALID} email={missing}"), "{name}");
        }
        let longest = format!("{}@example.com", "x".repeat(108));
        for value in ["ada@example.com", "  ADA@Example.COM\u{a0}", "a@b.co", &longest] {
            assert_eq!(identified(&app, value).await.doc.outline(), "200 login_method_chooser", "{value}");
        }
    }

    async fn values_of_the_user_name(app: AppBuilder) {
        let app = app.config(ONLY_NAMES).start().await;
        app.user("").username("ada").password("correct horse").create().await;
        let long = "x".repeat(33);
        for (value, outline) in [
            ("", "400 login_init form_data_invalid_error username=value_missing_error"),
            ("ab", "400 login_init form_data_invalid_error username=value_too_short_error"),
            (&long, "400 login_init form_data_invalid_error username=value_too_long_error"),
            ("nobody", "400 login_init form_data_invalid_error username=unknown_username_error"),
            ("ada@example.com", "400 login_init form_data_invalid_error username=unknown_username_error"),
            ("  ADA ", "200 login_password"),
        ] {
            assert_eq!(identified(&app, value).await.doc.outline(), outline, "{value}");
        }
    }

    async fn l30_what_is_neither_an_address_nor_a_user_name_is_invalid(app: AppBuilder) {
        let app = app.config(BOTH).start().await;
        app.user("").username("ada").password("correct horse").create().await;
        let (edge, long) = ("x".repeat(255), "x".repeat(256));
        for (value, outcome) in [
            ("", "identifier=value_missing_error"),
            (long.as_str(), "identifier=value_too_long_error"),
            ("x@y", "identifier=value_invalid_error"),
            ("a b@c.de", "identifier=value_invalid_error"),
            ("x", "identifier=unknown_username_error"),
            ("nobody", "identifier=unknown_username_error"),
            (edge.as_str(), "identifier=unknown_username_error"),
        ] {
            let flow = identified(&app, value).await;
            assert_eq!(flow.doc.outline(), format!("{INVALID} {outcome}"), "{value}");
        }
        assert_eq!(identified(&app, " ADA ").await.doc.outline(), "200 login_password");
        assert_eq!(identified(&app, "someone@example.com").await.doc.outline(), "200 login_method_chooser");
    }

    async fn remember_me_stays_and_leaves_no_trace_in_the_history(app: AppBuilder) {
        let app = app.config("session: { cookie: { retention: prompt } }").start().await;
        app.user("ada@example.com").create().await;
        let mut flow = app.login().await;
        assert_eq!(
            flow.doc.json["actions"]["remember_me"]["inputs"],
            json!({ "remember_me": { "name": "remember_me", "type": "boolean", "required": true } })
        );
        let before = bare(&flow.doc);
        for input in [json!({ "remember_me": true }), json!({ "remember_me": "yes" }), json!({}), json!({ "remember_me": [] })] {
            let doc = flow.act("remember_me", input.clone()).await;
            assert_eq!(bare(&doc), before, "{input}");
        }
        identify(&mut flow, "ada@example.com").await;
        assert_eq!(flow.act("back", json!({})).await.outline(), "200 login_init");
        assert_eq!(flow.act("back", json!({})).await.outline(), "403 error operation_not_permitted_error");
    }

    async fn remember_me_is_offered_only_where_people_are_asked(app: AppBuilder) {
        for retention in ["session", "persistent"] {
            let app = app.clone().config(&format!("session: {{ cookie: {{ retention: {retention} }} }}")).start().await;
            let mut flow = app.login().await;
            let doc = flow.act("remember_me", json!({ "remember_me": true })).await;
            assert_eq!(doc.outline(), "403 error operation_not_permitted_error", "{retention}");
        }
    }

    /// Section 5.2.2: user by configuration. Where only real methods are shown, an unknown address looks like one of an account
    /// that has every method (L9).
    async fn l09_where_an_identifier_leads(app: AppBuilder) {
        const CH: &str = "200 login_method_chooser";
        const PC: &str = "200 passcode_confirmation";
        const PW: &str = "200 login_password";
        const DEAD: &str = "500 error flow_discontinuity_error";
        const UE: &str = "400 login_init form_data_invalid_error identifier=unknown_email_error";
        const UU: &str = "400 login_init form_data_invalid_error identifier=unknown_username_error";
        let configs = [
            "{}",
            "privacy: { show_account_existence_hints: true }",
            "password: { enabled: false }",
            "email: { use_for_authentication: false }",
            "privacy: { only_show_actual_login_methods: true }",
            "privacy: { only_show_actual_login_methods: true, show_account_existence_hints: true }",
            "{ privacy: { only_show_actual_login_methods: true }, passkey: { enabled: false } }",
        ];
        let rows = [
            ("address@example.com", [CH, CH, PC, PW, PC, PC, PC]),
            ("unverified@example.com", [CH, CH, PC, PW, PC, PC, PC]),
            ("with-password@example.com", [CH, CH, PC, PW, CH, CH, CH]),
            ("name_password", [PW, PW, DEAD, PW, PW, PW, PW]),
            ("name_address", [CH, CH, PC, PW, PC, PC, PC]),
            ("name_address_password", [CH, CH, PC, PW, CH, CH, CH]),
            ("name_secondary", [PW, PW, DEAD, PW, DEAD, DEAD, DEAD]),
            ("secondary@example.com", [CH, CH, PC, PW, DEAD, DEAD, DEAD]),
            ("name_only", [PW, PW, DEAD, PW, DEAD, DEAD, DEAD]),
            ("unknown@example.com", [CH, UE, PC, PW, CH, UE, CH]),
            ("unknown", [UU; 7]),
        ];
        for (column, config) in configs.into_iter().enumerate() {
            let app = app.clone().config(BOTH).config(UNLIMITED).config(config).start().await;
            app.user("address@example.com").create().await;
            app.user("unverified@example.com").verified(false).create().await;
            app.user("with-password@example.com").password("correct horse").create().await;
            app.user("").username("name_password").password("correct horse").create().await;
            app.user("a@example.com").username("name_address").create().await;
            app.user("b@example.com").username("name_address_password").password("correct horse").create().await;
            app.user("").username("name_only").create().await;
            let without_primary = app.user("").username("name_secondary").create().await;
            super::add_address(&app, &without_primary, "secondary@example.com").await;
            for (identifier, outlines) in rows {
                let flow = identified(&app, identifier).await;
                assert_eq!(flow.doc.outline(), outlines[column], "{identifier} with {config}");
                let ended = flow.doc.status == 500;
                assert_eq!(flow.doc.actions().is_empty(), ended, "{identifier} with {config}");
                let back = flow.doc.status == 200;
                assert_eq!(flow.doc.actions().contains(&"back"), back, "{identifier} with {config}");
            }
        }
    }

    async fn user_names_work_where_addresses_are_off(app: AppBuilder) {
        let config = "{ email: { enabled: false }, username: { enabled: true } }";
        let app = app.config(config).start().await;
        app.user("ada@example.com").username("ada").password("correct horse").create().await;
        app.user("").username("bob").password("correct horse").create().await;
        assert_eq!(identified(&app, "ada").await.doc.outline(), "200 login_method_chooser");
        assert_eq!(identified(&app, "bob").await.doc.outline(), "200 login_password");
    }

    async fn l25_identifiers_can_be_probed_only_so_fast(app: AppBuilder) {
        let app = app.start().await;
        for _ in 0..inkan_auth::limits::IDENTIFIERS_PER_CLIENT {
            assert_eq!(identified(&app, "ada@example.com").await.doc.status, 200);
        }
        let mut flow = identified(&app, "ada@example.com").await;
        assert_eq!(flow.doc.outline(), "429 login_init rate_limit_exceeded");
        assert_eq!(flow.doc.json["payload"], json!({ "retry_after": 60, "resend_after": 60 }));
        assert_eq!(flow.doc.header("retry-after"), "60");
        let mut elsewhere = app.login().ip("203.0.113.2").await;
        assert_eq!(identify(&mut elsewhere, "ada@example.com").await.status, 200);
        app.clock.advance(std::time::Duration::from_mins(1));
        assert_eq!(identify(&mut flow, "ada@example.com").await.outline(), "200 login_method_chooser");
    }

    async fn l29_identifiers_in_any_case_are_the_same_ones(app: AppBuilder) {
        let app = app.config(BOTH).start().await;
        let mut flow = app.registration().await;
        let input = json!({ "email": "Ada@Example.COM", "username": "Ada_1" });
        assert_eq!(flow.act("register_login_identifier", input).await.status, 200);
        let code = app.code("ada@example.com").await;
        flow.act("verify_passcode", json!({ "code": code })).await;
        let done = flow.act("register_password", json!({ "new_password": "correct horse" })).await;
        assert_eq!(done.outline(), "200 success");
        for identifier in ["ADA@EXAMPLE.COM", "ada@example.com", "ADA_1", "ada_1"] {
            let mut flow = super::at_password(&app, identifier).await;
            let done = flow.act("password_login", json!({ "password": "correct horse" })).await;
            assert_eq!(done.outline(), "200 success", "{identifier}");
        }
    }
}
