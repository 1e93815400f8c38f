//! People: what their accounts have, and what they carry with them to prove it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use inkan_base::{Timestamp, UserId};
use inkan_crypto::TotpSecret;
use inkan_store::{BackupFlags, WebauthnCredential};
use inkan_test_support::authenticator::{Authenticator, Tweaks};
use serde_json::{Value, json};

/// Where the pages are.
pub(crate) const ORIGIN: &str = "http://localhost:8888";
/// How long a one-time password lasts, in seconds.
const PERIOD: i64 = 30;
/// How often a security key had signed before the walk.
const SIGNED_BEFORE: u32 = 5;

/// What an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of independent facts")]
pub(crate) struct Has {
    pub(crate) address: bool,
    pub(crate) verified: bool,
    pub(crate) name: bool,
    pub(crate) password: bool,
    /// The password is stored as an imported bcrypt hash.
    pub(crate) legacy: bool,
    pub(crate) passkey: bool,
    pub(crate) security_key: bool,
    pub(crate) totp: bool,
    /// Recovery codes, one of them used up.
    pub(crate) codes: bool,
    /// The device is a trusted one.
    pub(crate) trusted: bool,
}

/// An authenticator that somebody carries along.
#[derive(Clone, Debug)]
pub(crate) struct Device(Arc<Mutex<Authenticator>>);

impl Device {
    /// A phone backs its passkeys up; a security key counts.
    pub(crate) fn new(seed: u64, phone: bool) -> Self {
        let authenticator = Authenticator::new(seed);
        let authenticator = if phone { authenticator.synced() } else { authenticator };
        Self(Arc::new(Mutex::new(authenticator)))
    }

    fn lock(&self) -> MutexGuard<'_, Authenticator> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has_credential(&self) -> bool {
        !self.lock().credentials().is_empty()
    }

    /// Answers creation options.
    pub(crate) fn create(&self, options: &Value, origin: &str, tweaks: &Tweaks) -> Value {
        self.lock().create_with(options, origin, tweaks).unwrap_or_default()
    }

    /// Answers request options with the credential that was made last, whichever the options ask for.
    pub(crate) fn get(&self, options: &Value, origin: &str, tweaks: &Tweaks) -> Value {
        let mut device = self.lock();
        let Some(credential) = device.credentials().last() else { return Value::Null };
        let mut options = options.clone();
        options["publicKey"]["allowCredentials"] = json!([{ "id": BASE64URL.encode(&credential.id) }]);
        device.get_with(&options, origin, tweaks).unwrap_or_default()
    }

    /// Makes a credential for an account that is about to be stored.
    pub(crate) fn enrol(&self, user: UserId, mfa_only: bool, now: Timestamp) -> WebauthnCredential {
        let mut device = self.lock();
        let resident = if mfa_only { "discouraged" } else { "required" };
        let options = json!({ "publicKey": {
            "rp": { "id": "localhost" },
            "user": { "id": BASE64URL.encode(user.0.as_bytes()) },
            "challenge": "",
            "authenticatorSelection": { "residentKey": resident, "userVerification": "preferred" },
        }});
        device.create(&options, ORIGIN).unwrap();
        let made = device.credentials_mut().last_mut().unwrap();
        made.counter = if mfa_only { SIGNED_BEFORE } else { 0 };
        WebauthnCredential {
            id: made.id.clone(),
            user_id: user,
            user_handle: None,
            public_key: made.key.cose(),
            attestation_format: "none".to_owned(),
            aaguid: [0; 16],
            sign_count: i64::from(made.counter),
            transports: Vec::new(),
            name: None,
            mfa_only,
            backup: Some(BackupFlags { eligible: !mfa_only, backed_up: !mfa_only }),
            user_verified: true,
            created_at: now,
            updated_at: now,
            last_used_at: Some(now),
        }
    }
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
    pub(crate) phone: Device,
    pub(crate) key: Device,
    /// The secret of the authenticator app.
    pub(crate) secret: [u8; 20],
    /// The step whose one-time password was used last.
    pub(crate) used_step: i64,
    /// Recovery codes; the last one is used up.
    pub(crate) codes: Vec<String>,
    /// How many of them are not.
    pub(crate) codes_left: i64,
    /// The cookie of trusted devices.
    pub(crate) cookie: String,
}

impl Person {
    /// Nobody's account yet.
    pub(crate) fn new(number: u32, has: Has) -> Self {
        let seed = u64::from(number) * 2;
        let mut secret = [7; 20];
        secret[..4].copy_from_slice(&number.to_be_bytes());
        Self {
            number,
            has,
            user: None,
            address: format!("p{number}@walk.example"),
            name: format!("person{number}"),
            password: format!("Old-Secret-{number}"),
            phone: Device::new(seed, true),
            key: Device::new(seed + 1, false),
            secret,
            used_step: 0,
            codes: Vec::new(),
            codes_left: 9,
            cookie: String::new(),
        }
    }

    pub(crate) fn app(&self) -> TotpSecret {
        TotpSecret::from_bytes(&self.secret).unwrap()
    }

    /// The step of the one-time password that the person types next: of now, or of the next step if that was used.
    pub(crate) fn next_step(&self, now: Timestamp) -> i64 {
        step_at(now).max(self.used_step + 1)
    }

    /// The next one-time password that was not used before.
    pub(crate) fn one_time_password(&self, now: Timestamp) -> String {
        self.password_of(self.next_step(now))
    }

    /// The one-time password that was used last.
    pub(crate) fn used_password(&self) -> String {
        self.password_of(self.used_step)
    }

    /// Six digits that no step around now has.
    pub(crate) fn wrong_password(&self, now: Timestamp) -> String {
        let step = step_at(now);
        let near: Vec<String> = (-3..=3).map(|drift| self.password_of(step + drift)).collect();
        (0..1_000_000).map(|number: u32| format!("{number:06}")).find(|code| !near.contains(code)).unwrap()
    }

    fn password_of(&self, step: i64) -> String {
        self.app().password_at(Timestamp::from_seconds(step * PERIOD))
    }
}

/// The step of one-time passwords at this time.
pub(crate) fn step_at(now: Timestamp) -> i64 {
    now.seconds().div_euclid(PERIOD)
}

/// Reads the secret of an app as it is shown.
pub(crate) fn base32(text: &str) -> Option<[u8; 20]> {
    let mut bits = Vec::new();
    for letter in text.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter)?;
        bits.extend((0..5).rev().map(|bit| value >> bit & 1 == 1));
    }
    let bytes: Vec<u8> =
        bits.chunks_exact(8).map(|bits| bits.iter().fold(0, |all, bit| all << 1 | u8::from(*bit))).collect();
    bytes.try_into().ok()
}
