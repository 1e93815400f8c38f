//! `kill -9` at random moments of a load: what was acknowledged is there after the restart, nothing is there by half.
//!
//! Each run puts a load of registrations, logins, logouts and mails on the server, kills it (every third run on PostgreSQL:
//! the database instead), starts it again and checks the promises (`check`). Every fourth run it is killed once more
//! while it starts. The moments come from a seed.

use std::{path::PathBuf, sync::Arc, time::Duration};

use inkan_base::{RngExt as _, SeededRng};
use inkan_test_support::{Durability, PostgresCluster, TestDatabase};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    Failure,
    book::Book,
    check::{self, Inspected},
    place::{Place, START, Server, as_url},
    process::answers,
    smtp::Sink,
    visitor::Visitor,
};

/// Visitors at the same time.
const VISITORS: usize = 6;

/// Which database the server uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    /// The embedded one.
    Sqlite,
    /// A server of its own, which writes as in production.
    Postgres,
}

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The server's program.
    #[arg(long)]
    server: PathBuf,
    /// How many crashes.
    #[arg(long, default_value_t = 50)]
    runs: u32,
    /// Only this database.
    #[arg(long)]
    database: Option<Engine>,
    /// Repeats the moments of an earlier call.
    #[arg(long)]
    seed: Option<u64>,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server's program.
    pub program: PathBuf,
    /// The database.
    pub engine: Engine,
    /// How many crashes.
    pub runs: u32,
    /// Where the moments come from.
    pub seed: u64,
}

/// What was promised and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Acknowledged registrations.
    pub accounts: usize,
    /// Acknowledged sessions.
    pub sessions: usize,
    /// Acknowledged mails.
    pub mails: usize,
}

pub(crate) async fn run_arguments(arguments: &Arguments) -> Result<(), Failure> {
    let seed = arguments.seed.unwrap_or_else(|| u64::from(inkan_base::OsRng.below(u32::MAX)));
    println!("seed {seed} (--seed {seed} repeats it)");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        if arguments.database.is_none_or(|only| only == engine) {
            let plan = Plan { program: arguments.server.clone(), engine, runs: arguments.runs, seed };
            let done = run(&plan).await?;
            println!("{engine:?}: {} crashes, everything kept: {done:?}", arguments.runs);
        }
    }
    Ok(())
}

/// Runs the crashes.
///
/// # Errors
/// The first promise that was not kept, with run and seed.
pub async fn run(plan: &Plan) -> Result<Summary, Failure> {
    let mut scene = Scene::new(plan).await?;
    for run in 1..=plan.runs {
        let done = scene.run(run).await;
        done.map_err(|failure| format!("{:?}, seed {}, run {run}: {failure}", plan.engine, plan.seed))?;
    }
    check::mails(&scene.book, &scene.sink).await?;
    let pages = scene.book.pages();
    let (accounts, sessions) = (pages.accounts.len(), pages.sessions.len());
    Ok(Summary { accounts, sessions, mails: pages.mails.values().sum() })
}

/// What outlives the crashes.
struct Scene {
    // before the database, so that nobody uses it when it is removed
    server: Option<Server>,
    place: Place,
    cluster: Option<&'static PostgresCluster>,
    inspected: Inspected,
    book: Book,
    sink: Sink,
    rng: Arc<SeededRng>,
    _database: Option<TestDatabase>,
}

impl Scene {
    async fn new(plan: &Plan) -> Result<Self, Failure> {
        let (cluster, database) = match plan.engine {
            Engine::Sqlite => (None, None),
            Engine::Postgres => {
                // stopped when this process ends
                let cluster: &'static PostgresCluster =
                    Box::leak(Box::new(PostgresCluster::start(Durability::Durable).await));
                (Some(cluster), Some(cluster.empty_database().await))
            }
        };
        let (sink, smtp) = Sink::start().await?;
        sink.record();
        let url = database.as_ref().map(|database| as_url(&database.url()));
        let place = Place::new(&plan.program, url.as_deref())?
            .set("EMAIL_DELIVERY_SMTP_HOST", smtp.ip().to_string())
            .set("EMAIL_DELIVERY_SMTP_PORT", smtp.port().to_string())
            .set("SESSION_LIMIT", "1000");
        let inspected = url.map_or_else(|| Inspected::Sqlite(place.file()), Inspected::Postgres);
        let rng = Arc::new(SeededRng::new(plan.seed));
        let server = Some(place.start().await?);
        let book = Book::default();
        Ok(Self { server, place, cluster, inspected, book, sink, rng, _database: database })
    }

    async fn run(&mut self, run: u32) -> Result<(), Failure> {
        let mut visitors = JoinSet::new();
        for number in 0..VISITORS {
            let visitor = Visitor {
                number,
                run,
                address: self.place.address(),
                book: self.book.clone(),
                sink: self.sink.clone(),
                rng: Arc::new(SeededRng::new(u64::from(self.rng.below(u32::MAX)))),
            };
            visitors.spawn(visitor.stay());
        }
        self.pause(300, 1200).await;
        match self.cluster {
            Some(cluster) if run % 3 == 2 => {
                self.crash_database(cluster).await?;
                visitors.shutdown().await;
            }
            _ => {
                drop(self.server.take());
                visitors.shutdown().await;
                if run.is_multiple_of(4) {
                    let starting = self.place.spawn()?;
                    self.pause(0, 200).await;
                    drop(starting);
                }
                self.server = Some(self.place.start().await?);
            }
        }
        check::database(&self.inspected).await?;
        check::promises(&self.place, &self.book, &self.sink, run, &self.rng).await
    }

    /// The server stays, says that it is not ready, and is ready again by itself soon after its database.
    async fn crash_database(&self, cluster: &PostgresCluster) -> Result<(), Failure> {
        cluster.crash().await;
        if self.place.status("/health/alive").await? != 200 {
            return Err("without its database the server is not alive".into());
        }
        if self.place.status("/health/ready").await? != 503 {
            return Err("without its database the server says that it is ready".into());
        }
        self.pause(0, 500).await;
        cluster.start_again().await;
        if answers(self.place.address(), "/health/ready", START).await {
            return Ok(());
        }
        Err(format!("the server does not find its database again; its log: {}", self.place.log()).into())
    }

    /// Sleeps for a random time between two numbers of milliseconds.
    async fn pause(&self, from: u32, to: u32) {
        sleep(Duration::from_millis(u64::from(from + self.rng.below(to - from)))).await;
    }
}
