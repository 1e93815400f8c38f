//! A network that fails: a proxy in front of a PostgreSQL database that refuses, hangs, resets or delays when told to, or cuts
//! a connection exactly at a commit.

use std::{
    collections::HashSet,
    io,
    str::FromStr as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::JoinSet,
};
use tokio_postgres::{Config, config::Host};

/// What the server says when it is done and no transaction is open.
const READY: &[u8] = b"Z\0\0\0\x05I";

/// What happens to connections, those that exist and new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: everything passes.
    None,
    /// They are closed at once.
    Refuse,
    /// They stay open and nothing passes.
    Hang,
    /// They are reset.
    Reset,
    /// Each piece of data takes this long.
    Slow(Duration),
}

/// On which side of a commit the connection breaks. The client cannot tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server never hears of the commit.
    BeforeCommit,
    /// The server committed, its answer is lost.
    AfterCommit,
}

/// A proxy; it ends when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    url: String,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    target: Config,
    fault: watch::Sender<Fault>,
    /// How many commits pass before the one that is cut.
    cut: Mutex<Option<(usize, Cut)>>,
}

impl FaultProxy {
    /// Listens on a local port for the database of a connection string.
    ///
    /// # Panics
    /// If the connection string cannot be read or there is no port.
    pub async fn start(database: &str) -> Self {
        let target = Config::from_str(database).expect("a connection string");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("the port's number").port();
        let user = target.get_user().expect("a user");
        let name = target.get_dbname().expect("a database");
        let url = format!("postgres://{user}@127.0.0.1:{port}/{name}");
        let shared =
            Arc::new(Shared { target, fault: watch::Sender::new(Fault::None), cut: Mutex::new(None) });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Self { url, shared, _tasks: tasks }
    }

    /// Where the proxy is found, as a URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on this happens.
    pub fn set(&self, fault: Fault) {
        self.shared.fault.send_replace(fault);
    }

    /// Breaks the connection at a later commit: the next one if `after` is 0.
    pub fn cut(&self, cut: Cut, after: usize) {
        *self.shared.cut.lock().unwrap_or_else(PoisonError::into_inner) = Some((after, cut));
    }

    /// Cuts nothing more; whether something was cut.
    pub fn was_cut(&self) -> bool {
        self.shared.cut.lock().unwrap_or_else(PoisonError::into_inner).take().is_none()
    }
}

impl Shared {
    /// A commit passes; what is done to it.
    fn commit(&self) -> Option<Cut> {
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        match cut.as_mut() {
            None => None,
            Some((0, _)) => cut.take().map(|(_, kind)| kind),
            Some((after, _)) => {
                *after -= 1;
                None
            }
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

/// One connection, until it ends or is ended.
async fn serve(mut client: TcpStream, shared: Arc<Shared>) {
    let _ = client.set_nodelay(true);
    let mut fault = shared.fault.subscribe();
    if obey(&mut fault).await.is_ok() {
        let _ = match (shared.target.get_hosts().first(), shared.target.get_ports().first().unwrap_or(&5432))
        {
            (Some(Host::Unix(directory)), port) => {
                match UnixStream::connect(directory.join(format!(".s.PGSQL.{port}"))).await {
                    Ok(server) => relay(&mut client, server, &shared).await,
                    Err(error) => Err(error),
                }
            }
            (Some(Host::Tcp(host)), port) => match TcpStream::connect((host.as_str(), *port)).await {
                Ok(server) => relay(&mut client, server, &shared).await,
                Err(error) => Err(error),
            },
            (None, _) => Ok(()),
        };
    }
    if *shared.fault.borrow() == Fault::Reset {
        let _ = client.set_zero_linger();
    }
}

async fn relay<S: AsyncRead + AsyncWrite>(
    client: &mut TcpStream,
    server: S,
    shared: &Shared,
) -> io::Result<()> {
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = tokio::io::split(server);
    let answer_is_lost = AtomicBool::new(false);
    let mut conversation = Conversation::default();
    tokio::select! {
        ended = pump(from_client, to_server, shared.fault.subscribe(), |data| {
            if conversation.commits(data) {
                match shared.commit() {
                    Some(Cut::BeforeCommit) => return Passage::End,
                    Some(Cut::AfterCommit) => answer_is_lost.store(true, Ordering::SeqCst),
                    None => {}
                }
            }
            Passage::Open
        }) => ended,
        ended = pump(from_server, to_client, shared.fault.subscribe(), |data| {
            // The answers to what was sent along with the commit are lost too, but the server must get as far as the commit.
            match answer_is_lost.load(Ordering::SeqCst) {
                false => Passage::Open,
                true if contains(data, READY) => Passage::End,
                true => Passage::Closed,
            }
        }) => ended,
    }
}

/// What a client has sent (PostgreSQL's protocol, "Message Formats").
#[derive(Default)]
struct Conversation {
    /// The part of a message that has arrived.
    pending: Vec<u8>,
    /// The messages before it have no type.
    started: bool,
    /// Names of prepared statements that change something.
    writing: HashSet<Vec<u8>>,
    in_transaction: bool,
}

impl Conversation {
    /// Whether `data` commits something: by `COMMIT`, or as a single statement without a transaction around it.
    fn commits(&mut self, data: &[u8]) -> bool {
        self.pending.extend(data);
        let mut commits = false;
        while let Some(message) = self.next() {
            let (kind, body) =
                message.split_first().map_or((0, message.as_slice()), |(kind, body)| (*kind, body));
            let mut texts = body.split(|byte| *byte == 0);
            let (first, second) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
            match (kind, first) {
                (b'Q', b"BEGIN") => self.in_transaction = true,
                (b'Q', b"COMMIT" | b"ROLLBACK") => {
                    commits |= first == b"COMMIT";
                    self.in_transaction = false;
                }
                (b'P', name) if !second.starts_with(b"SELECT") => drop(self.writing.insert(name.to_owned())),
                // The portal has no name.
                (b'B', b"") => commits |= !self.in_transaction && self.writing.contains(second),
                _ => {}
            }
        }
        commits
    }

    /// The next whole message: its type and what it says.
    fn next(&mut self) -> Option<Vec<u8>> {
        let kind = usize::from(self.started);
        let length = u32::from_be_bytes(*self.pending.get(kind..)?.first_chunk()?);
        let end = kind + usize::try_from(length).ok()?;
        let message = self.pending.get(..end)?;
        let body = message.get(kind + 4..)?;
        let whole = message[..kind].iter().chain(body).copied().collect();
        // Eight bytes ask for encryption; the start comes after that.
        self.started |= end > 8;
        self.pending.drain(..end);
        Some(whole)
    }
}

fn contains(data: &[u8], wanted: &[u8]) -> bool {
    data.windows(wanted.len()).any(|window| window == wanted)
}

/// What happens to a piece of data.
enum Passage {
    /// It passes.
    Open,
    /// It is lost.
    Closed,
    /// It is lost, and the connection ends.
    End,
}

/// Moves bytes one way while they may pass.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut fault: watch::Receiver<Fault>,
    mut passage: impl FnMut(&[u8]) -> Passage,
) -> io::Result<()> {
    let mut buffer = vec![0; 16384];
    loop {
        let read = loop {
            tokio::select! {
                read = from.read(&mut buffer) => break read?,
                _ = fault.changed() => {
                    if matches!(*fault.borrow_and_update(), Fault::Refuse | Fault::Reset) {
                        return Ok(());
                    }
                }
            }
        };
        obey(&mut fault).await?;
        if read == 0 {
            return Ok(());
        }
        match passage(&buffer[..read]) {
            Passage::Open => {
                to.write_all(&buffer[..read]).await?;
                to.flush().await?;
            }
            Passage::Closed => {}
            Passage::End => return Ok(()),
        }
    }
}

/// Returns when data may pass; an error if the connection is to end.
async fn obey(fault: &mut watch::Receiver<Fault>) -> io::Result<()> {
    loop {
        let now = *fault.borrow_and_update();
        match now {
            Fault::None => return Ok(()),
            Fault::Refuse | Fault::Reset => return Err(io::ErrorKind::ConnectionReset.into()),
            Fault::Hang => fault.changed().await.map_err(io::Error::other)?,
            Fault::Slow(pause) => {
                tokio::select! {
                    () = tokio::time::sleep(pause) => return Ok(()),
                    changed = fault.changed() => changed.map_err(io::Error::other)?,
                }
            }
        }
    }
}
