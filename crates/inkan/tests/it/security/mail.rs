//! s110: a mail server that is away, slow or refuses. The flow answers at once; the mail waits, is tried again and is given
//! up when its code has expired.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use inkan_base::TenantId;
use inkan_store::{OutboxMessage, OutboxState, StoreError};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use crate::support::{Doc, TestApp};

/// What the mail server does.
#[derive(Clone, Copy)]
enum Mood {
    Accept,
    /// Accepts the connection and says nothing.
    Silent,
    /// 451 to every recipient.
    Later,
    /// 550 to every recipient.
    Never,
}

/// A mail server on a real socket.
struct MailServer {
    port: u16,
    mood: Arc<AtomicU8>,
    mails: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, mood: Arc::new(AtomicU8::new(mood as u8)), mails: Arc::default() };
        let (mood, mails) = (server.mood.clone(), server.mails.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away in the middle is no trouble of the server.
                tokio::spawn(serve(stream, mood.clone(), mails.clone()));
            }
        });
        server
    }

    fn becomes(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::SeqCst);
    }

    fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }

    fn settings(&self) -> String {
        settings(self.port)
    }
}

fn settings(port: u16) -> String {
    format!(
        "email_delivery: {{ from_address: id@example.com, smtp: {{ host: 127.0.0.1, port: {port}, tls: none }} }}"
    )
}

async fn serve(
    stream: TcpStream,
    mood: Arc<AtomicU8>,
    mails: Arc<Mutex<Vec<String>>>,
) -> std::io::Result<()> {
    let is = |wanted: Mood| mood.load(Ordering::SeqCst) == wanted as u8;
    while is(Mood::Silent) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mx\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let reply = match verb.as_str() {
            "RCPT" if is(Mood::Later) => "451 later",
            "RCPT" if is(Mood::Never) => "550 nobody",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    mail.push_str(&line);
                    mail.push('\n');
                }
                mails.lock().unwrap().push(mail);
                "250 ok"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        write.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
    Ok(())
}

/// Asks for a code and says how long the answer took.
async fn ask(app: &TestApp) -> (Doc, Duration) {
    let mut flow = app.login().await;
    flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
    let started = Instant::now();
    (flow.act("continue_to_passcode_confirmation", json!({})).await, started.elapsed())
}

async fn queue(app: &TestApp) -> Vec<OutboxMessage> {
    let store = &app.domain().store;
    let list: Result<_, StoreError> =
        store.read(TenantId::DEFAULT, async |tx| tx.outbox().list(10).await).await;
    list.unwrap()
}

each_engine! {
    async fn s110_a_mail_waits_for_a_server_that_is_away(app: AppBuilder) {
        // A port where nobody listens.
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let app = app.config(&settings(port)).start().await;
        app.user("ada@example.com").create().await;
        let (doc, took) = ask(&app).await;
        assert_eq!(doc.outline(), "200 passcode_confirmation");
        assert!(took < Duration::from_secs(2), "{took:?}");
        for attempts in 1..4 {
            app.deliver().await;
            let message = &queue(&app).await[0];
            assert_eq!((message.state, message.attempts), (OutboxState::Pending, attempts));
            assert!(message.last_error.is_some());
            app.clock.advance(Duration::from_secs(20));
        }
        app.clock.advance(Duration::from_mins(5));
        app.deliver().await;
        let message = &queue(&app).await[0];
        assert_eq!(message.state, OutboxState::GivenUp, "the code has expired");
        assert!(message.payload.is_empty(), "what is not sent is not kept");
    }

    async fn s110_a_refused_mail_is_tried_again_or_not(app: AppBuilder) {
        let server = MailServer::start(Mood::Later).await;
        let app = app.config(&server.settings()).start().await;
        app.user("ada@example.com").create().await;
        assert_eq!(ask(&app).await.0.outline(), "200 passcode_confirmation");
        app.deliver().await;
        assert_eq!(queue(&app).await[0].state, OutboxState::Pending);
        server.becomes(Mood::Accept);
        app.deliver().await;
        assert_eq!(server.mails().len(), 0, "not before its time");
        app.clock.advance(Duration::from_secs(20));
        app.deliver().await;
        assert_eq!(queue(&app).await[0].state, OutboxState::Delivered);
        let mail = server.mails().remove(0);
        // Spec 11 §13, item 7: a retry can be recognised, and no holiday message comes back.
        for header in ["To: ada@example.com", "Message-ID: <", "Auto-Submitted: auto-generated"] {
            assert!(mail.contains(header), "{header}: {mail}");
        }

        server.becomes(Mood::Never);
        assert_eq!(ask(&app).await.0.outline(), "200 passcode_confirmation", "refusals are not told");
        app.deliver().await;
        assert_eq!(queue(&app).await[0].state, OutboxState::GivenUp);
        assert_eq!(server.mails().len(), 1);
    }

    async fn s110_a_silent_server_holds_up_no_flow(app: AppBuilder) {
        let server = MailServer::start(Mood::Silent).await;
        let app = app.config(&server.settings()).workers().start().await;
        app.user("ada@example.com").create().await;
        app.expect_errors(); // the mail is still under way when the test ends
        for _ in 0..3 {
            let (doc, took) = ask(&app).await;
            assert_eq!(doc.outline(), "200 passcode_confirmation");
            assert!(took < Duration::from_secs(2), "{took:?}");
        }
        assert!(queue(&app).await.iter().all(|message| message.state == OutboxState::Pending));
        assert_eq!(app.get("/health/ready").await.status, 200);
        server.becomes(Mood::Never); // so that the end is not waited for
    }
}
