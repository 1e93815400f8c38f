//! One server under one configuration: a database in a temporary file, a clock that moves with the requests, a development mailbox.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use inkan_auth::{Answer, App, Context, FlowKind, FlowRequest, OutboxWorker, Parts, Validation};
use inkan_base::{
    EmailId, ManualClock, PasswordId, SeededRng, SessionId, TenantId, Timestamp, UserId, UsernameId,
};
use inkan_config::Config;
use inkan_crypto::PasswordPolicy;
use inkan_mail::{Mailbox, Mailer};
use inkan_store::{Account, Email, Store, StoreError, StoreOptions, User, Username};
use inkan_test_support::{TempDir, temporary_directory};
use serde_json::Value;

/// What an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Has {
    pub(crate) address: bool,
    pub(crate) verified: bool,
    pub(crate) name: bool,
    pub(crate) password: bool,
    /// The password is stored as an imported bcrypt hash.
    pub(crate) legacy: bool,
}

/// A person: identifiers, and the account if there is one.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) number: u32,
    pub(crate) has: Has,
    pub(crate) user: Option<UserId>,
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) password: String,
}

/// So that mails have an order.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(5);

pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<ManualClock>,
    worker: OutboxWorker,
    mailbox: Mailbox,
    numbers: AtomicU32,
    other: Mutex<Option<(u32, Person)>>,
    _directory: TempDir,
}

impl World {
    pub(crate) async fn new(config: Config, seed: u64) -> Self {
        let directory = temporary_directory();
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
        let path = directory.path().join("walk.db");
        let store = Store::open(StoreOptions::Sqlite { path }, clock.clone()).await.unwrap();
        let parts = Parts {
            config: Arc::new(config),
            store,
            clock: clock.clone(),
            rng: Arc::new(SeededRng::new(seed)),
            secrets: vec!["a secret for tests only, 32 byte".to_owned()],
            password_policy: PasswordPolicy::cheap(),
        };
        let app = App::start(parts).await.unwrap();
        let mailbox = Mailbox::new();
        let worker = OutboxWorker::new(app.clone(), Mailer::Mailbox(mailbox.clone()));
        Self {
            app,
            clock,
            worker,
            mailbox,
            numbers: AtomicU32::new(1),
            other: Mutex::new(None),
            _directory: directory,
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.app.config
    }

    /// A number that nobody in this world has.
    pub(crate) fn number(&self) -> u32 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// A request from a client of its own for each person.
    pub(crate) fn cx(&self, client: u32) -> Context {
        let client = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | client));
        Context::new(TenantId::DEFAULT, self.app.clock.now(), client)
    }

    pub(crate) async fn send(&self, cx: &Context, flow: FlowKind, query: &str, body: &Value) -> Answer {
        self.clock.advance(BETWEEN_REQUESTS);
        let cx = &Context { now: self.app.clock.now(), ..cx.clone() };
        let body = body.to_string();
        let request =
            FlowRequest { cx, flow, query, content_type: Some("application/json"), body: body.as_bytes() };
        self.app.flow(request).await
    }

    /// Somebody with addresses and names of their own.
    pub(crate) async fn person(&self, has: Has, exists: bool) -> Person {
        let number = self.number();
        let mut person = Person {
            number,
            has,
            user: None,
            address: format!("p{number}@walk.example"),
            name: format!("person{number}"),
            password: format!("Old-Secret-{number}"),
        };
        if exists {
            person.user = Some(self.create(&person).await);
        }
        person
    }

    /// Somebody with an account, for identifiers that are taken. Renewed now and then, since mails to one address are
    /// counted.
    pub(crate) async fn other(&self) -> Person {
        let kept = self.other.lock().unwrap().as_ref().filter(|(uses, _)| *uses < 5).cloned();
        let (uses, person) = if let Some((uses, person)) = kept {
            (uses + 1, person)
        } else {
            let has = Has { address: true, verified: true, name: true, password: true, legacy: false };
            (0, self.person(has, true).await)
        };
        *self.other.lock().unwrap() = Some((uses, person.clone()));
        person
    }

    async fn create(&self, person: &Person) -> UserId {
        let (app, now) = (&self.app, self.app.clock.now());
        let rng = app.rng.as_ref();
        let user = UserId::random(rng);
        let hash = match person.has.legacy {
            true => bcrypt::hash(&person.password, 4).unwrap(),
            false => app.passwords.hash(rng, &person.password).await.unwrap(),
        };
        let email = Email {
            id: EmailId::random(rng),
            user_id: user,
            address: person.address.clone(),
            verified: person.has.verified,
            primary: true,
            created_at: now,
            updated_at: now,
        };
        let username = Username {
            id: UsernameId::random(rng),
            user_id: user,
            username: person.name.clone(),
            created_at: now,
            updated_at: now,
        };
        let password = PasswordId::random(rng);
        let created = app.store.write::<_, StoreError>(TenantId::DEFAULT, async |tx| {
            tx.users().create(&User::new(user, now)).await?;
            if person.has.address {
                tx.emails().create(&email).await?;
            }
            if person.has.name {
                tx.usernames().create(&username).await?;
            }
            if person.has.password {
                tx.passwords().upsert(user, &hash, password, now).await?;
            }
            Ok(())
        });
        created.await.unwrap();
        user
    }

    /// Codes in mails to this address, the newest first; `None` for a mail without a code.
    pub(crate) async fn codes(&self, address: &str) -> Vec<Option<String>> {
        while self.worker.run_once().await.unwrap() > 0 {}
        let mut mails = self.mailbox.list();
        mails.retain(|mail| mail.to == address);
        mails.sort_by_key(|mail| std::cmp::Reverse(mail.date));
        let subjects = mails.into_iter();
        subjects
            .map(|mail| mail.subject.split(' ').next().map(str::to_owned))
            .map(|word| word.filter(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit())))
            .collect()
    }

    pub(crate) async fn account(&self, user: UserId) -> Option<Account> {
        let found = self
            .app
            .store
            .read::<_, StoreError>(TenantId::DEFAULT, async |tx| tx.accounts().find(user).await);
        found.await.unwrap()
    }

    /// Whose session a token is.
    pub(crate) async fn session(&self, token: &str) -> Option<(UserId, SessionId)> {
        match self.app.validate(&self.cx(0), token, false).await.unwrap() {
            Validation::Valid(session) => Some((session.user, session.session)),
            Validation::Invalid { .. } => None,
        }
    }
}
