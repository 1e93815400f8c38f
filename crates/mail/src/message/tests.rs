use super::*;
use crate::tests::example;
use mailparse::{MailHeaderMap, ParsedMail, parse_mail};
use proptest::prelude::*;

fn header(mail: &ParsedMail<'_>, name: &str) -> String {
    let all = mail.headers.get_all_values(name);
    assert_eq!(all.len(), 1, "{name}: {all:?}");
    all.into_iter().next().unwrap()
}

#[test]
fn a_message_comes_back_as_it_went() {
    for language in Language::ALL {
        let message = example(language);
        let mime = message.to_mime().unwrap();
        assert!(mime.is_ascii() && mime.split(|byte| *byte == b'\n').all(|line| line.len() < 999));
        let mail = parse_mail(&mime).unwrap();
        assert_eq!(header(&mail, "Subject"), message.subject);
        assert_eq!(
            header(&mail, "From"),
            "\"Acmé, Inc.\" <noreply@acme.example>".replace('"', ""),
            "{language}"
        );
        assert_eq!(header(&mail, "To"), "ada@example.com");
        assert_eq!(header(&mail, "Date"), "Sun, 22 Nov 2026 05:05:45 +0000");
        assert_eq!(header(&mail, "Message-ID"), "<0198f0aa-1111@acme.example>");
        assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
        assert_eq!(header(&mail, "Content-Language"), language.tag());
        assert_eq!(header(&mail, "MIME-Version"), "1.0");
        assert_eq!(mail.ctype.mimetype, "multipart/alternative");
        let bodies: Vec<_> =
            mail.subparts.iter().map(|part| part.get_body().unwrap().replace("\r\n", "\n")).collect();
        assert_eq!(
            bodies.iter().map(|body| body.trim_end()).collect::<Vec<_>>(),
            [message.text.trim_end(), message.html.trim_end()]
        );
        let kinds: Vec<_> = mail
            .subparts
            .iter()
            .map(|part| (part.ctype.mimetype.as_str(), part.ctype.charset.as_str()))
            .collect();
        assert_eq!(kinds, [("text/plain", "utf-8"), ("text/html", "utf-8")]);
    }
}

#[test]
fn a_body_cannot_end_its_part() {
    let text = "073194\n--=_0198f0aa-1111--\n--=_0198f0aa-1111\nContent-Type: text/html\n\nevil\n";
    let mime = Message { text: text.to_owned(), ..example(Language::En) }.to_mime().unwrap();
    let mail = parse_mail(&mime).unwrap();
    assert_eq!(mail.subparts.len(), 2);
    assert_eq!(mail.subparts[0].get_body().unwrap().replace("\r\n", "\n"), text);
}

#[test]
fn every_attempt_is_the_same_message() {
    assert_eq!(example(Language::Fr).to_mime(), example(Language::Fr).to_mime());
}

#[test]
fn a_warning_stands_in_both_bodies() {
    let mime = Message { warning: Some("Only a test."), ..example(Language::En) }.to_mime().unwrap();
    let mail = parse_mail(&mime).unwrap();
    assert!(mail.subparts.iter().all(|part| part.get_body().unwrap().contains("Only a test.")));
}

#[test]
fn what_cannot_be_a_message_is_refused() {
    let with = |change: fn(&mut Message)| {
        let mut message = example(Language::En);
        change(&mut message);
        message.to_mime().unwrap_err()
    };
    assert_eq!(with(|m| m.to = "a..b@example.com".to_owned()), InvalidMessage::Recipient);
    assert_eq!(with(|m| m.to = "a@example.com, b@example.com".to_owned()), InvalidMessage::Recipient);
    assert_eq!(with(|m| m.from_address = "nobody".to_owned()), InvalidMessage::Sender);
    assert_eq!(with(|m| m.id = "<>\r\n".to_owned()), InvalidMessage::Id);
}

#[test]
fn dates_beyond_the_calendar_do_not_panic() {
    for micros in [i64::MIN, -1, 0, i64::MAX] {
        assert!(Message { date: Timestamp::from_micros(micros), ..example(Language::En) }.to_mime().is_ok());
    }
}

fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\r\n",
        "\n",
        "\r",
        "\u{2028}",
        "\u{2029}",
        "\u{85}",
        "\u{b}",
        "\0",
        "Bcc: eve@example.com",
        "\r\n\r\n.\r\n",
        "\"",
        "<",
        ">",
        ",",
        ";",
        "=?utf-8?q?=0D=0ABcc:_eve=40example.com?=",
        "ü",
        " ",
        "x",
        "\t",
        "@",
        "\r\n--=_0198f0aa-1111",
    ]);
    prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn s027_no_field_adds_a_header_or_a_recipient(name in hostile(), subject in hostile(), id in hostile(), text in hostile()) {
        let message = Message { from_name: name, subject, id: format!("i{id}"), text, ..example(Language::En) };
        let mime = message.to_mime().unwrap();
        let head_end = mime.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&mime[..head_end]).unwrap();
        let names: Vec<_> = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])).map(|line| line.split(':').next().unwrap()).collect();
        prop_assert_eq!(names, [
            "Date", "Message-ID", "From", "To", "Subject", "Auto-Submitted", "X-Auto-Response-Suppress", "Content-Language",
            "MIME-Version", "Content-Type",
        ]);
        prop_assert!(!head.replace("\r\n", "").contains(['\r', '\n']));
        prop_assert_eq!(parse_mail(&mime).unwrap().subparts.len(), 2);
    }

    #[test]
    fn s027_an_address_is_one_address_or_refused(address in hostile()) {
        if let Ok(wire) = (Message { to: address.clone(), ..example(Language::En) }).wire() {
            let head = String::from_utf8_lossy(&wire.content).into_owned();
            prop_assert!(!wire.to.to_string().contains(['\r', '\n']), "{:?}", address);
            prop_assert!(!head.to_ascii_lowercase().contains("\nbcc:"), "{:?}", address);
        }
    }
}
