//! Shared by the tests of this crate: an example message and the mailbox as its users see it.

use inkan_base::Timestamp;

use crate::{Language, Mail, MailKind, Mailbox, Mailer, Message, Rendered};

pub(crate) fn example(language: Language) -> Message {
    let Rendered { subject, text, html } =
        Mail::with_code(MailKind::Login, "Acmé", "073194", 300).render(language);
    Message {
        id: "0198f0aa-1111".to_owned(),
        to: "ada@example.com".to_owned(),
        from_address: "noreply@acme.example".to_owned(),
        from_name: "Acmé, Inc.".to_owned(),
        subject,
        text,
        html,
        language,
        date: Timestamp::from_seconds(1_795_323_945),
        warning: None,
    }
}

#[tokio::test]
async fn the_mailbox_keeps_the_last_mails_newest_first() {
    let mailbox = Mailbox::new();
    let mailer = Mailer::Mailbox(mailbox.clone());
    assert!(!mailer.delivers());
    for n in 0..205 {
        mailer.send(&Message { id: format!("m{n}"), ..example(Language::En) }).await.unwrap();
    }
    mailer.send(&Message { id: "m204".to_owned(), ..example(Language::De) }).await.unwrap();
    let mails = mailbox.list();
    assert_eq!((mails.len(), mails[0].id.as_str(), mails[199].id.as_str()), (200, "m204", "m5"));
    assert!(mails[0].subject.contains("Anmeldecode"));
    assert_eq!(mailbox.find("m100").unwrap().to, "ada@example.com");
    assert!(mailbox.find("m4").is_none());
    mailbox.clear();
    assert!(mailbox.list().is_empty());
}

#[tokio::test]
async fn c35_the_mailbox_warns_after_the_code() {
    let mailbox = Mailbox::new();
    Mailer::Mailbox(mailbox.clone()).send(&example(Language::En)).await.unwrap();
    let mail = mailbox.list().remove(0);
    for body in [&mail.text, &mail.html] {
        assert!(body.rfind("not sent").unwrap() > body.rfind("073194").unwrap(), "{body}");
    }
    assert!(mail.html.trim_end().ends_with("</html>"));
    assert!(!format!("{mail:?} {mailbox:?} {:?}", example(Language::En)).contains("073194"));
}
