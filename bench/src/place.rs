//! A place in which the server's program runs, again and again: data directory, ports, settings, log.

use std::{
    fs::{self, File, OpenOptions},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use inkan_test_support::{TempDir, temporary_directory};

use crate::{
    Failure,
    http::{Connection, request},
    process::{Process, Running, answers, free_port},
};

/// The first start makes keys and tables.
const FIRST_START: Duration = Duration::from_secs(20);
/// How long every later start may take, and the return of the database.
pub(crate) const START: Duration = Duration::from_secs(5);

/// Lets the program go on when a file may not grow any more, instead of ending it.
const UNIMPRESSED: &str = r#"trap '' XFSZ; exec "$@""#;

/// A place; its files are removed with it.
#[derive(Debug)]
pub struct Place {
    program: PathBuf,
    directory: TempDir,
    public: u16,
    environment: Vec<(&'static str, String)>,
}

/// A running server; killed (`kill -9`) when dropped.
#[derive(Debug)]
pub struct Server(Running);

impl Place {
    /// A place whose server uses an SQLite file, or the PostgreSQL database of this URL.
    ///
    /// # Errors
    /// If there is no free port.
    pub fn new(program: &Path, database: Option<&str>) -> Result<Self, Failure> {
        let directory = temporary_directory();
        let (public, admin) = (free_port()?, free_port()?);
        let mut environment = vec![
            ("SERVER_PUBLIC_ADDRESS", format!("127.0.0.1:{public}")),
            ("SERVER_ADMIN_ADDRESS", format!("127.0.0.1:{admin}")),
            ("DATA_DIR", directory.path().join("data").display().to_string()),
            ("RATE_LIMITER_ENABLED", "false".to_owned()),
            ("AUDIT_LOG_CONSOLE_OUTPUT_ENABLED", "false".to_owned()),
            ("LOG_LEVEL", "warn".to_owned()),
        ];
        environment.extend(database.map(|url| ("DATABASE_URL", url.to_owned())));
        Ok(Self { program: fs::canonicalize(program)?, directory, public, environment })
    }

    /// With a setting more.
    #[must_use]
    pub fn set(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((variable, value.into()));
        self
    }

    /// Where the SQLite file lies.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("data/inkan.db")
    }

    /// Where the public API listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.public))
    }

    /// What the servers wrote to their log.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    /// Starts a server without waiting for it.
    ///
    /// # Errors
    /// If the program cannot be run.
    pub fn spawn(&self) -> Result<Server, Failure> {
        let log: File = OpenOptions::new().create(true).append(true).open(self.log_file())?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", UNIMPRESSED, "sh"]).arg(&self.program).arg("serve");
        self.prepare(&mut command).stdout(Stdio::null()).stderr(log);
        Ok(Server(Running::spawn(&mut command)?))
    }

    /// Starts a server and waits until it is ready, which must not take longer than 5 s.
    ///
    /// # Errors
    /// If it ends or takes longer; with its log.
    pub async fn start(&self) -> Result<Server, Failure> {
        let limit = if self.log_file().exists() { START } else { FIRST_START };
        let mut server = self.spawn()?;
        if answers(self.address(), "/health/ready", limit).await {
            return Ok(server);
        }
        let state = if server.0.ended() { "ended" } else { "is not ready in time" };
        Err(format!("the server {state}; its log: {}", self.log()).into())
    }

    /// Runs another command of the program in this place.
    ///
    /// # Errors
    /// If the program cannot be run.
    pub async fn run(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let mut command = Command::new(&self.program);
        self.prepare(command.args(arguments));
        Ok(tokio::task::spawn_blocking(move || command.output()).await??)
    }

    fn prepare<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let environment = self.environment.iter().map(|(name, value)| (*name, value));
        command.env_clear().envs(environment).current_dir(self.directory.path()).stdin(Stdio::null())
    }

    /// The status of an answer to `GET`.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn status(&self, path: &str) -> Result<u16, Failure> {
        Ok(Connection::new(self.address()).send(&request("GET", path, "", "")).await?.status)
    }

    /// Whether a session token is accepted.
    ///
    /// # Errors
    /// If there is no answer, or not one that says so.
    pub async fn is_valid(&self, token: &str) -> Result<bool, Failure> {
        let mut connection = Connection::new(self.address());
        is_valid(&mut connection, token).await
    }

    /// Registers an account with a password, where addresses need not be verified; its session token.
    ///
    /// # Errors
    /// If a step is not answered with 200.
    pub async fn register(&self, email: &str, password: &str) -> Result<String, Failure> {
        let mut connection = Connection::new(self.address());
        let mut flow = crate::flow::Flow::start(&mut connection, "registration").await?;
        flow.act("register_login_identifier", &serde_json::json!({ "email": email })).await?;
        flow.act("register_password", &serde_json::json!({ "new_password": password })).await?;
        flow.finish().await?;
        flow.token.take().ok_or_else(|| "there is no session".into())
    }
}

pub(crate) async fn is_valid(connection: &mut Connection, token: &str) -> Result<bool, Failure> {
    let body = serde_json::json!({ "session_token": token }).to_string();
    let reply = connection.send(&request("POST", "/sessions/validate", "", &body)).await?;
    let answer: serde_json::Value = serde_json::from_slice(reply.body)?;
    answer["is_valid"].as_bool().ok_or_else(|| format!("validation was answered with {answer}").into())
}

impl Server {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.process().0
    }

    pub(crate) fn process(&self) -> Process {
        self.0.process()
    }

    /// Whether it ended by itself.
    pub fn ended(&mut self) -> bool {
        self.0.ended()
    }
}

/// `host=/dir user=postgres dbname=x` as a URL.
#[must_use]
pub fn as_url(address: &str) -> String {
    if address.contains("://") {
        return address.to_owned();
    }
    let part = |name: &str| {
        let value = address.split(' ').find_map(|pair| pair.strip_prefix(name));
        value.unwrap_or_default().replace('/', "%2F")
    };
    format!("postgres://{}@{}/{}", part("user="), part("host="), part("dbname="))
}
