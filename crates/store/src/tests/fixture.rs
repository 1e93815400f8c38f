//! A store of one test, and rows to put into it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use inkan_base::{
    EmailId, FlowId, ManualClock, OtpSecretId, PasscodeId, PasswordId, Rng, SeededRng, SessionId, TenantId,
    Timestamp, TrustedDeviceId, UserId, UsernameId,
};
use inkan_test_support::{PostgresCluster, TempDir, TestDatabase, temporary_directory};

use crate::{
    BackupFlags, Email, FlowRow, OtpSecret, Passcode, Session, Store, StoreError, StoreOptions,
    TrustedDevice, User, Username, WebauthnChallenge, WebauthnCredential, WebauthnOperation,
};

pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(super) const TENANT: TenantId = TenantId::DEFAULT;

pub(super) enum Place {
    Sqlite(TempDir),
    Postgres(TestDatabase),
}

pub(super) struct TestStore {
    pub(super) store: Store,
    pub(super) place: Place,
    pub(super) rng: SeededRng,
}

pub(super) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(NOW))
}

pub(super) async fn postgres_database() -> TestDatabase {
    let cluster = PostgresCluster::shared().await;
    cluster
        .database(async |url| {
            let options =
                StoreOptions::Postgres { url, pool: 1, wait: Duration::ZERO, keep: crate::Keep::default() };
            Store::open(options, clock()).await.unwrap().close().await;
        })
        .await
}

impl TestStore {
    pub(super) async fn sqlite() -> Self {
        Self::at(Place::Sqlite(temporary_directory())).await
    }

    pub(super) async fn postgres() -> Self {
        Self::at(Place::Postgres(postgres_database().await)).await
    }

    async fn at(place: Place) -> Self {
        let store = Store::open(place.options(), clock()).await.unwrap();
        Self { store, place, rng: SeededRng::new(1) }
    }

    /// Closes the store and opens it again.
    pub(super) async fn reopen(mut self) -> Self {
        self.store.close().await;
        self.store = Store::open(self.place.options(), clock()).await.unwrap();
        self
    }

    /// A stored user without anything.
    pub(super) async fn user(&self) -> User {
        let user = User::new(UserId::random(&self.rng), NOW);
        self.store.write(TENANT, async |tx| tx.users().create(&user).await).await.unwrap();
        user
    }

    pub(super) async fn count(&self, table: &'static str) -> i64 {
        let sql: &'static crate::sql::Sql = Box::leak(Box::new(crate::sql::Sql::new(Box::leak(
            format!("SELECT count(*) FROM {table}").into(),
        ))));
        let row = self.store.read(TENANT, async |tx| tx.find(sql, &[]).await).await.unwrap();
        row.unwrap().take().unwrap()
    }
}

impl Place {
    pub(super) fn options(&self) -> StoreOptions {
        match self {
            Self::Sqlite(directory) => StoreOptions::Sqlite { path: file(directory) },
            Self::Postgres(database) => StoreOptions::Postgres {
                url: database.url(),
                pool: 8,
                wait: Duration::from_secs(20),
                keep: crate::Keep::default(),
            },
        }
    }
}

pub(super) fn file(directory: &TempDir) -> PathBuf {
    directory.path().join("data").join("inkan.db")
}

pub(super) fn email(rng: &dyn Rng, user: &User, address: &str, primary: bool) -> Email {
    let id = EmailId::random(rng);
    let address = address.to_owned();
    Email { id, user_id: user.id, address, verified: false, primary, created_at: NOW, updated_at: NOW }
}

pub(super) fn username(rng: &dyn Rng, user: &User, name: &str) -> Username {
    let username = name.to_owned();
    Username { id: UsernameId::random(rng), user_id: user.id, username, created_at: NOW, updated_at: NOW }
}

pub(super) fn password_id(rng: &dyn Rng) -> PasswordId {
    PasswordId::random(rng)
}

pub(super) fn session(rng: &dyn Rng, user: &User, age: u64) -> Session {
    let created_at = NOW - Duration::from_secs(age);
    Session {
        id: SessionId::random(rng),
        user_id: user.id,
        user_agent: Some("x".repeat(300)),
        ip_address: None,
        created_at,
        updated_at: created_at,
        expires_at: NOW + Duration::from_hours(1),
        last_used: created_at,
    }
}

pub(super) fn passcode(rng: &dyn Rng) -> Passcode {
    Passcode {
        id: PasscodeId::random(rng),
        flow_id: FlowId::ordered(NOW, rng),
        user_id: None,
        address: "ada@example.com".to_owned(),
        kind: "login".to_owned(),
        code_mac: vec![1, 2, 3],
        attempts: 0,
        created_at: NOW,
        expires_at: NOW + Duration::from_mins(5),
    }
}

pub(super) fn flow(rng: &dyn Rng) -> FlowRow {
    FlowRow {
        id: FlowId::ordered(NOW, rng),
        kind: "login".to_owned(),
        state: "login_init".to_owned(),
        version: 1,
        csrf_token: "token".to_owned(),
        data: vec![0, 255],
        last_request: None,
        last_answer: Some(vec![7]),
        last_answer_until: Some(NOW),
        finished: false,
        created_at: NOW,
        updated_at: NOW,
        expires_at: NOW + Duration::from_hours(24),
    }
}

pub(super) fn credential(rng: &dyn Rng, user: &User, mfa_only: bool) -> WebauthnCredential {
    WebauthnCredential {
        id: bytes::<32>(rng).to_vec(),
        user_id: user.id,
        user_handle: None,
        public_key: vec![0, 1, 255],
        attestation_format: "packed".to_owned(),
        aaguid: bytes(rng),
        sign_count: 5,
        transports: vec!["usb".to_owned(), "nfc".to_owned()],
        name: None,
        mfa_only,
        backup: Some(BackupFlags { eligible: true, backed_up: false }),
        user_verified: false,
        created_at: NOW,
        updated_at: NOW,
        last_used_at: Some(NOW),
    }
}

pub(super) fn challenge(rng: &dyn Rng) -> WebauthnChallenge {
    WebauthnChallenge {
        challenge: bytes(rng),
        flow_id: Some(FlowId::ordered(NOW, rng)),
        user_id: None,
        operation: WebauthnOperation::Authentication,
        kind: "passkey".to_owned(),
        user_verification: "preferred".to_owned(),
        allowed_credentials: None,
        created_at: NOW,
        expires_at: NOW + Duration::from_mins(5),
        consumed_at: None,
    }
}

pub(super) fn otp_secret(rng: &dyn Rng, user: &User) -> OtpSecret {
    OtpSecret {
        id: OtpSecretId::random(rng),
        user_id: user.id,
        sealed: vec![4, 2],
        last_step: 100,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn trusted_device(rng: &dyn Rng, user: &User, age: u64) -> TrustedDevice {
    let created_at = NOW - Duration::from_secs(age);
    TrustedDevice {
        id: TrustedDeviceId::random(rng),
        user_id: user.id,
        token_hash: bytes(rng),
        user_agent: Some("Firefox".to_owned()),
        created_at,
        expires_at: NOW + Duration::from_hours(1),
        last_used_at: created_at,
    }
}

pub(super) fn bytes<const N: usize>(rng: &dyn Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill(&mut bytes);
    bytes
}

/// What each of `count` tasks got that did the same at the same time.
pub(super) async fn all_at_once<T, W>(count: usize, work: impl Fn() -> W) -> Vec<T>
where
    T: Send + 'static,
    W: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|_| tokio::spawn(work())).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

/// The constraint that refused a row.
pub(super) fn constraint<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Conflict { constraint }) => constraint,
        other => panic!("no conflict: {other:?}"),
    }
}
