//! An SMTP server for tests: speaks over a real socket, follows a script, records what it hears.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

/// Instead of a reply: say nothing, for ever.
pub(super) const SILENCE: &str = "(silence)";
/// Instead of a reply: close the connection.
pub(super) const CLOSE: &str = "(close)";

/// How the server deviates from one that accepts everything.
#[derive(Clone, Default)]
pub(super) struct Script {
    /// What EHLO offers.
    pub(super) offers: &'static [&'static str],
    /// Replies by step: `greeting`, the verb of a command, `content`.
    pub(super) replies: &'static [(&'static str, &'static str)],
    /// TLS from the first byte instead of STARTTLS.
    pub(super) implicit: bool,
}

/// A running server; it ends with the runtime of the test.
pub(super) struct FakeServer {
    pub(super) port: u16,
    /// The certificate to trust, as PEM.
    pub(super) certificate: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl FakeServer {
    pub(super) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (acceptor, certificate) = tls();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let session = Session { script, acceptor, heard: Arc::clone(&heard) };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let session = session.clone();
                tokio::spawn(async move { session.serve(socket).await });
            }
        });
        Self { port, certificate, heard }
    }

    /// Everything heard so far: `connect`, `TLS`, commands, and each mail as one entry that begins with `content:`.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub(super) fn count(&self, entry: &str) -> usize {
        self.heard().iter().filter(|heard| heard.starts_with(entry)).count()
    }

    /// The mails, without the stuffed dots.
    pub(super) fn mails(&self) -> Vec<String> {
        self.heard().iter().filter_map(|heard| heard.strip_prefix("content:").map(str::to_owned)).collect()
    }
}

fn tls() -> (TlsAcceptor, String) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der()).into();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), cert.pem())
}

#[derive(Clone)]
struct Session {
    script: Script,
    acceptor: TlsAcceptor,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Session {
    async fn serve(&self, socket: TcpStream) {
        self.note("connect");
        if self.script.implicit {
            self.serve_encrypted(socket, true).await;
        } else if let Some(socket) = self.talk(socket, true).await {
            self.serve_encrypted(socket, false).await;
        }
    }

    async fn serve_encrypted(&self, socket: TcpStream, greet: bool) {
        if let Ok(stream) = self.acceptor.accept(socket).await {
            self.note("TLS");
            self.talk(stream, greet).await;
        }
    }

    /// One dialogue; gives the stream back when it is to be encrypted.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, greet: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if greet {
            self.reply(&mut stream, "greeting", "220 fake").await?;
        }
        loop {
            let line = read(&mut stream).await?;
            self.note(&line);
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => _ = self.reply(&mut stream, "EHLO", &self.offers()).await?,
                "STARTTLS" => {
                    if self.reply(&mut stream, "STARTTLS", "220 go").await? {
                        return Some(stream.into_inner());
                    }
                }
                "AUTH" if line == "AUTH LOGIN" => {
                    for question in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                        self.reply(&mut stream, "question", question).await?;
                        let answer = read(&mut stream).await?;
                        self.note(&answer);
                    }
                    self.reply(&mut stream, "AUTH", "235 welcome").await?;
                }
                "AUTH" => _ = self.reply(&mut stream, "AUTH", "235 welcome").await?,
                "DATA" => {
                    if self.reply(&mut stream, "DATA", "354 go").await? {
                        self.content(&mut stream).await?;
                    }
                }
                "QUIT" => return None,
                verb => _ = self.reply(&mut stream, verb, "250 ok").await?,
            }
        }
    }

    async fn content<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut BufReader<S>) -> Option<()> {
        let mut mail = String::from("content:");
        loop {
            let line = read(stream).await?;
            if line == "." {
                break;
            }
            mail.push_str(line.strip_prefix('.').unwrap_or(&line));
            mail.push_str("\r\n");
        }
        self.note(&mail);
        self.reply(stream, "content", "250 queued").await.map(|_| ())
    }

    /// Sends the scripted reply or the usual one; tells whether it was the usual one.
    async fn reply<S: AsyncWrite + Unpin>(&self, stream: &mut S, step: &str, usual: &str) -> Option<bool> {
        let scripted = self.script.replies.iter().find(|(of, _)| *of == step).map(|(_, reply)| *reply);
        match scripted {
            Some(SILENCE) => std::future::pending().await,
            Some(CLOSE) => None,
            _ => {
                let reply = format!("{}\r\n", scripted.unwrap_or(usual));
                stream.write_all(reply.as_bytes()).await.ok()?;
                stream.flush().await.ok()?;
                Some(scripted.is_none())
            }
        }
    }

    fn offers(&self) -> String {
        let lines: Vec<_> = self.script.offers.iter().map(|offer| format!("250-{offer}\r\n")).collect();
        format!("250-fake\r\n{}250 SIZE 1000000", lines.concat())
    }

    fn note(&self, entry: &str) {
        self.heard.lock().unwrap().push(entry.to_owned());
    }
}

async fn read<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}
