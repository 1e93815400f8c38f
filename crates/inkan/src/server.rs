//! Start and end of the server.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use inkan_api::{Edge, Limits, Surface, Tracer, admin, public, serve};
use inkan_auth::{App, OutboxWorker, Parts, StartError};
use inkan_base::{Clock, OsRng, Rng, SystemClock, Timestamp};
use inkan_config::{Config, DatabaseTarget, Listener, Smtp, SmtpTls};
use inkan_crypto::{PasswordPolicy, Secrets, SecretsError};
use inkan_mail::{Mailbox, Mailer, SmtpError, SmtpMailer, SmtpSettings, Tls};
use inkan_store::{Keep, OpenError, Store, StoreOptions};
use inkan_webauthn::Metadata;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    limits,
    metadata::{self, MetadataFileError},
    otlp::{self, Collector, CollectorError},
    workers,
};

/// How long requests under way are waited for.
const GRACE: Duration = Duration::from_secs(30);

/// Which listeners are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surfaces {
    /// Both.
    All,
    /// The public API.
    Public,
    /// The admin API.
    Admin,
}

/// What a server is started with. Only tests change more than the first two.
pub struct Options {
    /// The settings.
    pub config: Config,
    /// Which listeners are opened.
    pub surfaces: Surfaces,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// The cost of password hashing.
    pub password_policy: PasswordPolicy,
    /// What one client may take.
    pub limits: Limits,
    /// Whether mails are sent and expired rows removed in the background.
    pub workers: bool,
    /// Root certificate (PEM) that metadata of authenticators lead to, in place of FIDO's.
    pub metadata_root: Option<String>,
}

/// Why the server did not start. Each text says what to do or names the setting.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The configured address.
        address: String,
        /// What the system says.
        cause: io::Error,
    },
    /// There is no usable secret.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The domain cannot start on this database.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Traces cannot be exported with these settings.
    #[error("tracing.otlp.endpoint: {0}")]
    Collector(#[from] CollectorError),
    /// The metadata of authenticators cannot be used.
    #[error(transparent)]
    Metadata(#[from] MetadataFileError),
    /// Mails cannot be sent with these settings.
    #[error(transparent)]
    Smtp(#[from] SmtpError),
}

/// The wiring.
#[derive(Debug)]
pub struct Server;

/// A started server.
#[derive(Debug)]
pub struct Running {
    /// Where the public API listens.
    pub public: Option<SocketAddr>,
    /// Where the admin API listens.
    pub admin: Option<SocketAddr>,
    /// The domain.
    pub app: Arc<App>,
    /// The way mails go.
    pub mailer: Mailer,
    listeners: TaskTracker,
    background: TaskTracker,
    stop_listening: CancellationToken,
    stop_working: CancellationToken,
}

impl Options {
    /// What the product runs with.
    #[must_use]
    pub fn new(config: Config, surfaces: Surfaces) -> Self {
        Self {
            config,
            surfaces,
            clock: Arc::new(SystemClock),
            rng: Arc::new(OsRng),
            password_policy: PasswordPolicy::default(),
            limits: limits::of_this_machine(),
            workers: true,
            metadata_root: None,
        }
    }
}

impl Server {
    /// Opens everything and begins to serve.
    ///
    /// # Errors
    /// [`ServeError`]; nothing keeps running then.
    pub async fn start(options: Options) -> Result<Running, ServeError> {
        let Options { config, surfaces, clock, rng, password_policy, limits, workers, metadata_root } =
            options;
        let mut config = config;
        let public_listener = listen(&config.server.public, surfaces != Surfaces::Admin).await?;
        accept_own_origin(&mut config, public_listener.as_ref());
        let config = Arc::new(config);
        let admin_listener = listen(&config.server.admin, surfaces != Surfaces::Public).await?;
        let mailer = mailer(&config)?;
        let metadata = metadata::read(&config, metadata_root.as_deref(), clock.now())?;
        let collector = Collector::configured(&config.tracing.otlp)?;
        let configured: Vec<String> =
            config.secrets().iter().map(|secret| secret.expose().to_owned()).collect();
        let store = Store::open(store_options(&config), clock.clone()).await?;
        let secrets = secrets(&configured, &config, &store, rng.as_ref()).await?;
        let ends = metadata.as_ref().map(Metadata::valid_until);
        let parts = Parts { config, store: store.clone(), clock, rng, secrets, password_policy, metadata };
        let app = match App::start(parts).await {
            Ok(app) => app,
            Err(error) => {
                store.close().await;
                return Err(error.into());
            }
        };
        let mut running = Running::new(app, mailer);
        let tracer = running.tracer(collector);
        running.background(workers, ends);
        running.listen(public_listener, admin_listener, &limits, tracer);
        Ok(running)
    }
}

/// On the developer's machine the page at `/` uses passkeys too, whatever port it is served from (spec 13, section 11.2).
fn accept_own_origin(config: &mut Config, listener: Option<&TcpListener>) {
    let Some(address) = listener.and_then(|listener| listener.local_addr().ok()) else { return };
    if config.webauthn.is_local() {
        let own = format!("http://localhost:{}", address.port());
        let origins = &mut config.webauthn.relying_party.origins;
        if !origins.contains(&own) {
            origins.push(own);
        }
    }
}

impl Running {
    fn new(app: Arc<App>, mailer: Mailer) -> Self {
        Self {
            public: None,
            admin: None,
            app,
            mailer,
            listeners: TaskTracker::new(),
            background: TaskTracker::new(),
            stop_listening: CancellationToken::new(),
            stop_working: CancellationToken::new(),
        }
    }

    fn background(&self, workers: bool, metadata_end: Option<Timestamp>) {
        if let Some(end) = metadata_end {
            metadata::tell(end, self.app.clock.now());
            self.background.spawn(workers::metadata(self.app.clone(), end, self.stop_working.clone()));
        }
        self.background.spawn(workers::sessions(self.app.clone(), self.stop_working.clone()));
        if workers {
            let worker = OutboxWorker::new(self.app.clone(), self.mailer.clone());
            self.background.spawn(workers::outbox(self.app.clone(), worker, self.stop_working.clone()));
            self.background.spawn(workers::cleanup(self.app.clone(), self.stop_working.clone()));
        }
    }

    /// Where requests leave their spans, while there is a collector.
    fn tracer(&self, collector: Option<Collector>) -> Option<Tracer> {
        let collector = collector?;
        let (app, (sender, spans)) = (&self.app, mpsc::channel(otlp::QUEUE));
        self.background.spawn(otlp::export(app.clone(), collector, spans, self.stop_working.clone()));
        let (ratio, dropped) = (app.config.tracing.otlp.ratio(), app.metrics.spans_dropped.clone());
        Some(Tracer::new(ratio, app.clock.clone(), app.rng.clone(), sender, dropped))
    }

    fn listen(
        &mut self,
        public: Option<TcpListener>,
        admin: Option<TcpListener>,
        limits: &Limits,
        tracer: Option<Tracer>,
    ) {
        self.public = public.as_ref().and_then(|listener| listener.local_addr().ok());
        self.admin = admin.as_ref().and_then(|listener| listener.local_addr().ok());
        let mailbox_url = self.mailbox_url();
        if let Some(listener) = public {
            let routes = public::router(self.app.clone(), mailbox_url.as_deref());
            self.serve(
                listener,
                Edge::new(Surface::Public, self.app.clone(), routes, limits.clone()).traced(tracer.clone()),
            );
        }
        if let Some(listener) = admin {
            let routes = admin::router(self.app.clone(), self.mailbox().cloned());
            self.serve(
                listener,
                Edge::new(Surface::Admin, self.app.clone(), routes, limits.clone()).traced(tracer),
            );
        }
    }

    fn serve(&self, listener: TcpListener, edge: Edge) {
        self.listeners.spawn(serve(listener, Arc::new(edge), self.stop_listening.clone()));
    }

    /// The development mailbox, while no SMTP server is configured.
    #[must_use]
    pub const fn mailbox(&self) -> Option<&Mailbox> {
        match &self.mailer {
            Mailer::Mailbox(mailbox) => Some(mailbox),
            Mailer::Smtp(_) => None,
        }
    }

    /// Where people read the development mailbox, if there is one and the admin API listens.
    #[must_use]
    pub fn mailbox_url(&self) -> Option<String> {
        self.mailbox()?;
        Some(format!("http://{}/mailbox", browsable(self.admin?)))
    }

    /// Where people open the public API on this machine.
    #[must_use]
    pub fn public_url(&self) -> Option<String> {
        Some(format!("http://{}", browsable(self.public?)))
    }

    /// Stops accepting, finishes the requests under way (for 30 s at the most), hands over what is queued, closes the
    /// database. Returns whether everything was finished in time.
    pub async fn shutdown(self) -> bool {
        self.stop_listening.cancel();
        self.listeners.close();
        let finished = timeout(GRACE, self.listeners.wait()).await.is_ok();
        self.stop_working.cancel();
        self.background.close();
        let rested = timeout(GRACE, self.background.wait()).await.is_ok();
        self.app.store.close().await;
        finished && rested
    }
}

/// Which database the configuration means.
#[must_use]
pub fn store_options(config: &Config) -> StoreOptions {
    match config.database.target() {
        DatabaseTarget::Sqlite(path) => StoreOptions::Sqlite { path },
        DatabaseTarget::Postgres(url) => {
            let pool = usize::try_from(config.database.pool).unwrap_or(usize::MAX);
            let keep = Keep {
                idle: usize::try_from(config.database.idle_pool).unwrap_or(usize::MAX),
                age: config.database.conn_max_lifetime,
                idle_time: config.database.conn_max_idletime,
            };
            StoreOptions::Postgres { url, pool, wait: Duration::ZERO, keep }
        }
    }
}

async fn listen(listener: &Listener, wanted: bool) -> Result<Option<TcpListener>, ServeError> {
    if !wanted {
        return Ok(None);
    }
    let address = listener.address();
    match TcpListener::bind(&address).await {
        Ok(listener) => Ok(Some(listener)),
        Err(cause) => Err(ServeError::Listen { address, cause }),
    }
}

/// The configured secrets, or the one of the data directory. A database that was used with one is not given a new one: that
/// would only hide that the old one is missing.
async fn secrets(
    configured: &[String],
    config: &Config,
    store: &Store,
    rng: &dyn Rng,
) -> Result<Vec<String>, ServeError> {
    if configured.is_empty()
        && !Secrets::is_stored(&config.data_dir)
        && let Some(found) = App::needed_secret(store).await?
    {
        return Err(StartError::ForeignSecret { found }.into());
    }
    Ok(Secrets::load(configured, &config.data_dir, rng)?)
}

fn mailer(config: &Config) -> Result<Mailer, SmtpError> {
    let smtp = &config.email_delivery.smtp;
    if smtp.host.trim().is_empty() {
        return Ok(Mailer::Mailbox(Mailbox::new()));
    }
    SmtpMailer::new(smtp_settings(smtp)).map(Mailer::Smtp)
}

fn smtp_settings(smtp: &Smtp) -> SmtpSettings {
    let mut settings = SmtpSettings::new(smtp.host.trim(), smtp.port);
    settings.tls = match smtp.tls {
        SmtpTls::Auto => Tls::Auto,
        SmtpTls::Implicit => Tls::Implicit,
        SmtpTls::Starttls => Tls::StartTls,
        SmtpTls::None => Tls::None,
    };
    settings.connections = smtp.connections.into();
    if !smtp.user.is_empty() {
        settings.user = Some(smtp.user.clone());
        settings.password = Some(smtp.password.expose().to_owned());
    }
    settings
}

/// `localhost` instead of an address that only means "here": cookies and passkeys are bound to names.
fn browsable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() || address.ip().is_loopback() {
        return format!("localhost:{}", address.port());
    }
    address.to_string()
}
