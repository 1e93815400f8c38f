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
    EmailId, ManualClock, OtpSecretId, PasswordId, SeededRng, SessionId, TenantId, Timestamp,
    TrustedDeviceId, UserId, UsernameId,
};
use inkan_config::Config;
use inkan_crypto::{DeviceCookie, DeviceToken, PasswordPolicy, RecoveryCode};
use inkan_mail::{Mailbox, Mailer};
use inkan_store::{
    Account, Email, OtpSecret, Store, StoreError, StoreOptions, TrustedDevice, Tx, User, Username,
};
use inkan_test_support::{TempDir, temporary_directory};
use serde_json::Value;

use crate::person::{Has, Person, step_at};

/// So that mails have an order.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(5);

/// Everything, so that nothing is left to be asked for.
pub(crate) const ALL: Has = Has {
    address: true,
    verified: true,
    name: true,
    password: true,
    legacy: false,
    passkey: true,
    security_key: true,
    totp: true,
    codes: true,
    trusted: true,
};

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
            metadata: None,
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

    /// A request of this person's device.
    pub(crate) fn cx_of(&self, person: &Person) -> Context {
        Context { device_cookie: person.cookie.clone(), ..self.cx(person.number) }
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
        let mut person = Person::new(self.number(), has);
        if exists {
            self.create(&mut person).await;
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
            let has = ALL;
            (0, self.person(has, true).await)
        };
        *self.other.lock().unwrap() = Some((uses, person.clone()));
        person
    }

    async fn create(&self, person: &mut Person) {
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
        person.user = Some(user);
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
            if person.has.passkey && !person.phone.has_credential() {
                tx.webauthn_credentials().create(&person.phone.enrol(user, false, now)).await?;
            }
            if person.has.security_key && !person.key.has_credential() {
                tx.webauthn_credentials().create(&person.key.enrol(user, true, now)).await?;
            }
            self.second_factors(tx, person, user, now).await
        });
        created.await.unwrap();
    }

    /// App, recovery codes and trusted device. The current one-time password was used, and so was the last recovery code.
    async fn second_factors(
        &self,
        tx: &mut Tx<'_>,
        person: &mut Person,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (app, tenant) = (&self.app, TenantId::DEFAULT);
        let rng = app.rng.as_ref();
        if person.has.totp {
            let id = OtpSecretId::random(rng);
            let sealed = person.app().seal(&app.keyring, tenant, id, rng).unwrap();
            person.used_step = step_at(now);
            let last_step = person.used_step;
            let secret = OtpSecret { id, user_id: user, sealed, last_step, created_at: now, updated_at: now };
            tx.otp_secrets().create(&secret).await?;
        }
        if person.has.codes {
            let codes = RecoveryCode::generate_set(rng);
            let macs = codes.each_ref().map(|code| code.mac(&app.keyring, tenant, user));
            tx.recovery_codes().replace(user, &macs, now).await?;
            tx.recovery_codes().use_one(user, &macs[9], now).await?;
            person.codes = codes.iter().map(|code| code.formatted().to_string()).collect();
        }
        if person.has.trusted {
            let token = DeviceToken::generate(rng);
            let device = TrustedDevice {
                id: TrustedDeviceId::random(rng),
                user_id: user,
                token_hash: token.hash(),
                user_agent: None,
                created_at: now,
                expires_at: now + Duration::from_hours(1000),
                last_used_at: now,
            };
            tx.trusted_devices().create(&device, 50).await?;
            let mut cookie = DeviceCookie::default();
            cookie.trust(user, token, 20);
            person.cookie = cookie.to_string();
        }
        Ok(())
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
