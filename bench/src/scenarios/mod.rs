//! What is measured: one scenario is one complete thing a client does.

mod factors;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::json;

use crate::{
    Failure,
    flow::Flow,
    http::{Connection, address as address_of, request},
    load::{Load, Target},
    process::Process,
    report,
    seed::{self, PASSWORD},
    smtp::Sink,
};
pub(crate) use factors::Passkeys;
use factors::totp_login;

/// The names of all scenarios, in the order in which they run.
pub(crate) const NAMES: [&str; 9] = [
    "jwks",
    "login_start",
    "session_validate",
    "password_login",
    "passcode_login",
    "register",
    "passkey_login",
    "totp_login",
    "mixed",
];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Base URL of the server.
    #[arg(long, default_value = "http://127.0.0.1:8000")]
    url: String,
    /// `jwks`, `login_start`, or `session_validate` with `--token`.
    #[arg(long)]
    scenario: String,
    /// A session token, for `session_validate`.
    #[arg(long)]
    token: Option<String>,
    /// Connections at the same time.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// How long, in seconds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Process id of the server, for memory and CPU time.
    #[arg(long)]
    pid: Option<u32>,
}

/// One scenario with what it needs.
pub(crate) enum Scenario {
    /// One request whose answer is not looked at: the public keys, a new login flow, the baseline.
    Constant(&'static str, Vec<u8>),
    /// A live session is validated.
    SessionValidate(Vec<Vec<u8>>),
    /// A complete login by password.
    PasswordLogin(Accounts),
    /// A complete login by a code sent by mail.
    PasscodeLogin(Accounts, Sink),
    /// A complete registration with a code; the password is as slow as ever, so it is counted apart.
    Register(Accounts, Sink),
    /// A complete login with a passkey that is chosen in the form.
    PasskeyLogin(Accounts, Passkeys),
    /// A complete login by a code sent by mail and a code of an authenticator app.
    TotpLogin(Accounts, Sink),
    /// 90 validations, 5 starts, 4 code logins and 1 registration in a hundred.
    Mixed(Vec<Arc<Scenario>>),
}

/// Takes turns through the seeded accounts, so that no account is used by two at the same time.
#[derive(Default)]
pub(crate) struct Accounts(AtomicUsize);

impl Accounts {
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

impl Scenario {
    pub(crate) fn jwks() -> Self {
        Self::Constant("jwks", request("GET", "/.well-known/jwks.json", "", ""))
    }

    pub(crate) fn login_start() -> Self {
        Self::Constant("login_start", request("POST", "/login", "", ""))
    }

    /// Whether the bare handler answers the same requests.
    pub(crate) const fn has_baseline(&self) -> bool {
        matches!(self, Self::Constant(..) | Self::SessionValidate(_))
    }

    /// Whether the rate is limited by hashing passwords.
    pub(crate) const fn is_hashing(&self) -> bool {
        matches!(self, Self::PasswordLogin(_))
    }

    pub(crate) fn session_validate(tokens: &[String]) -> Self {
        let prepare =
            |token: &String| request("GET", "/sessions/validate", &format!("cookie: hanko={token}\r\n"), "");
        Self::SessionValidate(tokens.iter().map(prepare).collect())
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Constant(name, _) => name,
            Self::SessionValidate(_) => "session_validate",
            Self::PasswordLogin(_) => "password_login",
            Self::PasscodeLogin(..) => "passcode_login",
            Self::Register(..) => "register",
            Self::PasskeyLogin(..) => "passkey_login",
            Self::TotpLogin(..) => "totp_login",
            Self::Mixed(_) => "mixed",
        }
    }

    /// Does it once.
    pub(crate) async fn once(
        &self,
        connection: &mut Connection,
        worker: usize,
        round: usize,
    ) -> Result<(), Failure> {
        match self {
            Self::Constant(_, request) => get(connection, request, b"").await,
            Self::SessionValidate(requests) => {
                get(connection, &requests[(worker + round) % requests.len()], b"\"is_valid\":true").await
            }
            Self::PasswordLogin(accounts) => password_login(connection, accounts.next()).await.map(drop),
            Self::PasscodeLogin(accounts, sink) => passcode_login(connection, accounts.next(), sink).await,
            Self::Register(accounts, sink) => register(connection, accounts.next(), sink).await,
            Self::PasskeyLogin(accounts, passkeys) => passkeys.sign_in(connection, accounts.next()).await,
            Self::TotpLogin(accounts, sink) => totp_login(connection, accounts.next(), sink).await,
            Self::Mixed(parts) => {
                let part = match (worker * 37 + round) % 100 {
                    0 => 3,
                    1..=4 => 2,
                    5..=9 => 1,
                    _ => 0,
                };
                Box::pin(parts[part].once(connection, worker, round)).await
            }
        }
    }
}

async fn get(connection: &mut Connection, request: &[u8], expected: &[u8]) -> Result<(), Failure> {
    let reply = connection.send(request).await?;
    if reply.status != 200 {
        return Err(format!("answered with {}", reply.status).into());
    }
    if !expected.is_empty() && !reply.body.windows(expected.len()).any(|window| window == expected) {
        return Err("the answer is not the expected one".into());
    }
    Ok(())
}

/// Signs in to a seeded account; its session token.
pub(crate) async fn password_login(connection: &mut Connection, number: usize) -> Result<String, Failure> {
    let email = seed::address(number % seed::USERS);
    let mut flow = Flow::start(connection, "login").await?;
    flow.act("continue_with_login_identifier", &json!({ "email": email })).await?;
    if flow.offers("continue_to_password_login") {
        flow.act("continue_to_password_login", &json!({})).await?;
    }
    flow.act("password_login", &json!({ "password": PASSWORD })).await?;
    flow.finish().await?;
    flow.token.take().ok_or_else(|| "there is no session".into())
}

async fn passcode_login(connection: &mut Connection, number: usize, sink: &Sink) -> Result<(), Failure> {
    let email = seed::address(number % seed::USERS);
    let mut flow = Flow::start(connection, "login").await?;
    flow.act("continue_with_login_identifier", &json!({ "email": email })).await?;
    if flow.offers("continue_to_passcode_confirmation") {
        flow.act("continue_to_passcode_confirmation", &json!({})).await?;
    }
    flow.act("verify_passcode", &json!({ "code": sink.code(&email).await? })).await?;
    flow.finish().await
}

async fn register(connection: &mut Connection, number: usize, sink: &Sink) -> Result<(), Failure> {
    // Numbers start anew in each scenario; the moment does not.
    let moment = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
    let email = format!("new{number}-{moment}@bench.example");
    let mut flow = Flow::start(connection, "registration").await?;
    flow.act("register_login_identifier", &json!({ "email": email })).await?;
    flow.act("verify_passcode", &json!({ "code": sink.code(&email).await? })).await?;
    flow.finish().await
}

pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    let scenario = match (options.scenario.as_str(), &options.token) {
        ("jwks", _) => Scenario::jwks(),
        ("login_start", _) => Scenario::login_start(),
        ("session_validate", Some(token)) => Scenario::session_validate(std::slice::from_ref(token)),
        ("session_validate", None) => return Err("session_validate needs --token".into()),
        (other, _) => return Err(format!("{other} needs seeded accounts: run the suite").into()),
    };
    let address = address_of(&options.url)?;
    let server = options.pid.map(Process);
    let (connections, seconds) = (options.connections, options.seconds);
    let target = Target { name: &options.url, address, process: server };
    let mut load = Load::new(target, &Arc::new(scenario), connections);
    load.slice(seconds).await;
    println!("{}", report::table(&[load.finish(None)]));
    Ok(())
}
