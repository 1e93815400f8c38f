//! The mails of a sign-in (section 8): kinds, languages, life time.

use serde_json::json;

use super::{UNLIMITED, act_with, at_passcode, at_recovery_code, identified, with_password};
use crate::support::TestApp;

const NAME: &str = "service: { name: 'Harbour & Sons' }";

/// Subject, text and HTML of the newest mail.
async fn newest(app: &TestApp, address: &str) -> (String, String, String) {
    let mail = app.mails(address).await.remove(0);
    (mail.subject, mail.text, mail.html)
}

each_engine! {
    async fn codes_stand_in_subject_and_body_and_other_mails_have_none(app: AppBuilder) {
        let app = app.config(NAME).config("username: { enabled: true }").start().await;
        app.user("login@example.com").username("login").create().await;
        app.user("recovery@example.com").username("recovery").create().await;
        for (address, recovery) in [
            ("login@example.com", false),
            ("recovery@example.com", true),
            ("nobody@example.com", false),
            ("lost@example.com", true),
        ] {
            let flow = if recovery { at_recovery_code(&app, address).await } else { at_passcode(&app, address).await };
            assert_eq!(flow.doc.status, 200);
            let (subject, text, html) = newest(&app, address).await;
            assert!(text.contains("Harbour & Sons") && html.contains("Harbour &amp; Sons"), "{text}{html}");
            let known = address.starts_with("login") || address.starts_with("recovery");
            for part in [&subject, &text] {
                assert_eq!(part.contains(|c: char| c.is_ascii_digit()), known, "{address}: {part}");
            }
            if known {
                let code = app.code(address).await;
                assert!(subject.contains(&code) && html.contains(&code), "{subject}");
                assert!(text.contains(" 5 "), "{text}");
            }
        }
        let ada = app.user("").username("ada").password("correct horse").create().await;
        for (address, has_code) in [("new@example.com", true), ("login@example.com", false)] {
            let mut flow = with_password(&app, &ada).await;
            flow.act("email_address_set", json!({ "email": address })).await;
            let (subject, text, _) = newest(&app, address).await;
            assert_eq!(subject.contains(|c: char| c.is_ascii_digit()), has_code, "{address}: {subject}");
            assert_eq!(text.contains(|c: char| c.is_ascii_digit()), has_code, "{address}: {text}");
        }
    }

    async fn mails_speak_the_language_of_the_request(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        app.user("ada@example.com").create().await;
        let mut subjects = std::collections::BTreeMap::new();
        for (header, value, language) in [
            ("x-language", "bn", "bn"),
            ("x-language", "de", "de"),
            ("x-language", "en", "en"),
            ("x-language", "fr", "fr"),
            ("x-language", "it", "it"),
            ("x-language", "nl", "nl"),
            ("x-language", "pl", "pl"),
            ("x-language", "pt-BR", "pt-BR"),
            ("x-language", "zh", "zh-CN"),
            ("x-language", "fr-CA", "fr"),
            ("x-language", "nl, de;q=0.5", "nl"),
            ("x-language", "xx", "en"),
            ("x-language", "", "en"),
            ("accept-language", "de-AT, en;q=0.8", "de"),
        ] {
            let mut flow = identified(&app, "ada@example.com").await;
            act_with(&app, &mut flow, "continue_to_passcode_confirmation", json!({}), (header, value)).await;
            let (subject, text, html) = newest(&app, "ada@example.com").await;
            assert!(html.contains(&format!("lang=\"{language}\"")), "{header} {value}: {html}");
            let code = app.code("ada@example.com").await;
            assert!(subject.contains(&code) && text.contains(&code), "{header} {value}: {subject}");
            let known = subjects.insert(language, subject.replace(&code, "…"));
            assert!(known.is_none_or(|known| known == subjects[language]), "{header} {value}");
        }
        let different: std::collections::BTreeSet<_> = subjects.values().collect();
        assert_eq!(different.len(), 9, "{subjects:#?}");
    }

    async fn validity_is_told_in_whole_minutes(app: AppBuilder) {
        for (seconds, minutes) in [(60, "1"), (90, "2"), (150, "2"), (600, "10")] {
            let app = app.clone().config(&format!("email: {{ passcode_ttl: {seconds} }}")).start().await;
            app.user("ada@example.com").create().await;
            at_passcode(&app, "ada@example.com").await;
            let (_, text, _) = newest(&app, "ada@example.com").await;
            let numbers: Vec<_> = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).collect();
            assert_eq!(numbers[1..], [minutes], "{text}");
        }
    }

    async fn without_delivery_nothing_is_sent_and_the_flow_is_the_same(app: AppBuilder) {
        let app = app.config("email_delivery: { enabled: false }").start().await;
        app.user("ada@example.com").create().await;
        let flow = at_passcode(&app, "ada@example.com").await;
        assert_eq!(flow.doc.outline(), "200 passcode_confirmation");
        assert_eq!((app.queued().await, app.mails("ada@example.com").await.len()), (0, 0));
    }

    async fn s027_a_mail_has_one_recipient_and_one_subject_line(app: AppBuilder) {
        let name = "service: { name: \"Evil\\r\\nBcc: x@example.com\" }";
        assert!(inkan_config::Config::from_yaml(name).is_err());
        let app = app.start().await;
        app.user("ada@example.com").create().await;
        at_passcode(&app, "ada@example.com").await;
        let (subject, _, _) = newest(&app, "ada@example.com").await;
        assert!(!subject.contains(['\r', '\n']), "{subject:?}");
        for hostile in ["a@example.com\r\nBcc: b@example.com", "a@example.com,b@example.com", "a@example.com\u{2028}b@c.de"] {
            let flow = identified(&app, hostile).await;
            assert_eq!(flow.doc.outline(), "400 login_init form_data_invalid_error email=value_invalid_error", "{hostile:?}");
        }
    }
}
