//! A mail server that keeps nothing but the codes, and ids if asked to: takes every mail and tells who waits for it.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::Failure;

/// Codes by recipient, and those who wait for one.
#[derive(Clone, Default)]
pub(crate) struct Sink(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    codes: HashMap<String, String>,
    waiters: HashMap<String, oneshot::Sender<String>>,
    /// By recipient, each `Message-ID` with the code in that mail; only if recorded.
    recorded: Option<HashMap<String, BTreeMap<String, String>>>,
    /// A mail that came again differently.
    contradiction: Option<String>,
}

/// What is read of a mail.
#[derive(Default)]
struct Mail {
    id: String,
    code: String,
}

impl Sink {
    /// Listens on a free port.
    pub(crate) async fn start() -> Result<(Self, SocketAddr), Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let sink = Self::default();
        let accept = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sink = accept.clone();
                tokio::spawn(async move { sink.talk(stream).await });
            }
        });
        Ok((sink, address))
    }

    /// The code that is (or will be) sent to an address.
    pub(crate) async fn code(&self, address: &str) -> Result<String, Failure> {
        let arriving = {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(code) = waiting.codes.remove(address) {
                return Ok(code);
            }
            let (sender, receiver) = oneshot::channel();
            waiting.waiters.insert(address.to_owned(), sender);
            receiver
        };
        Ok(tokio::time::timeout(Duration::from_secs(20), arriving).await??)
    }

    /// From now on ids are kept.
    pub(crate) fn record(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).recorded = Some(HashMap::new());
    }

    /// Codes that arrived earlier are not wanted any more.
    pub(crate) fn forget(&self, address: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).codes.remove(address);
    }

    /// How many different mails an address got.
    pub(crate) fn mails_to(&self, address: &str) -> usize {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.recorded.as_ref().and_then(|mails| mails.get(address)).map_or(0, BTreeMap::len)
    }

    /// What was wrong with a mail that was sent twice.
    pub(crate) fn contradiction(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contradiction.clone()
    }

    fn arrived(&self, address: String, mail: Mail) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Mail { id, code } = mail;
        if let Some(recorded) = &mut waiting.recorded {
            let known = recorded.entry(address.clone()).or_default().insert(id.clone(), code.clone());
            if id.is_empty() || known.is_some_and(|known| known != code) {
                waiting.contradiction = Some(format!("mail {id} to {address} has no id, or two contents"));
            }
        }
        if code.is_empty() {
            return; // a notification
        }
        match waiting.waiters.remove(&address) {
            Some(waiter) => drop(waiter.send(code)),
            None => drop(waiting.codes.insert(address, code)),
        }
    }

    async fn talk(&self, stream: TcpStream) -> Result<(), std::io::Error> {
        let _ = stream.set_nodelay(true);
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 sink\r\n").await?;
        let (mut line, mut recipient) = (String::new(), String::new());
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let upper = line.to_ascii_uppercase();
            let answer: &[u8] = match upper.get(..4).unwrap_or_default() {
                "EHLO" => b"250-sink\r\n250 8BITMIME\r\n",
                "RCPT" => {
                    recipient = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    b"250 ok\r\n"
                }
                "DATA" => {
                    stream.write_all(b"354 go\r\n").await?;
                    let mail = read_mail(&mut stream).await?;
                    self.arrived(std::mem::take(&mut recipient), mail);
                    b"250 ok\r\n"
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => b"250 ok\r\n",
            };
            stream.write_all(answer).await?;
        }
    }
}

/// Its id, and the first run of six digits in the body of the mail.
async fn read_mail(stream: &mut BufReader<TcpStream>) -> Result<Mail, std::io::Error> {
    let (mut line, mut mail, mut in_body) = (String::new(), Mail::default(), false);
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(mail);
        }
        if !in_body
            && let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("message-id")
        {
            value.trim().clone_into(&mut mail.id);
        }
        in_body |= line == "\r\n";
        if in_body && mail.code.is_empty() && !line.starts_with("--") {
            let runs = line.split(|letter: char| !letter.is_ascii_digit());
            mail.code = runs.into_iter().find(|run| run.len() == 6).unwrap_or_default().to_owned();
        }
    }
}
