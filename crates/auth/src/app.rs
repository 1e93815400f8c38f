//! The services of the server, wired once at start.

use std::{fmt, sync::Arc};

use inkan_base::{BufferedRng, Clock, Rng, RngExt as _, TenantId};
use inkan_config::{Config, JwtAlgorithm};
use inkan_crypto::{
    Algorithm, Keyring, PasswordPolicy, PasswordPool, PrivateKey, SigningKeys, seal::Context as Sealed,
};
use inkan_store::{SessionEvent, Store, StoreError, Tx};
use inkan_template::claims::CompiledClaims;
use inkan_webauthn::Metadata;
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;

use crate::{
    Context,
    accounts::{
        profile::profile,
        webauthn::{self, WebAuthn, WebAuthnError},
    },
    events::{Event, Journal},
    flows::{Beginnings, FlowLocks, RecentFlows, Starts},
    limits::Limits,
    metrics::Metrics,
    sessions::{SessionCache, ValidSession, removal_cookie},
};

/// Everything that use cases work with.
pub struct App {
    /// The settings.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// Randomness for names of flows and requests, which are no secrets.
    pub names: BufferedRng,
    /// Secrets at rest and keyed digests.
    pub keyring: Keyring,
    /// Password hashing.
    pub passwords: PasswordPool,
    /// How often something may be tried.
    pub limits: Limits,
    /// What is counted.
    pub metrics: Metrics,
    pub(crate) keys: SigningKeys,
    pub(crate) custom_claims: CompiledClaims,
    pub(crate) webauthn: WebAuthn,
    pub(crate) sessions: SessionCache,
    pub(crate) locks: FlowLocks,
    pub(crate) starts: Starts,
    pub(crate) recent_flows: RecentFlows,
    pub(crate) beginnings: Beginnings,
}

/// What an [`App`] is made of.
pub struct Parts {
    /// The settings.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// Secrets, the newest first.
    pub secrets: Vec<String>,
    /// How passwords are hashed.
    pub password_policy: PasswordPolicy,
    /// What `webauthn.attestation.mds_file` says of authenticators, if it is set.
    pub metadata: Option<Metadata>,
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The secrets are not usable.
    #[error("secrets: {0}")]
    Keyring(#[from] inkan_crypto::KeyringError),
    /// The secrets are not those that the database was used with.
    #[error(
        "none of the configured secrets is the one this database was used with (fingerprint {found}); \
         restore that secret (`secrets.keys` or <data_dir>/secret.key)"
    )]
    ForeignSecret {
        /// Fingerprint of the secret that is needed.
        found: String,
    },
    /// The password pool cannot be made.
    #[error("password hashing: {0}")]
    Passwords(#[from] inkan_crypto::HashError),
    /// A setting of passkeys cannot be used.
    #[error(transparent)]
    WebAuthn(#[from] WebAuthnError),
    /// A signing key cannot be made or read.
    #[error("signing keys: {0}")]
    Keys(#[from] inkan_crypto::KeyError),
    /// A signing key cannot be opened.
    #[error("the signing key {kid} cannot be opened: {cause}")]
    SealedKey {
        /// Which key.
        kid: String,
        /// Why.
        cause: inkan_crypto::SealError,
    },
    /// The database cannot be used.
    #[error("database: {0}")]
    Store(#[from] StoreError),
}

/// Name of the fingerprint in the database (spec 00, decision 12).
const FINGERPRINT: &str = "secret_fingerprint";

impl App {
    /// Checks the secrets against the database, loads or makes the signing key and puts everything together.
    ///
    /// # Errors
    /// [`StartError`], with what to do about it.
    pub async fn start(parts: Parts) -> Result<Arc<Self>, StartError> {
        let Parts { config, store, clock, rng, secrets, password_policy, metadata } = parts;
        let keyring = Keyring::new(&secrets)?;
        let now = clock.now();
        let algorithm = algorithm(config.jwt.algorithm);
        let keys = store
            .write::<_, StartError>(TenantId::DEFAULT, async |tx| {
                tx.lock_name("start").await?;
                check_fingerprint(tx, &keyring).await?;
                load_keys(tx, &keyring, rng.as_ref(), algorithm, now).await
            })
            .await?;
        let metrics = Metrics::new();
        let app = Arc::new(Self {
            limits: Limits::new(&config).counted(&metrics),
            passwords: PasswordPool::new(password_policy)?,
            webauthn: WebAuthn::new(&config.webauthn, metadata)?,
            custom_claims: CompiledClaims::new(&config.session.jwt_template.claims),
            sessions: SessionCache::new(&metrics),
            metrics,
            locks: FlowLocks::default(),
            starts: Starts::default(),
            recent_flows: RecentFlows::new(),
            beginnings: Beginnings::new(),
            config,
            store,
            clock,
            names: BufferedRng::new(rng.clone()),
            rng,
            keyring,
            keys,
        });
        Ok(app)
    }

    /// Fingerprint of the secret that a database was used with, if it was.
    ///
    /// # Errors
    /// [`StartError::Store`] when the database cannot tell.
    pub async fn needed_secret(store: &Store) -> Result<Option<String>, StartError> {
        Ok(store.read(TenantId::DEFAULT, async |tx| tx.meta().find(FINGERPRINT).await).await?)
    }

    /// Forgets cached sessions that end, also those that other nodes end. Runs until the store is closed.
    pub async fn watch_sessions(&self) {
        let mut events = self.store.session_events();
        // What ended before may have been missed.
        self.sessions.forget(SessionEvent::Flush);
        loop {
            match events.recv().await {
                Ok(event) => self.sessions.forget(event),
                Err(RecvError::Lagged(_)) => self.sessions.forget(SessionEvent::Flush),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// The public keys as a JSON Web Key Set.
    #[must_use]
    pub fn jwks(&self) -> &str {
        self.keys.jwks()
    }

    /// Whether requests can be served: asks the database.
    ///
    /// # Errors
    /// [`StoreError`] when it does not answer.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }

    /// The profile of the session's user; `None` if the account is gone.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot tell.
    pub async fn me(&self, cx: &Context, session: &ValidSession) -> Result<Option<Value>, StoreError> {
        let found = self.store.read(cx.tenant, async |tx| {
            let Some(account) = tx.accounts().find(session.user).await? else { return Ok(None) };
            let credentials = webauthn::of_account(tx, &account).await?;
            Ok(Some((account, credentials)))
        });
        let found = found.await?;
        Ok(found.map(|(account, credentials)| profile(&self.config, &account, &credentials)))
    }

    /// Ends a session (spec 05, section 6.2).
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be ended; then it still lives.
    pub async fn logout(&self, cx: &Context, session: &ValidSession) -> Result<(), StoreError> {
        let mut journal = Journal::new(None);
        let user = session.user;
        self.store
            .write::<_, StoreError>(cx.tenant, async |tx| {
                let account = tx.accounts().ask(user).await?;
                let deleted = tx.sessions().delete(session.session).await?;
                let account = tx.answer(account).await?;
                let email = account.as_ref().and_then(|account| account.primary_email());
                let event = Event::UserLoggedOut { user, email: email.map(|email| email.address.as_str()) };
                match deleted {
                    Some(_) => journal.record(tx, self, cx, event).await,
                    None => Ok(()),
                }
            })
            .await?;
        self.sessions.forget(SessionEvent::Ended(session.session));
        journal.flush(&self.config);
        Ok(())
    }

    /// `Set-Cookie` that removes the session cookie.
    #[must_use]
    pub fn session_cookie_removal(&self) -> String {
        removal_cookie(&self.config)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

async fn check_fingerprint(tx: &mut Tx<'_>, keyring: &Keyring) -> Result<(), StartError> {
    match tx.meta().find(FINGERPRINT).await? {
        Some(found) if !keyring.knows(&found) => return Err(StartError::ForeignSecret { found }),
        Some(found) if found == keyring.fingerprint() => {}
        _ => tx.meta().set(FINGERPRINT, &keyring.fingerprint()).await?,
    }
    Ok(())
}

/// All keys verify, the newest signs. A key of another algorithm than configured stays and a new one is made. Keys sealed
/// under an older secret are sealed anew, so that the old secret can be dropped (spec 05, section 3.2).
async fn load_keys(
    tx: &mut Tx<'_>,
    keyring: &Keyring,
    rng: &dyn Rng,
    algorithm: Algorithm,
    now: inkan_base::Timestamp,
) -> Result<SigningKeys, StartError> {
    let mut keys = Vec::new();
    let mut rows = tx.signing_keys().list().await?;
    if rows.last().is_none_or(|newest| newest.algorithm != algorithm.name()) {
        let kid = uuid::Builder::from_random_bytes(rng.bytes()).into_uuid().to_string();
        let pkcs8 = PrivateKey::generate(algorithm)?.to_pkcs8()?;
        let sealed = seal(keyring, tx.tenant(), &kid, &pkcs8, rng)?;
        rows.push(tx.signing_keys().create(&kid, algorithm.name(), &sealed, now).await?);
    }
    for row in rows {
        let context = Sealed { table: "signing_keys", tenant: tx.tenant(), row: &row.kid, column: "sealed" };
        let pkcs8 = keyring
            .open(context, &row.sealed)
            .map_err(|cause| StartError::SealedKey { kid: row.kid.clone(), cause })?;
        if keyring.needs_resealing(&row.sealed) {
            let sealed = seal(keyring, tx.tenant(), &row.kid, &pkcs8, rng)?;
            tx.signing_keys().replace_sealed(row.id, &sealed).await?;
        }
        let algorithm = Algorithm::from_name(&row.algorithm)
            .ok_or_else(|| StoreError::Bug(format!("unknown signing algorithm {}", row.algorithm)))?;
        keys.push((row.kid, PrivateKey::from_pkcs8(algorithm, &pkcs8)?));
    }
    Ok(SigningKeys::new(keys)?)
}

fn seal(
    keyring: &Keyring,
    tenant: TenantId,
    kid: &str,
    plain: &[u8],
    rng: &dyn Rng,
) -> Result<Vec<u8>, StartError> {
    let context = Sealed { table: "signing_keys", tenant, row: kid, column: "sealed" };
    keyring.seal(context, plain, rng).map_err(|cause| StartError::SealedKey { kid: kid.to_owned(), cause })
}

const fn algorithm(configured: JwtAlgorithm) -> Algorithm {
    match configured {
        JwtAlgorithm::RS256 => Algorithm::RS256,
        JwtAlgorithm::ES256 => Algorithm::ES256,
        JwtAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}
