//! A steady load of logins, abandoned flows and validations, with short lives: memory and tables must stay as they are.
//!
//! Lives that no setting shortens (flows, finished mails) are shortened in the database, and what has expired is removed by
//! `inkan cleanup` beside the server, which otherwise does so every minute.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use inkan_test_support::{PostgresCluster, TestDatabase};
use serde_json::json;
use tokio::{task::JoinSet, time::sleep};
use tokio_postgres::NoTls;

use crate::{
    Failure,
    book::{Account, Book},
    crash::Engine,
    flow::Flow,
    http::{Connection, request},
    place::{Place, Server, as_url, is_valid},
    smtp::Sink,
    visitor::{sign_in, sign_in_by_code},
};

/// Visitors at the same time, each with accounts of its own.
const VISITORS: usize = 4;
const ACCOUNTS: usize = 5;
/// Each visitor does something this often, so that the load is the same on every machine that can bear it.
const PACE: Duration = Duration::from_millis(40);
/// Tables whose rows expire.
const TABLES: [&str; 5] = ["flows", "passcodes", "sessions", "audit_records", "outbox"];
/// Memory may grow by this share; in short runs caches and the allocator are still filling.
const GROWTH: f64 = 0.05;
const SLACK_MIB: f64 = 12.0;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The server's program.
    #[arg(long)]
    server: PathBuf,
    /// How long.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// The database.
    #[arg(long, default_value = "sqlite")]
    database: Engine,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server's program.
    pub program: PathBuf,
    /// The database.
    pub engine: Engine,
    /// How long, in all.
    pub time: Duration,
    /// Between two looks.
    pub sample: Duration,
}

/// One look.
#[derive(Clone, Debug)]
struct Sample {
    rss_mib: f64,
    rows: BTreeMap<&'static str, i64>,
}

pub(crate) async fn run_arguments(arguments: &Arguments) -> Result<(), Failure> {
    let time = Duration::from_mins(arguments.minutes.max(1));
    let sample = Duration::from_secs(10);
    run(&Plan { program: arguments.server.clone(), engine: arguments.database, time, sample }).await
}

/// Runs the load and prints each look.
///
/// # Errors
/// If memory or a table grows, a request fails, or more than one in fifty is turned away.
pub async fn run(plan: &Plan) -> Result<(), Failure> {
    let database: Option<TestDatabase> = match plan.engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(PostgresCluster::shared().await.empty_database().await),
    };
    let url = database.as_ref().map(|database| as_url(&database.url()));
    let (sink, smtp) = Sink::start().await?;
    let place = place(&plan.program, url.as_deref(), smtp)?;
    let server = place.start().await?;
    let counters = Arc::new(Counters::default());
    let mut visitors = JoinSet::new();
    for number in 0..VISITORS {
        let accounts = accounts(&place, number).await?;
        visitors.spawn(visit(place.address(), accounts, sink.clone(), Arc::clone(&counters)));
    }
    let end = Instant::now() + plan.time;
    let mut samples = Vec::new();
    while Instant::now() < end {
        sleep(plan.sample).await;
        samples.push(look(&place, url.as_deref(), &server, plan.sample).await?);
        counters.print(samples.last());
    }
    visitors.shutdown().await;
    counters.judge().map_err(|failure| format!("{failure}; the server's log: {}", place.log()))?;
    judge(&samples, plan.time)
}

fn place(program: &Path, url: Option<&str>, smtp: std::net::SocketAddr) -> Result<Place, Failure> {
    let place = Place::new(program, url)?
        .set("EMAIL_DELIVERY_SMTP_HOST", smtp.ip().to_string())
        .set("EMAIL_DELIVERY_SMTP_PORT", smtp.port().to_string())
        .set("EMAIL_REQUIRE_VERIFICATION", "false")
        .set("SESSION_LIFESPAN", "5s");
    Ok(place)
}

async fn accounts(place: &Place, visitor: usize) -> Result<Vec<Account>, Failure> {
    let mut accounts = Vec::new();
    for number in 0..ACCOUNTS {
        let (email, password) = (format!("v{visitor}-{number}@soak.example"), "correct horse".to_owned());
        place.register(&email, &password).await?;
        accounts.push(Account { email, password, visitor, run: 0 });
    }
    Ok(accounts)
}

#[derive(Default)]
struct Counters {
    done: AtomicU64,
    /// Answered with 503: a busy machine may do that now and then.
    turned_away: AtomicU64,
    first: std::sync::Mutex<Option<String>>,
}

impl Counters {
    fn note(&self, done: Result<(), Failure>) {
        match done {
            Ok(()) => drop(self.done.fetch_add(1, Ordering::Relaxed)),
            Err(failure) if failure.to_string().contains("answered with 503") => {
                self.turned_away.fetch_add(1, Ordering::Relaxed);
            }
            Err(failure) => {
                let mut first = self.first.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                first.get_or_insert_with(|| failure.to_string());
            }
        }
    }

    fn print(&self, sample: Option<&Sample>) {
        let (done, away) = (self.done.load(Ordering::Relaxed), self.turned_away.load(Ordering::Relaxed));
        if let Some(Sample { rss_mib, rows }) = sample {
            println!("{done} done, {away} turned away, {rss_mib:.1} MiB, {rows:?}");
        }
    }

    fn judge(&self) -> Result<(), Failure> {
        let first = self.first.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (done, away) = (self.done.load(Ordering::Relaxed), self.turned_away.load(Ordering::Relaxed));
        match first.as_ref() {
            Some(failure) => Err(failure.clone().into()),
            None if done == 0 || away * 50 > done => Err(format!("{done} done, {away} turned away").into()),
            None => Ok(()),
        }
    }
}

/// Until the task is aborted.
async fn visit(address: std::net::SocketAddr, accounts: Vec<Account>, sink: Sink, counters: Arc<Counters>) {
    let mut connection = Connection::new(address);
    let mut beats = tokio::time::interval(PACE);
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let book = Book::default();
    let mut codes = BTreeMap::new();
    for round in 0_usize.. {
        beats.tick().await;
        let account = &accounts[round / 16 % accounts.len()];
        let done = match round % 16 {
            0..=3 => sign_in(&mut connection, account).await.map(drop),
            // the budget of codes per address and hour
            4 if *codes.entry(&account.email).and_modify(|sent| *sent += 1).or_insert(1) < 15 => {
                sign_in_by_code(&mut connection, account, &book, &sink).await.map(drop)
            }
            5..=7 => validate(&mut connection, account).await,
            8 => fail(&mut connection, account).await,
            _ => abandon(&mut connection, round).await,
        };
        counters.note(done);
    }
}

async fn validate(connection: &mut Connection, account: &Account) -> Result<(), Failure> {
    let token = sign_in(connection, account).await?;
    if is_valid(connection, &token).await? { Ok(()) } else { Err("a fresh session is not valid".into()) }
}

/// A request with a token that is none.
async fn fail(connection: &mut Connection, account: &Account) -> Result<(), Failure> {
    let cookie = format!("cookie: hanko={}\r\n", account.email);
    let reply = connection.send(&request("GET", "/me", &cookie, "")).await?;
    if reply.status == 401 {
        Ok(())
    } else {
        Err(format!("no token, and the answer is {}", reply.status).into())
    }
}

/// Somebody who does not exist begins and leaves.
async fn abandon(connection: &mut Connection, round: usize) -> Result<(), Failure> {
    let mut flow = Flow::start(connection, "login").await?;
    flow.act("continue_with_login_identifier", &json!({ "email": format!("n{round}@soak.example") })).await
}

/// Ages what has a long life, cleans up, counts.
async fn look(place: &Place, url: Option<&str>, server: &Server, age: Duration) -> Result<Sample, Failure> {
    let seconds = age.as_secs();
    let rows = if let Some(url) = url {
        age_postgres(url, seconds).await?;
        clean_up(place).await?;
        count_postgres(url).await?
    } else {
        let file = place.file();
        let aged = file.clone();
        tokio::task::spawn_blocking(move || age_sqlite(&aged, seconds)).await??;
        clean_up(place).await?;
        tokio::task::spawn_blocking(move || count_sqlite(&file)).await??
    };
    let rss_mib = server.process().rss_mib().ok_or("the server is gone")?;
    Ok(Sample { rss_mib, rows })
}

async fn clean_up(place: &Place) -> Result<(), Failure> {
    let output = place.run(&["cleanup", "--run"]).await?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("cleanup: {}", String::from_utf8_lossy(&output.stderr)).into())
}

async fn age_postgres(url: &str, seconds: u64) -> Result<(), Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let old = format!("now() - interval '{seconds} seconds'");
    let aged = format!(
        "UPDATE flows SET expires_at = '2000-01-01' WHERE created_at < {old}; \
         UPDATE passcodes SET expires_at = created_at WHERE created_at < {old}; \
         UPDATE audit_records SET created_at = '2000-01-01' WHERE created_at < {old}; \
         UPDATE outbox SET finished_at = '2000-01-01' WHERE finished_at < {old}"
    );
    Ok(client.batch_execute(&aged).await?)
}

async fn count_postgres(url: &str) -> Result<BTreeMap<&'static str, i64>, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let mut rows = BTreeMap::new();
    for table in TABLES {
        rows.insert(table, client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await?.get(0));
    }
    Ok(rows)
}

fn age_sqlite(file: &Path, seconds: u64) -> Result<(), Failure> {
    let database = rusqlite::Connection::open(file)?;
    database.busy_timeout(Duration::from_secs(5))?;
    let old = format!("(unixepoch() - {seconds}) * 1000000");
    Ok(database.execute_batch(&format!(
        "BEGIN IMMEDIATE; UPDATE flows SET expires_at = 1 WHERE created_at < {old}; \
         UPDATE passcodes SET expires_at = created_at WHERE created_at < {old}; \
         UPDATE audit_records SET created_at = 1 WHERE created_at < {old}; \
         UPDATE outbox SET finished_at = 1 WHERE finished_at < {old}; COMMIT"
    ))?)
}

fn count_sqlite(file: &Path) -> Result<BTreeMap<&'static str, i64>, Failure> {
    let database = rusqlite::Connection::open(file)?;
    database.busy_timeout(Duration::from_secs(5))?;
    let mut rows = BTreeMap::new();
    for table in TABLES {
        let count = database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        rows.insert(table, count);
    }
    Ok(rows)
}

/// Compares the last third with the second one; the first warms up.
fn judge(samples: &[Sample], time: Duration) -> Result<(), Failure> {
    let third = samples.len() / 3;
    let (Some(warm), Some(late)) = (samples.get(third..2 * third), samples.get(2 * third..)) else {
        return Err("too few looks".into());
    };
    let peak = |part: &[Sample]| part.iter().map(|sample| sample.rss_mib).fold(0.0, f64::max);
    let slack = if time < Duration::from_mins(5) { SLACK_MIB } else { 1.0 };
    let allowed = (peak(warm) * (1.0 + GROWTH)).max(peak(warm) + slack);
    if peak(late) > allowed {
        return Err(format!("memory grew from {:.1} to {:.1} MiB", peak(warm), peak(late)).into());
    }
    for table in TABLES {
        let most = |part: &[Sample]| part.iter().map(|sample| sample.rows[table]).max().unwrap_or_default();
        if most(late) > most(warm) * 3 / 2 + 100 {
            return Err(format!("{table} grew from {} to {} rows", most(warm), most(late)).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(rss_mib: f64, rows: i64) -> Sample {
        Sample { rss_mib, rows: TABLES.iter().map(|table| (*table, rows)).collect() }
    }

    #[test]
    fn growth_is_noticed() {
        let hour = Duration::from_hours(1);
        let steady = [sample(10.0, 0), sample(50.0, 400), sample(51.0, 500)];
        assert!(judge(&steady, hour).is_ok());
        assert!(judge(&[sample(10.0, 0), sample(50.0, 400), sample(60.0, 400)], hour).is_err());
        assert!(judge(&[sample(10.0, 0), sample(50.0, 400), sample(50.0, 800)], hour).is_err());
    }
}
