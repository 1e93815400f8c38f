use super::{
    fake_server::{CLOSE, FakeServer, SILENCE, Script},
    *,
};
use crate::{Language, Mailer, SendError::*, tests::example};
use lettre::transport::smtp::client::Certificate;

const STARTTLS: &[&str] = &["STARTTLS", "AUTH PLAIN LOGIN"];

fn settings(server: &FakeServer) -> SmtpSettings {
    SmtpSettings { timeout: Duration::from_secs(5), ..SmtpSettings::new("127.0.0.1", server.port) }
}

fn with_account(settings: SmtpSettings) -> SmtpSettings {
    SmtpSettings { user: Some("ada".to_owned()), password: Some("s3cret".to_owned()), ..settings }
}

async fn send(settings: SmtpSettings) -> Result<(), SendError> {
    SmtpMailer::new(settings).unwrap().send(&example(Language::En)).await
}

/// A mailer that trusts the certificate of the server, which is for `localhost`.
fn trusting(server: &FakeServer, tls: Tls) -> SmtpMailer {
    let settings = with_account(SmtpSettings { host: "localhost".to_owned(), tls, ..settings(server) });
    let certificate = Certificate::from_pem(server.certificate.as_bytes()).unwrap();
    let tls =
        TlsParameters::builder("localhost".to_owned()).add_root_certificate(certificate).build().unwrap();
    SmtpMailer(Arc::new(Inner { settings, tls: Some(tls), idle: Mutex::default() }))
}

#[tokio::test]
async fn a_mail_arrives_complete() {
    let server = FakeServer::start(Script::default()).await;
    let mut message = example(Language::ZhCn);
    message.text = "073194\n.\n..\n.dot\nä\n".to_owned();
    Mailer::Smtp(SmtpMailer::new(settings(&server)).unwrap()).send(&message).await.unwrap();
    let heard = server.heard();
    let envelope = ["MAIL FROM:<noreply@acme.example>", "RCPT TO:<ada@example.com>", "DATA"];
    assert_eq!(heard[2..5], envelope, "{heard:?}");
    assert!(heard[1].starts_with("EHLO "));
    let mails = server.mails();
    let mail = mailparse::parse_mail(mails[0].as_bytes()).unwrap();
    assert_eq!(mail.subparts[0].get_body().unwrap().replace("\r\n", "\n"), message.text);
    assert_eq!(mail.subparts[1].get_body().unwrap().replace("\r\n", "\n"), message.html);
}

#[tokio::test]
async fn mails_share_connections() {
    let server = FakeServer::start(Script::default()).await;
    let mailer = SmtpMailer::new(settings(&server)).unwrap();
    for _ in 0..60 {
        mailer.send(&example(Language::En)).await.unwrap();
    }
    assert_eq!((server.mails().len(), server.count("connect")), (60, 2));
}

#[tokio::test]
async fn a_connection_that_died_meanwhile_is_replaced() {
    let server = FakeServer::start(Script { replies: &[("NOOP", CLOSE)], ..Script::default() }).await;
    let mailer = SmtpMailer::new(settings(&server)).unwrap();
    for _ in 0..3 {
        mailer.send(&example(Language::En)).await.unwrap();
    }
    assert_eq!((server.mails().len(), server.count("connect")), (3, 3));
}

#[tokio::test]
async fn s110_every_failure_says_whether_to_try_again() {
    for (step, reply, expected) in [
        ("greeting", "554 go away", "temporary"),
        ("greeting", CLOSE, "temporary"),
        ("EHLO", "421 busy", "temporary"),
        ("EHLO", "garbage", "temporary"),
        ("MAIL", "550 sender unknown", "temporary"),
        ("RCPT", "450 try later", "temporary"),
        ("RCPT", "550 no such user", "permanent"),
        ("RCPT", CLOSE, "temporary"),
        ("DATA", "451 disk full", "temporary"),
        ("DATA", "554 no recipients", "permanent"),
        ("content", "451 greylisted", "temporary"),
        ("content", "554 looks like spam", "permanent"),
        ("content", CLOSE, "temporary"),
    ] {
        let replies: &'static [_] = Box::leak(Box::new([(step, reply)]));
        let server = FakeServer::start(Script { replies, ..Script::default() }).await;
        let error = send(settings(&server)).await.unwrap_err();
        assert_eq!(error.is_temporary(), expected == "temporary", "{step} {reply}: {error}");
        assert!(!error.to_string().contains('@') && !error.to_string().contains("073194"), "{error}");
    }
}

#[tokio::test]
async fn errors_do_not_repeat_addresses() {
    let replies = &[("RCPT", "550 <ada@example.com> unknown")];
    let server = FakeServer::start(Script { replies, ..Script::default() }).await;
    assert_eq!(send(settings(&server)).await, Err(Permanent("RCPT TO: 550".to_owned())));
}

#[tokio::test]
async fn s110_a_slow_server_costs_the_time_out_and_its_connection() {
    for step in ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "content"] {
        let replies: &'static [_] = Box::leak(Box::new([(step, SILENCE)]));
        let server = FakeServer::start(Script { replies, ..Script::default() }).await;
        let mailer =
            SmtpMailer::new(SmtpSettings { timeout: Duration::from_millis(100), ..settings(&server) })
                .unwrap();
        let error = mailer.send(&example(Language::En)).await.unwrap_err();
        assert!(error.is_temporary(), "{step}: {error}");
        assert!(
            mailer.0.idle.lock().unwrap().is_empty(),
            "{step}: a half-spoken dialogue must not be used again"
        );
    }
}

#[tokio::test]
async fn s110_no_server_is_temporary() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert!(send(SmtpSettings::new("127.0.0.1", port)).await.unwrap_err().is_temporary());
    assert!(send(SmtpSettings::new("host.invalid", 25)).await.unwrap_err().is_temporary());
}

#[tokio::test]
async fn an_impossible_message_is_not_even_tried() {
    let server = FakeServer::start(Script::default()).await;
    let mailer = SmtpMailer::new(settings(&server)).unwrap();
    let message =
        Message { to: "a@b.example\r\nRCPT TO:<eve@example.com>".to_owned(), ..example(Language::En) };
    assert!(matches!(mailer.send(&message).await, Err(Permanent(_))));
    assert_eq!(server.heard(), [""; 0]);
}

#[tokio::test]
async fn addresses_beyond_ascii_need_a_server_that_takes_them() {
    let to_joerg = Message { to: "jörg@bücher.example".to_owned(), ..example(Language::En) };
    let server = FakeServer::start(Script::default()).await;
    assert!(matches!(SmtpMailer::new(settings(&server)).unwrap().send(&to_joerg).await, Err(Permanent(_))));
    let server = FakeServer::start(Script { offers: &["SMTPUTF8", "8BITMIME"], ..Script::default() }).await;
    SmtpMailer::new(settings(&server)).unwrap().send(&to_joerg).await.unwrap();
    assert_eq!(server.count("MAIL FROM:<noreply@acme.example> SMTPUTF8 BODY=8BITMIME"), 1);
    assert_eq!(server.count("RCPT TO:<jörg@xn--bcher-kva.example>"), 1);
}

#[tokio::test]
async fn authentication_only_with_an_account_and_where_it_is_offered() {
    const PLAIN: &str = "AUTH PLAIN AGFkYQBzM2NyZXQ=";
    for (offers, account, expected) in [
        (&["AUTH PLAIN LOGIN"][..], true, &[PLAIN][..]),
        (&["AUTH LOGIN"], true, &["AUTH LOGIN", "YWRh", "czNjcmV0"]),
        (&["AUTH PLAIN LOGIN"], false, &[]),
        (&[], true, &[]),
    ] {
        let server = FakeServer::start(Script { offers, ..Script::default() }).await;
        let settings = settings(&server);
        send(if account { with_account(settings) } else { settings }).await.unwrap();
        let heard = server.heard();
        assert_eq!(heard[2..heard.len() - 4], *expected, "{heard:?}");
    }
}

#[tokio::test]
async fn a_refused_password_is_for_the_operator_to_repair() {
    let script = Script { offers: &["AUTH PLAIN"], replies: &[("AUTH", "535 no")], ..Script::default() };
    let server = FakeServer::start(script).await;
    let error = send(with_account(settings(&server))).await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
    assert!(server.mails().is_empty() && !error.to_string().contains("s3cret"));
}

#[tokio::test]
async fn s110_required_tls_is_never_given_up() {
    for replies in
        [&[][..], &[("STARTTLS", "454 not now")], &[("STARTTLS", "554 never")], &[("STARTTLS", CLOSE)]]
    {
        for (offers, tls) in
            [(&["AUTH PLAIN"][..], Tls::StartTls), (STARTTLS, Tls::StartTls), (&[], Tls::Implicit)]
        {
            let server = FakeServer::start(Script { offers, replies, ..Script::default() }).await;
            let settings = SmtpSettings { tls, timeout: Duration::from_secs(1), ..settings(&server) };
            let error = send(with_account(settings)).await.unwrap_err();
            assert!(error.is_temporary(), "{error}");
            assert_eq!(
                server.count("MAIL") + server.count("AUTH"),
                0,
                "{tls:?} {offers:?}: {:?}",
                server.heard()
            );
        }
    }
}

#[tokio::test]
async fn s110_a_failed_starttls_is_not_continued_in_clear() {
    let script = Script { offers: STARTTLS, replies: &[("STARTTLS", "454 not now")], ..Script::default() };
    let server = FakeServer::start(script).await;
    assert!(send(settings(&server)).await.unwrap_err().is_temporary());
    assert_eq!(server.count("MAIL"), 0);
}

#[test]
fn s110_a_password_never_travels_in_clear_by_itself() {
    let clear =
        |host: &str, tls| SmtpSettings { tls, ..SmtpSettings::new(host, 25) }.may_send_password_in_clear();
    assert!(!clear("mail.example.com", Tls::Auto));
    assert!(!clear("mail.example.com", Tls::StartTls) && !clear("localhost", Tls::StartTls));
    assert!(clear("localhost", Tls::Auto) && clear("127.0.0.1", Tls::Auto) && clear("::1", Tls::Auto));
    assert!(clear("mail.example.com", Tls::None), "the operator said so");
    assert!(SmtpSettings::new("mail.example.com", 465).is_implicit_tls());
    assert!(
        !SmtpSettings { tls: Tls::StartTls, ..SmtpSettings::new("mail.example.com", 465) }.is_implicit_tls()
    );
}

#[tokio::test]
async fn encrypted_when_offered_or_demanded() {
    for (tls, implicit) in [(Tls::Auto, false), (Tls::StartTls, false), (Tls::Implicit, true)] {
        let server = FakeServer::start(Script { offers: STARTTLS, implicit, ..Script::default() }).await;
        trusting(&server, tls).send(&example(Language::En)).await.unwrap();
        let heard = server.heard();
        let encrypted_from = heard.iter().position(|entry| entry == "TLS").unwrap();
        assert!(heard[encrypted_from..].iter().any(|entry| entry.starts_with("AUTH PLAIN")), "{heard:?}");
        assert!(
            !heard[..encrypted_from]
                .iter()
                .any(|entry| entry.starts_with("AUTH") || entry.starts_with("MAIL"))
        );
        assert_eq!(server.mails().len(), 1);
    }
}

#[tokio::test]
async fn an_unknown_certificate_is_refused() {
    for (tls, implicit) in [(Tls::Auto, false), (Tls::StartTls, false), (Tls::Implicit, true)] {
        let server = FakeServer::start(Script { offers: STARTTLS, implicit, ..Script::default() }).await;
        let error =
            send(SmtpSettings { tls, host: "localhost".to_owned(), ..settings(&server) }).await.unwrap_err();
        assert!(error.is_temporary(), "{error}");
        assert!(server.mails().is_empty());
    }
}

#[test]
fn settings_do_not_show_the_account() {
    let mailer = SmtpMailer::new(with_account(SmtpSettings::new("localhost", 25))).unwrap();
    assert!(!format!("{mailer:?}").contains("s3cret"));
}
