//! The whole suite: the server on each database, one after the other, and the baseline beside it, on this machine.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use inkan_crypto::PasswordPolicy;
use inkan_store::{Keep, StoreOptions};
use inkan_test_support::{PostgresCluster, temporary_directory};

use crate::{
    Failure,
    asked::{self, Asked, Counters},
    http::{Connection, request},
    load::{Load, Measurement, Target},
    place::as_url,
    process::{Running, free_port, ready},
    report,
    scenarios::{Accounts, NAMES, Passkeys, Scenario, password_login},
    seed,
    smtp::Sink,
};

/// Parts of a scenario that is compared with the bare handler.
const SLICES: u32 = 8;
/// Parts of a scenario that is compared with hashing, which takes too long for short ones.
const HASHING_SLICES: usize = 4;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The server's program.
    #[arg(long)]
    server: PathBuf,
    /// Short runs: a look, not a result.
    #[arg(long)]
    quick: bool,
    /// Only this scenario.
    #[arg(long)]
    scenario: Option<String>,
    /// Only this database: sqlite or postgres.
    #[arg(long)]
    database: Option<String>,
    /// Directory for `bench.json`, `bench.md`, `asked.json` and `asked.md`.
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Options {
    fn wants(&self, scenario: &str) -> bool {
        self.scenario.as_deref().is_none_or(|only| only == scenario)
    }

    fn connections(&self) -> &'static [usize] {
        if self.quick { &[32] } else { &[1, 32, 512] }
    }

    fn seconds(&self) -> f64 {
        if self.quick { 3.0 } else { 8.0 }
    }
}

pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    let (mut all, mut asked) = (Vec::new(), Vec::new());
    for database in ["sqlite", "postgres"] {
        if options.database.as_deref().is_none_or(|only| only == database) {
            let (measured, of_flows) = server(options, database).await?;
            all.extend(measured);
            asked.extend(of_flows);
        }
    }
    let table = report::table(&all);
    let asked_table = asked::table(&asked);
    println!("{asked_table}\n{table}");
    if let Some(out) = &options.out {
        std::fs::create_dir_all(out)?;
        std::fs::write(out.join("bench.json"), serde_json::to_vec_pretty(&all)?)?;
        std::fs::write(out.join("bench.md"), table)?;
        std::fs::write(out.join("asked.json"), serde_json::to_vec_pretty(&asked)?)?;
        std::fs::write(out.join("asked.md"), asked_table)?;
    }
    Ok(())
}

/// How many hashes per second this machine computes with the default parameters and all cores, measured for `seconds`: the library
/// alone, in memory as the allocator gives it, so that what the server does better counts.
async fn hashes_per_second(policy: PasswordPolicy, seconds: f64) -> Result<f64, Failure> {
    let begin = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..policy.threads {
        workers.spawn_blocking(move || hash_for(policy, begin, seconds));
    }
    let mut hashes = 0;
    while let Some(computed) = workers.join_next().await {
        hashes += computed??;
    }
    Ok(f64::from(hashes) / begin.elapsed().as_secs_f64())
}

/// Computes one hash after the other until the time is over; how many.
fn hash_for(policy: PasswordPolicy, begin: Instant, seconds: f64) -> Result<u32, argon2::Error> {
    let params = Params::new(policy.memory_kib, policy.iterations, policy.parallelism, None)?;
    let mut memory = vec![Block::new(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (mut output, mut hashes) = ([0; 32], 0);
    while begin.elapsed().as_secs_f64() < seconds {
        let (password, salt) = (seed::PASSWORD.as_bytes(), b"a salt, 16 bytes");
        argon2.hash_password_into_with_memory(password, salt, &mut output, &mut memory)?;
        hashes += 1;
    }
    Ok(hashes)
}

/// A scenario that is compared with what the machine hashes in the moments between.
async fn measure_hashing(seconds: f64, mut load: Load<'_>) -> Result<Vec<Measurement>, Failure> {
    let policy = PasswordPolicy::default();
    let mut rates = Vec::new();
    for _ in 0..HASHING_SLICES {
        rates.push(hashes_per_second(policy, seconds / 4.0).await?);
        load.slice(seconds / 2.0).await;
    }
    Ok(vec![load.finish(Some(&rates))])
}

/// A bare handler whose answers are as long as those of the server at `address`.
async fn baseline(address: SocketAddr, token: &str) -> Result<(Running, SocketAddr), Failure> {
    let mut connection = Connection::new(address);
    let cookie = format!("cookie: hanko={token}\r\n");
    let mut arguments = vec!["baseline".to_owned()];
    for (option, method, path, headers) in [
        ("--jwks-bytes", "GET", "/.well-known/jwks.json", ""),
        ("--login-bytes", "POST", "/login", ""),
        ("--validate-bytes", "GET", "/sessions/validate", cookie.as_str()),
    ] {
        let reply = connection.send(&request(method, path, headers, "")).await?;
        arguments.extend([option.to_owned(), reply.body.len().to_string()]);
    }
    let listen = format!("127.0.0.1:{}", free_port()?);
    arguments.extend(["--address".to_owned(), listen.clone()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let running = Running::start(&std::env::current_exe()?, &arguments, &[])?;
    let address = ready(&format!("http://{listen}"), "/.well-known/jwks.json").await?;
    Ok((running, address))
}

/// One scenario. Where the bare handler can be asked the same, both take turns in short slices, so that what else happens on
/// the machine meets both.
async fn measure(
    options: &Options,
    scenario: &Arc<Scenario>,
    connections: usize,
    (own, bare): (Target<'_>, Target<'_>),
) -> Result<Vec<Measurement>, Failure> {
    let mut load = Load::new(own, scenario, connections);
    if scenario.is_hashing() {
        return measure_hashing(options.seconds(), load).await;
    }
    if !scenario.has_baseline() {
        load.slice(options.seconds()).await;
        return Ok(vec![load.finish(None)]);
    }
    let mut baseline = Load::new(bare, scenario, connections);
    for _ in 0..SLICES {
        baseline.slice(options.seconds() / f64::from(SLICES)).await;
        load.slice(options.seconds() / f64::from(SLICES)).await;
    }
    let measured = load.finish(Some(baseline.rates()));
    Ok(vec![baseline.finish(None), measured])
}

async fn server(options: &Options, database: &str) -> Result<(Vec<Measurement>, Vec<Asked>), Failure> {
    let directory = temporary_directory();
    let data = directory.path().join("data");
    // Kept until the end: the database goes with it.
    let cluster = if database == "postgres" {
        Some(PostgresCluster::shared().await.empty_database().await)
    } else {
        None
    };
    let path = data.join("inkan.db");
    let (url, store) = if let Some(cluster) = &cluster {
        let url = as_url(&cluster.url());
        (
            url.clone(),
            StoreOptions::Postgres { url, pool: 16, wait: Duration::from_secs(2), keep: Keep::default() },
        )
    } else {
        (format!("sqlite://{}", path.display()), StoreOptions::Sqlite { path })
    };
    eprintln!("{database}: creating {} accounts and 100,000 sessions", seed::USERS);
    seed::fill(store).await?;
    let (sink, smtp) = Sink::start().await?;
    let (public, admin) = (free_port()?, free_port()?);
    let environment = environment((public, admin), &data, url, smtp);
    // The first start writes down what filling the database left to do; measured is that of a database that was in use.
    let running = Running::start(&options.server, &["serve"], &environment)?;
    ready(&format!("http://127.0.0.1:{public}"), "/health/ready").await?;
    running.stop()?;
    let begin = Instant::now();
    let running = Running::start(&options.server, &["serve"], &environment)?;
    let address = ready(&format!("http://127.0.0.1:{public}"), "/health/ready").await?;
    let process = running.process();
    let rss = process.rss_mib().unwrap_or_default();
    println!("{database}: ready after {} ms, {rss:.0} MiB", begin.elapsed().as_millis());
    let tokens = tokens(address).await?;
    let (bare_server, bare_address) = baseline(address, &tokens[0]).await?;
    let own = Target { name: database, address, process: Some(process) };
    let bare = Target { name: "baseline", address: bare_address, process: Some(bare_server.process()) };
    let (mut all, mut asked) = (Vec::new(), Vec::new());
    let admin = SocketAddr::from(([127, 0, 0, 1], admin));
    for name in NAMES.into_iter().filter(|name| options.wants(name)) {
        let scenario = Arc::new(match name {
            "passkey_login" => passkeys(address, &sink).await?,
            _ => scenario(name, &tokens, &sink),
        });
        let before = Counters::read(admin).await?;
        for connections in options.connections() {
            let measured = measure(options, &scenario, *connections, (own, bare)).await?;
            measured.iter().for_each(progress);
            all.extend(measured);
        }
        asked.extend(Counters::read(admin).await?.since(&before, name, database));
    }
    Ok((all, asked))
}

/// The server's settings: no limits per client, mails to the sink, nothing but the scenario asked for.
fn environment(
    (public, admin): (u16, u16),
    data: &Path,
    database: String,
    smtp: SocketAddr,
) -> [(&'static str, String); 13] {
    [
        ("SERVER_PUBLIC_ADDRESS", format!("127.0.0.1:{public}")),
        ("SERVER_ADMIN_ADDRESS", format!("127.0.0.1:{admin}")),
        ("DATA_DIR", data.display().to_string()),
        ("DATABASE_URL", database),
        ("RATE_LIMITER_ENABLED", "false".to_owned()),
        ("AUDIT_LOG_CONSOLE_OUTPUT_ENABLED", "false".to_owned()),
        ("EMAIL_DELIVERY_SMTP_HOST", smtp.ip().to_string()),
        ("EMAIL_DELIVERY_SMTP_PORT", smtp.port().to_string()),
        ("PASSWORD_OPTIONAL", "true".to_owned()),
        ("MFA_ACQUIREONREGISTRATION", "false".to_owned()),
        ("SECRET_KEYS", seed::SECRET.to_owned()),
        ("SESSION_LIMIT", "100".to_owned()),
        ("LOG_LEVEL", "warn".to_owned()),
    ]
}

async fn passkeys(address: SocketAddr, sink: &Sink) -> Result<Scenario, Failure> {
    let passkeys = Passkeys::register(&mut Connection::new(address), sink).await?;
    Ok(Scenario::PasskeyLogin(Accounts::default(), passkeys))
}

fn scenario(name: &str, tokens: &[String], sink: &Sink) -> Scenario {
    match name {
        "jwks" => Scenario::jwks(),
        "login_start" => Scenario::login_start(),
        "session_validate" => Scenario::session_validate(tokens),
        "password_login" => Scenario::PasswordLogin(Accounts::default()),
        "passcode_login" => Scenario::PasscodeLogin(Accounts::default(), sink.clone()),
        "register" => Scenario::Register(Accounts::default(), sink.clone()),
        "totp_login" => Scenario::TotpLogin(Accounts::default(), sink.clone()),
        _ => {
            let parts = ["session_validate", "login_start", "passcode_login", "register"];
            Scenario::Mixed(parts.into_iter().map(|part| Arc::new(scenario(part, tokens, sink))).collect())
        }
    }
}

async fn tokens(address: SocketAddr) -> Result<Vec<String>, Failure> {
    let mut connection = Connection::new(address);
    let mut tokens = Vec::new();
    for number in 0..32 {
        tokens.push(password_login(&mut connection, seed::USERS - 1 - number).await?);
    }
    Ok(tokens)
}

fn progress(measured: &Measurement) {
    eprintln!(
        "{} on {} with {}: {:.0}/s, {} errors",
        measured.scenario, measured.target, measured.connections, measured.per_second, measured.errors
    );
}
