use super::*;
use fluent_syntax::{ast, parser};
use std::collections::{BTreeMap, BTreeSet};

const CODE: &str = "073194";

fn example(kind: MailKind) -> Mail {
    Mail {
        code: kind.has_code().then(|| CODE.to_owned()),
        ttl_seconds: Some(300),
        new_address: Some("new@example.com".to_owned()),
        old_address: Some("old@example.com".to_owned()),
        deleted_address: Some("gone@example.com".to_owned()),
        ..Mail::new(kind, "Acme & Söhne")
    }
}

/// The first run of at least six digits, as a program that looks for the code would take it.
fn first_six_digits(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let at = bytes.windows(6).position(|window| window.iter().all(u8::is_ascii_digit))?;
    text.get(at..at + 6)
}

/// The HTML as read by a person: without tags and head.
fn visible(html: &str) -> String {
    let body = html.split_once("</head>").unwrap().1;
    body.split('<').map(|piece| piece.split_once('>').map_or("", |(_, text)| text)).collect()
}

#[test]
fn every_mail_in_every_language_says_what_it_must() {
    for language in Language::ALL {
        for kind in MailKind::ALL {
            let Rendered { subject, text, html } = example(kind).render(language);
            let at = format!("{language} {kind}: {subject}\n{text}\n{html}");
            assert!(!subject.is_empty() && !subject.contains('\n'), "{at}");
            assert!(text.contains("Acme & Söhne") && html.contains("Acme &amp; Söhne"), "{at}");
            assert!(html.contains(&format!("<html lang=\"{language}\" dir=\"ltr\">")), "{at}");
            assert!(html.contains(&format!("<title>{}</title>", minijinja::HtmlEscape(&subject))), "{at}");
            for foreign in ["{", "}", "http", "href", "src=", "url(", "$", "\u{2068}"] {
                assert!(!format!("{subject}{text}{html}").contains(foreign), "{foreign} in {at}");
            }
            let expected: &[&str] = match kind {
                MailKind::PrimaryEmailUpdate => &["old@example.com", "new@example.com"],
                MailKind::EmailCreate => &["new@example.com"],
                MailKind::EmailDelete => &["gone@example.com"],
                kind if kind.has_code() => &[CODE, "5"],
                _ => &[],
            };
            assert!(
                expected.iter().all(|value| text.contains(value) && visible(&html).contains(value)),
                "{at}"
            );
        }
    }
}

#[test]
fn c35_the_first_six_digits_are_the_code() {
    for language in Language::ALL {
        for kind in MailKind::ALL.into_iter().filter(|kind| kind.has_code()) {
            for service in ["Acme", "Studio 112233", "20260101 ٠١٢٣٤٥"] {
                let mail = Mail { service_name: service.to_owned(), ..example(kind) }.render(language);
                for text in [&mail.subject, &mail.text, &mail.html, &visible(&mail.html)] {
                    assert_eq!(first_six_digits(text), Some(CODE), "{language} {kind}: {text}");
                }
                assert!(mail.html.contains(&format!(">{service}</h1>")), "{}", mail.html);
            }
        }
    }
}

#[test]
fn mails_without_code_never_show_one() {
    for kind in MailKind::ALL.into_iter().filter(|kind| !kind.has_code()) {
        for language in Language::ALL {
            let mail = Mail { code: Some(CODE.to_owned()), ..example(kind) }.render(language);
            assert!(![mail.subject, mail.text, mail.html].concat().contains(CODE), "{language} {kind}");
        }
    }
}

#[test]
fn minutes_are_rounded_half_to_even_and_never_zero() {
    for (seconds, expected) in [
        (0, 1),
        (1, 1),
        (29, 1),
        (30, 1),
        (60, 1),
        (89, 1),
        (90, 2),
        (91, 2),
        (149, 2),
        (150, 2),
        (151, 3),
        (300, 5),
    ] {
        assert_eq!(minutes(seconds), expected, "{seconds}");
    }
    let validity = |ttl| Mail::with_code(MailKind::Login, "Acme", CODE, ttl).render(Language::Pl).text;
    for (ttl, expected) in [(60, "1 minutę."), (180, "3 minuty."), (300, "5 minut."), (1320, "22 minuty.")] {
        assert!(validity(ttl).contains(expected), "{}", validity(ttl));
    }
}

#[test]
fn s093_foreign_text_stays_text() {
    let hostile = "<script>alert(1)</script> {{ 7*7 }} { $code } \"'&";
    let mail =
        Mail { service_name: hostile.to_owned(), ..example(MailKind::PasswordUpdate) }.render(Language::En);
    assert!(mail.text.contains(hostile), "not escaped in plain text: {}", mail.text);
    assert!(!mail.html.contains("<script>") && mail.html.contains("&lt;script&gt;"), "{}", mail.html);
    assert!(!mail.html.contains("49"));
}

#[test]
fn s027_foreign_text_stays_on_its_line() {
    let mail = Mail {
        service_name: "Acme\r\nBcc: a@b.c\u{2028}x\u{85}y\u{202e}z".to_owned(),
        ..example(MailKind::MfaCreate)
    };
    let rendered = mail.render(Language::En);
    assert_eq!(rendered.subject, "A second factor was added to your Acme  Bcc: a@b.c x yz account");
    assert_eq!(
        rendered.text.lines().count(),
        example(MailKind::MfaCreate).render(Language::En).text.lines().count()
    );
}

#[test]
fn every_language_has_every_text_with_the_same_values() {
    let english = messages(Language::En);
    for language in Language::ALL {
        assert_eq!(messages(language), english, "{language}");
    }
    for kind in MailKind::ALL {
        let key = kind.as_str().replace('_', "-");
        assert!(
            english.contains_key(&format!("{key}-subject")) && english.contains_key(&format!("{key}-body"))
        );
    }
    for (key, values) in &english {
        let known = ["service", "code", "minutes", "new", "old", "deleted"];
        assert!(values.iter().all(|value| known.contains(&value.as_str())), "{key}");
    }
}

/// Every message of a language with the values it uses.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let resource = parser::parse(catalogue::source(language))
        .unwrap_or_else(|(_, errors)| panic!("{language}: {errors:?}"));
    let entries = resource.body.into_iter().filter_map(|entry| match entry {
        ast::Entry::Message(message) => {
            Some((message.id.name.to_owned(), variables(&message.value.unwrap())))
        }
        _ => None,
    });
    let mut messages = BTreeMap::new();
    for (key, values) in entries {
        assert!(messages.insert(key.clone(), values).is_none(), "{language}: {key} twice");
    }
    messages
}

fn variables(pattern: &ast::Pattern<&str>) -> BTreeSet<String> {
    let of_inline = |inline: &ast::InlineExpression<&str>| match inline {
        ast::InlineExpression::VariableReference { id } => id.name.to_owned(),
        other => panic!("{other:?}"),
    };
    let mut found = BTreeSet::new();
    for element in &pattern.elements {
        match element {
            ast::PatternElement::TextElement { .. } => {}
            ast::PatternElement::Placeable { expression: ast::Expression::Inline(inline) } => {
                found.insert(of_inline(inline));
            }
            ast::PatternElement::Placeable { expression: ast::Expression::Select { selector, variants } } => {
                found.insert(of_inline(selector));
                found.extend(variants.iter().flat_map(|variant| variables(&variant.value)));
            }
        }
    }
    found
}

#[test]
fn names_are_stable_on_the_wire() {
    for kind in MailKind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
    for language in Language::ALL {
        assert_eq!(serde_json::to_value(language).unwrap(), language.tag());
        assert_eq!(Language::negotiate(Some(language.tag()), None), language);
    }
    assert_eq!(MailKind::MfaDelete.webhook_type(), "security_notification");
    assert_eq!(MailKind::EmailLoginAttempted.webhook_type(), "email_login_attempted");
    let mail = example(MailKind::Login);
    assert_eq!(serde_json::from_value::<Mail>(serde_json::to_value(&mail).unwrap()).unwrap(), mail);
    assert!(!format!("{mail:?}").contains(CODE));
}
