//! Starting and ending the server of a test.

use std::{
    mem,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use inkan::{Options, Running, ServeError, Server, Surfaces};
use inkan_api::Limits;
use inkan_auth::OutboxWorker;
use inkan_base::{Clock as _, ManualClock, SeededRng, SystemClock, TenantId, Timestamp};
use inkan_config::{Config, ConnectionUrl};
use inkan_crypto::PasswordPolicy;
use inkan_mail::StoredMail;
use inkan_store::{AuditRecord, Store, StoreError, StoreOptions};
use inkan_test_support::{FaultProxy, PostgresCluster, TempDir, TestDatabase, temporary_directory};
use serde_json::Value;
use tokio::runtime::Handle;
use tracing::Dispatch;
use tracing_subscriber::EnvFilter;

use super::{
    log::Log,
    trap::{Trap, Trapped},
};

/// 2026-11-22T05:00:00Z, when every test begins.
const START: Timestamp = Timestamp::from_seconds(1_795_323_600);

/// The database of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Runs a test on one engine, with a runtime and a log of its own.
pub(crate) fn run<F: Future<Output = ()>>(engine: Engine, test: impl FnOnce(AppBuilder) -> F) {
    let log = Log::default();
    let filter = EnvFilter::new("info,inkan=debug,inkan_api=debug,inkan_auth=debug,inkan_store=debug");
    let subscriber = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(log.clone());
    let dispatch = Dispatch::new(subscriber.finish());
    let for_threads = dispatch.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .on_thread_start(move || mem::forget(tracing::dispatcher::set_default(&for_threads)))
        .build()
        .unwrap();
    let _guard = tracing::dispatcher::set_default(&dispatch);
    runtime.block_on(test(AppBuilder::new(engine, log)));
}

/// What a test wants to be different.
#[derive(Clone)]
pub(crate) struct AppBuilder {
    engine: Engine,
    log: Log,
    overlays: Vec<String>,
    limits: Limits,
    workers: bool,
    metadata_root: Option<String>,
    real_clock: bool,
    proxied: bool,
    trap: Arc<Trap>,
    home: Option<Arc<Home>>,
}

/// What outlives a server: its data, and the time.
struct Home {
    clock: Arc<ManualClock>,
    proxy: Option<FaultProxy>,
    database: Option<TestDatabase>,
    directory: TempDir,
    /// Servers that were started on it; none repeats the randomness of another one.
    starts: AtomicU64,
}

impl AppBuilder {
    fn new(engine: Engine, log: Log) -> Self {
        let limits = Limits::default();
        let (workers, real_clock, proxied) = (false, false, false);
        let (overlays, trap) = (Vec::new(), Arc::default());
        let metadata_root = None;
        Self { engine, log, overlays, limits, workers, metadata_root, real_clock, proxied, trap, home: None }
    }

    /// Settings on top of the defaults, as they stand in a file.
    pub(crate) fn config(mut self, yaml: &str) -> Self {
        self.overlays.push(yaml.to_owned());
        self
    }

    /// Other limits.
    pub(crate) fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// With background workers, as in production, instead of [`TestApp::deliver`].
    pub(crate) fn workers(mut self) -> Self {
        self.workers = true;
        self
    }

    /// Metadata of authenticators lead to this root certificate (PEM).
    pub(crate) fn metadata_root(mut self, pem: String) -> Self {
        self.metadata_root = Some(pem);
        self
    }

    /// With the clock of this machine.
    #[expect(dead_code, reason = "for tests that talk to foreign servers")]
    pub(crate) fn real_clock(mut self) -> Self {
        self.real_clock = true;
        self
    }

    /// With a network between server and database that can fail: [`TestApp::proxy`].
    pub(crate) fn proxied(mut self) -> Self {
        self.proxied = true;
        self
    }

    /// Makes clock or randomness panic.
    pub(crate) fn trap(&self) -> Arc<Trap> {
        self.trap.clone()
    }

    /// Which database it will be.
    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    /// Starts the server.
    pub(crate) async fn start(self) -> TestApp {
        self.try_start().await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts the server, or says why that is refused.
    pub(crate) async fn try_start(mut self) -> Result<TestApp, ServeError> {
        let home = match self.home.take() {
            Some(home) => home,
            None => Arc::new(self.new_home().await),
        };
        self.home = Some(home.clone());
        let rng = Arc::new(SeededRng::new(1 + home.starts.fetch_add(1, Ordering::SeqCst)));
        let options = Options {
            config: self.settings(&home),
            surfaces: Surfaces::All,
            clock: Arc::new(Trapped { trap: self.trap.clone(), source: home.clock.clone() }),
            rng: Arc::new(Trapped { trap: self.trap.clone(), source: rng }),
            password_policy: PasswordPolicy::cheap(),
            limits: self.limits.clone(),
            workers: self.workers,
            metadata_root: self.metadata_root.clone(),
        };
        let running = Server::start(options).await?;
        Ok(TestApp {
            engine: self.engine,
            clock: home.clock.clone(),
            log: self.log.clone(),
            errors_expected: AtomicBool::new(false),
            running: Some(running),
            builder: self,
        })
    }

    /// The database of a stopped server.
    pub(crate) async fn open_store(&self) -> Store {
        let home = self.home.as_ref().expect("a server was started before");
        let options = inkan::store_options(&self.settings(home));
        Store::open(options, home.clock.clone()).await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn new_home(&self) -> Home {
        let database = match self.engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(PostgresCluster::shared().await.database(migrate).await),
        };
        let now = if self.real_clock { SystemClock.now() } else { START };
        let clock = Arc::new(ManualClock::new(now));
        let proxy = match &database {
            Some(database) if self.proxied => Some(FaultProxy::start(&database.url()).await),
            _ => None,
        };
        Home { clock, proxy, database, directory: temporary_directory(), starts: AtomicU64::new(0) }
    }

    fn settings(&self, home: &Home) -> Config {
        let mut yaml = yaml(&format!("{BASE}\ndata_dir: {}", home.data_dir().display()));
        for text in &self.overlays {
            overlay(&mut yaml, self::yaml(text));
        }
        let mut config = Config::from_yaml(&yaml.to_string()).unwrap_or_else(|error| panic!("{error}"));
        config.server.public.address = "127.0.0.1:0".into();
        config.server.admin.address = "127.0.0.1:0".into();
        if let Some(database) = &home.database {
            let url = home.proxy.as_ref().map_or_else(|| database.url(), |proxy| proxy.url().to_owned());
            config.database.url = ConnectionUrl::new(url);
        }
        config
    }
}

impl Home {
    fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }
}

const BASE: &str = "
secret_keys: [a-secret-for-tests-only-0123456789]
server:
  ip: { extractor: x_forwarded_for, trusted_proxies: [127.0.0.0/8] }
jwt: { algorithm: ES256 }
database: { pool: 6 }
audit_log: { console_output: { enabled: false } }
mfa: { acquire_on_registration: false } # tests of second factors ask for them
";

async fn migrate(url: String) {
    let options = StoreOptions::Postgres {
        url,
        pool: 2,
        wait: std::time::Duration::ZERO,
        keep: inkan_store::Keep::default(),
    };
    Store::open(options, Arc::new(SystemClock)).await.unwrap().close().await;
}

fn yaml(text: &str) -> Value {
    serde_yaml_ng::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn overlay(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                overlay(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

/// A running server. Dropping it fails the test when a mail cannot be delivered or the log has errors.
pub(crate) struct TestApp {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) log: Log,
    errors_expected: AtomicBool,
    running: Option<Running>,
    /// What it was started with, data included.
    builder: AppBuilder,
}

impl TestApp {
    /// The server.
    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    /// The server's domain.
    pub(crate) fn domain(&self) -> &inkan_auth::App {
        &self.running().app
    }

    /// The test is about a server that reports errors.
    pub(crate) fn expect_errors(&self) {
        self.errors_expected.store(true, Ordering::SeqCst);
    }

    /// Stops the server. What comes back starts another one on the same data.
    pub(crate) async fn stop(mut self) -> AppBuilder {
        if let Some(running) = self.running.take() {
            running.shutdown().await;
        }
        self.builder.clone()
    }

    /// For another server on the same data, beside this one.
    pub(crate) fn beside(&self) -> AppBuilder {
        self.builder.clone()
    }

    /// Where the server keeps its files.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.builder.home.as_ref().unwrap().data_dir()
    }

    /// The network to the database.
    pub(crate) fn proxy(&self) -> &FaultProxy {
        self.builder.home.as_ref().unwrap().proxy.as_ref().expect("a proxied server")
    }

    /// The connection string of its PostgreSQL database, past the proxy.
    pub(crate) fn database_url(&self) -> String {
        self.builder.home.as_ref().unwrap().database.as_ref().expect("a PostgreSQL database").url()
    }

    /// Takes the server out, to shut it down.
    pub(crate) fn take_running(&mut self) -> Running {
        self.running.take().unwrap()
    }

    /// Sends what is queued.
    pub(crate) async fn deliver(&self) {
        let running = self.running();
        let worker = OutboxWorker::new(running.app.clone(), running.mailer.clone());
        while worker.run_once().await.unwrap() > 0 {}
    }

    /// The mails to an address, the newest first. Sends what is queued before.
    pub(crate) async fn mails(&self, to: &str) -> Vec<StoredMail> {
        self.deliver().await;
        let mailbox = self.running().mailbox().expect("the development mailbox");
        mailbox.list().into_iter().filter(|mail| mail.to == to).collect()
    }

    /// The code in the newest mail to an address.
    pub(crate) async fn code(&self, to: &str) -> String {
        let mails = self.mails(to).await;
        let text = &mails.first().unwrap_or_else(|| panic!("no mail to {to}")).text;
        let mut runs = text.split(|c: char| !c.is_ascii_digit());
        runs.find(|run| run.len() == 6).unwrap_or_else(|| panic!("no code in: {text}")).to_owned()
    }

    /// The audit records, the oldest first.
    pub(crate) async fn audit(&self) -> Vec<AuditRecord> {
        let store = &self.domain().store;
        let list: Result<_, StoreError> =
            store.read(TenantId::DEFAULT, async |tx| tx.audit().list(10_000).await).await;
        let mut records = list.unwrap();
        records.reverse();
        records
    }

    /// How many mails wait.
    pub(crate) async fn queued(&self) -> i64 {
        let store = &self.domain().store;
        let count: Result<_, StoreError> =
            store.read(TenantId::DEFAULT, async |tx| tx.outbox().pending_count().await).await;
        count.unwrap()
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn end(&self) -> Result<(), String> {
        if self.errors_expected.load(Ordering::SeqCst) {
            return Ok(());
        }
        if self.running.is_some() {
            self.deliver().await;
            let queued = self.queued().await;
            if queued > 0 {
                return Err(format!("{queued} mails were not delivered"));
            }
        }
        let errors = self.log.errors();
        if errors.is_empty() { Ok(()) } else { Err(format!("the log has errors: {errors:#?}")) }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        let result = tokio::task::block_in_place(|| {
            Handle::current().block_on(async {
                let result = if failed { Ok(()) } else { self.end().await };
                if let Some(running) = self.running.take() {
                    running.shutdown().await;
                }
                result
            })
        });
        if let Err(error) = result {
            panic!("{error}");
        }
    }
}
