//! Identifiers that look alike (score items 96 and 121), texts that mean something to a program (93), and headers hidden in
//! data (27).

use serde_json::{Value, json};

use super::{BOTH_OPTIONAL, PASSWORD};

each_engine! {
    /// Each twin leads to the one owner or is refused before anything is sent.
    async fn s096_twins_of_an_address_have_one_owner_or_are_refused(app: AppBuilder) {
        let app = app.start().await;
        app.user("kim@example.com").create().await;
        let owner = [
            "KIM@EXAMPLE.COM",
            " kim@example.com",
            "kim@example.com ",
            "kim@example.com\r\n",
            "\u{a0}kim@example.com\u{3000}",
            "\u{212a}im@example.com", // Kelvin sign: its lower case is an ordinary k
            "kim@EXAMPLE.com\t",
        ];
        for (number, twin) in owner.into_iter().enumerate() {
            let flow = app.submit(number, json!({ "email": twin })).await;
            assert_eq!(flow.doc.outline(), "200 passcode_confirmation", "{twin:?}");
            let mails = app.mails("kim@example.com").await;
            assert_eq!(mails.len(), number + 1, "{twin:?}");
            assert!(
                mails[0].subject.starts_with("You already have an account"),
                "{twin:?}: {}",
                mails[0].subject
            );
        }
        let refused = [
            "kіm@example.com",
            "kim@еxample.com",
            "ｋｉｍ@example.com",
            "kim@ｅxample.com",
            "kim@example。com",
            "kım@example.com",
            "kİm@example.com",
            "kim\u{200b}@example.com",
            "kim@example.com\u{200b}",
            "\u{feff}kim@example.com",
            "kim@exam\u{ad}ple.com",
            "ki\u{301}m@example.com",
            "kím@example.com",
            "k\u{200d}im@example.com",
            "kim@example.com\u{0}",
            "kim\u{0}@example.com",
            "kim@bücher.example",
            "\u{202e}kim@example.com",
            "kim@example.com.",
            "kim@example.com\u{2028}x",
            "ﬀ@example.com",
        ];
        for (number, twin) in refused.into_iter().enumerate() {
            let flow = app.submit(50 + number, json!({ "email": twin })).await;
            assert_eq!(
                flow.doc.outline(),
                "400 registration_init form_data_invalid_error email=value_invalid_error",
                "{twin:?}"
            );
        }
        assert_eq!((app.queued().await, app.registered().await), (0, 0));
    }

    /// Dots and tags are other mailboxes (only their mail server knows whether they are the same): kept apart, never merged.
    async fn s096_dots_and_tags_are_addresses_of_their_own(app: AppBuilder) {
        let app = app.start().await;
        app.user("kim.lee@example.com").create().await;
        for (number, other) in
            ["kimlee@example.com", "k.imlee@example.com", "kim.lee+news@example.com"].into_iter().enumerate()
        {
            let mut flow = app.proven(number, json!({ "email": other })).await;
            flow.act("register_password", json!({ "new_password": PASSWORD })).await;
            assert_eq!(flow.doc.json["payload"]["user"]["emails"][0]["address"], other);
        }
        assert!(app.mails("kim.lee@example.com").await.is_empty());
    }

    async fn s121_look_alikes_of_the_at_sign_are_refused(app: AppBuilder) {
        let app = app.config(BOTH_OPTIONAL).start().await;
        for (number, at) in
            ["\u{ff20}", "\u{fe6b}", "(at)", "\u{200b}@", "@\u{200b}", "@\u{338}", "\u{24d0}", "@@"]
                .into_iter()
                .enumerate()
        {
            let flow = app.submit(number, json!({ "email": format!("kim{at}example.com") })).await;
            assert_eq!(
                flow.doc.outline(),
                "400 registration_init form_data_invalid_error email=value_invalid_error",
                "{at:?}"
            );
            let flow = app.submit(20 + number, json!({ "username": format!("kim{at}example") })).await;
            assert_eq!(
                flow.doc.outline(),
                "400 registration_init form_data_invalid_error username=invalid_username_error",
                "{at:?}"
            );
        }
        assert_eq!(app.queued().await, 0);
    }

    async fn s096_twins_of_a_user_name_have_one_owner_or_are_refused(app: AppBuilder) {
        let app = app.config(BOTH_OPTIONAL).start().await;
        app.user("").username("kim").create().await;
        for (number, (twin, code)) in [
            ("KIM", "username_already_exists"),
            (" kim\n", "username_already_exists"),
            ("\u{212a}im", "username_already_exists"),
            ("kіm", "invalid_username_error"),
            ("ｋｉｍ", "invalid_username_error"),
            ("kım", "invalid_username_error"),
            ("kim\u{200b}", "invalid_username_error"),
            ("ki\u{301}m", "invalid_username_error"),
            ("kim\u{0}", "invalid_username_error"),
            ("kİm", "invalid_username_error"),
            ("𝓀im", "invalid_username_error"),
            ("ki m", "invalid_username_error"),
        ]
        .into_iter()
        .enumerate()
        {
            let flow = app.submit(number, json!({ "username": twin })).await;
            assert_eq!(
                flow.doc.outline(),
                format!("400 registration_init form_data_invalid_error username={code}"),
                "{twin:?}"
            );
        }
    }

    /// What is taken as an identifier says nothing to a program; what would is refused.
    async fn s093_identifiers_that_mean_something_to_programs_are_refused(app: AppBuilder) {
        let app = app.config(BOTH_OPTIONAL).start().await;
        let texts = [
            "' OR '1'='1",
            "\"; DROP TABLE users; --",
            "<script>alert(1)</script>",
            "{{7*7}}",
            "${jndi:ldap://x.example/a}",
            "=cmd|' /C calc'!A0",
            "*)(uid=*))(|(uid=*",
            "%0d%0aSet-Cookie: a=b",
            "\u{1b}[31m",
            "../../etc/passwd",
            "$(id)",
            "`id`",
        ];
        for (number, text) in texts.into_iter().enumerate() {
            let input = json!({ "email": format!("{text}@example.com"), "username": text });
            let flow = app.submit(number, input).await;
            let outline = flow.doc.outline();
            assert!(
                outline
                    .starts_with("400 registration_init form_data_invalid_error email=value_invalid_error"),
                "{text}: {outline}"
            );
            let flow = app.submit(100 + number, json!({ "username": text })).await;
            assert_eq!(flow.doc.status, 400, "{text}");
        }
        assert_eq!((app.queued().await, app.registered().await), (0, 0));
    }

    /// Free texts (password, user agent, request header values) are stored and compared as they are, and stand in the log on
    /// one line of JSON.
    async fn s093_free_texts_are_kept_as_text(app: AppBuilder) {
        let app = app.start().await;
        let texts = [
            "'; DROP TABLE users; --",
            "<script>alert('x')</script>",
            "{{7*7}} {% raw %}",
            "${jndi:ldap://x.example/a}",
            "=cmd|' /C calc'!A0",
            "\"}, {\"level\":\"ERROR\"",
            "%s%n%x%d %0d%0a",
        ];
        for (number, text) in texts.into_iter().enumerate() {
            app.clock.advance(std::time::Duration::from_secs(1)); // for the order of the records
            let address = format!("u{number}@example.com");
            let flow = app.proven(number, json!({ "email": address })).await;
            let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "new_password": text } });
            let call = app.post(&flow.href("register_password")).json(&body).header("user-agent", text);
            let done = crate::support::Doc::new(call.await);
            assert_eq!(done.outline(), "200 success", "{text}");
            let records = app.audit().await;
            assert_eq!(records.last().unwrap().user_agent, text);
            let user = crate::support::TestUser {
                id: app.account(&address).await.unwrap().user.id,
                email: Some(address),
                username: None,
                password: Some(text.to_owned()),
                totp: None,
                recovery_codes: Vec::new(),
            };
            assert_eq!(app.sign_in(&user).await.name(), "success", "{text}");
        }
        for line in app.log.text().lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_ne!(line["level"], "ERROR", "{line}");
        }
    }

    async fn s093_the_name_of_the_service_is_escaped_in_mails(app: AppBuilder) {
        let app =
            app.config("service: { name: \"<b onload='x'>A&B</b> {{7*7}} {$x} \\\"q\\\"\" }").start().await;
        app.user("ada@example.com").create().await;
        app.submit(0, json!({ "email": "ada@example.com" })).await;
        app.submit(1, json!({ "email": "eve@example.com" })).await;
        for address in ["ada@example.com", "eve@example.com"] {
            let mail = app.mails(address).await.remove(0);
            assert!(!mail.html.contains("<b onload") && mail.html.contains("&lt;b onload"), "{}", mail.html);
            assert!(mail.html.contains("{{7*7}}") && !mail.html.contains("49"), "{}", mail.html);
            assert!(mail.text.contains("<b onload='x'>A&B</b> {{7*7}} {$x} \"q\""), "{}", mail.text);
        }
    }

    async fn s027_an_address_cannot_carry_headers(app: AppBuilder) {
        let app = app.start().await;
        for (number, address) in [
            "a@example.com\r\nBcc: eve@example.com",
            "a@example.com\nBcc: eve@example.com",
            "a\r\n@example.com",
            "a@exam\rple.com",
            "a@example.com\u{2028}Bcc: eve@example.com",
            "a@example.com\u{85}b",
            "a@example.com\u{b}b@example.com",
            "a@example.com, eve@example.com",
            "a@example.com;eve@example.com",
            "a@example.com eve@example.com",
            "Ada <a@example.com>",
            "a@example.com%0d%0aBcc: eve@example.com",
            "a@example.com\u{0}",
        ]
        .into_iter()
        .enumerate()
        {
            let flow = app.submit(number, json!({ "email": address })).await;
            assert_eq!(
                flow.doc.outline(),
                "400 registration_init form_data_invalid_error email=value_invalid_error",
                "{address:?}"
            );
        }
        assert_eq!(app.queued().await, 0);
    }

    /// Either the configuration is refused or every mail has one line of subject and one recipient.
    async fn s027_the_name_of_the_service_cannot_carry_headers(app: AppBuilder) {
        for name in [
            "Acme\\r\\nBcc: eve@example.com",
            "Acme\\nX: y",
            "Acme\\u2028Bcc: eve@example.com",
            "Acme\\u0085X: y",
            "Acme\\u202eemca",
        ] {
            let text = format!("service: {{ name: \"{name}\" }}");
            if inkan_config::Config::from_yaml(&format!(
                "{text}\nsecret_keys: [a-secret-for-tests-only-0123456789]"
            ))
            .is_err()
            {
                continue;
            }
            let app = app.clone().config(&text).start().await;
            app.user("ada@example.com").create().await;
            app.submit(0, json!({ "email": "ada@example.com" })).await;
            app.submit(1, json!({ "email": "new@example.com" })).await;
            for address in ["ada@example.com", "new@example.com"] {
                let mails = app.mails(address).await;
                assert_eq!(mails.len(), 1, "{name}");
                let breaks = |c: char| c.is_control() || "\u{2028}\u{2029}\u{202e}".contains(c);
                assert!(!mails[0].subject.contains(breaks), "{name}: {:?}", mails[0].subject);
            }
            assert!(app.mails("eve@example.com").await.is_empty(), "{name}");
        }
    }
}
