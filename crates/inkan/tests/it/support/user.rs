//! Accounts that a test finds already there.

use inkan_base::{EmailId, OtpSecretId, PasswordId, TenantId, Timestamp, UserId, UsernameId};
use inkan_crypto::{RecoveryCode, TotpSecret};
use inkan_store::{Email, OtpSecret, RECOVERY_CODES, StoreError, User, Username, WebauthnCredential};
use serde_json::{Value, json};

use super::{Device, Doc, TestApp};

/// An account.
#[derive(Clone, Debug)]
pub(crate) struct TestUser {
    pub(crate) id: UserId,
    pub(crate) email: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    /// The secret in the authenticator app.
    pub(crate) totp: Option<TotpSecret>,
    /// As they were shown.
    pub(crate) recovery_codes: Vec<String>,
}

impl TestUser {
    /// What the authenticator app shows at this time.
    pub(crate) fn totp_code(&self, at: Timestamp) -> String {
        self.totp.as_ref().expect("an account with an authenticator app").password_at(at)
    }
}

/// An account to be.
pub(crate) struct NewUser<'a> {
    app: &'a TestApp,
    email: Option<String>,
    username: Option<String>,
    password: Option<String>,
    verified: bool,
    devices: Vec<(&'a mut Device, bool)>,
    totp: bool,
    recovery_codes: bool,
}

/// The secret that the document shows.
pub(crate) fn secret_of(json: &Value) -> TotpSecret {
    let text = json["payload"]["otp_secret"].as_str().unwrap_or_else(|| panic!("no secret: {json}"));
    assert_eq!(text.len(), 32, "{text}");
    let (mut bits, mut buffer, mut bytes) = (0_u32, 0_u64, Vec::new());
    for symbol in text.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == symbol);
        buffer = buffer << 5 | u64::try_from(value.expect("base32")).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xff).unwrap());
        }
    }
    TotpSecret::from_bytes(&bytes).expect("20 bytes")
}

impl TestApp {
    /// An account with a verified primary address; without one if it is empty.
    pub(crate) fn user(&self, email: &str) -> NewUser<'_> {
        let email = Some(email.to_owned()).filter(|email| !email.is_empty());
        NewUser {
            app: self,
            email,
            username: None,
            password: None,
            verified: true,
            devices: Vec::new(),
            totp: false,
            recovery_codes: false,
        }
    }

    /// Signs in with address (or user name) and password, to the end.
    pub(crate) async fn sign_in(&self, user: &TestUser) -> Doc {
        let mut flow = self.login().await;
        let (name, identifier) = match (&user.email, &user.username) {
            (_, Some(username))
                if flow.doc.json["actions"]["continue_with_login_identifier"]["inputs"]["email"]
                    .is_null() =>
            {
                ("identifier", username.clone())
            }
            (Some(email), _) => ("email", email.clone()),
            _ => panic!("the account has no identifier that can be used"),
        };
        flow.act("continue_with_login_identifier", json!({ name: identifier })).await;
        if flow.doc.name() == "login_method_chooser" {
            flow.act("continue_to_password_login", json!({})).await;
        }
        flow.act("password_login", json!({ "password": user.password })).await
    }

    /// Gives the account an authenticator app.
    pub(crate) async fn add_totp(&self, user: UserId) -> TotpSecret {
        let domain = self.domain();
        let (now, rng) = (self.now(), domain.rng.as_ref());
        let (id, secret) = (OtpSecretId::random(rng), TotpSecret::generate(rng));
        let sealed = secret.seal(&domain.keyring, TenantId::DEFAULT, id, rng).unwrap();
        let row = OtpSecret { id, user_id: user, sealed, last_step: 0, created_at: now, updated_at: now };
        let stored: Result<(), StoreError> =
            domain.store.write(TenantId::DEFAULT, async |tx| tx.otp_secrets().create(&row).await).await;
        stored.unwrap();
        secret
    }

    /// Gives the account recovery codes.
    pub(crate) async fn add_recovery_codes(&self, user: UserId) -> Vec<String> {
        let domain = self.domain();
        let codes: [RecoveryCode; RECOVERY_CODES] = RecoveryCode::generate_set(domain.rng.as_ref());
        let macs = codes.each_ref().map(|code| code.mac(&domain.keyring, TenantId::DEFAULT, user));
        let now = self.now();
        let stored: Result<(), StoreError> = domain
            .store
            .write(TenantId::DEFAULT, async |tx| tx.recovery_codes().replace(user, &macs, now).await)
            .await;
        stored.unwrap();
        codes.iter().map(|code| code.formatted().to_string()).collect()
    }

    /// Stores a credential as it is.
    pub(crate) async fn add_credential(&self, credential: &WebauthnCredential) {
        let stored: Result<(), StoreError> = self
            .domain()
            .store
            .write(TenantId::DEFAULT, async |tx| tx.webauthn_credentials().create(credential).await)
            .await;
        stored.unwrap();
    }

    /// The passkeys and security keys of an account, the oldest first.
    pub(crate) async fn credentials(&self, user: UserId) -> Vec<WebauthnCredential> {
        let store = &self.domain().store;
        let list: Result<_, StoreError> =
            store.read(TenantId::DEFAULT, async |tx| tx.webauthn_credentials().list(user).await).await;
        list.unwrap()
    }

    /// A session token of the account.
    pub(crate) async fn token(&self, user: &TestUser) -> String {
        let doc = self.sign_in(user).await;
        doc.token().unwrap_or_else(|| panic!("not signed in: {}", doc.outline()))
    }
}

impl<'a> NewUser<'a> {
    /// With a password.
    pub(crate) fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// With a user name.
    pub(crate) fn username(mut self, username: &str) -> Self {
        self.username = Some(username.to_owned());
        self
    }

    /// Whether the address is verified.
    pub(crate) fn verified(mut self, verified: bool) -> Self {
        self.verified = verified;
        self
    }

    /// With a passkey in this device.
    pub(crate) fn passkey(mut self, device: &'a mut Device) -> Self {
        self.devices.push((device, false));
        self
    }

    /// With this device as security key.
    pub(crate) fn security_key(mut self, device: &'a mut Device) -> Self {
        self.devices.push((device, true));
        self
    }

    /// With an authenticator app.
    pub(crate) fn totp(mut self) -> Self {
        self.totp = true;
        self
    }

    /// With recovery codes.
    pub(crate) fn recovery_codes(mut self) -> Self {
        self.recovery_codes = true;
        self
    }

    /// Creates it.
    pub(crate) async fn create(mut self) -> TestUser {
        let domain = self.app.domain();
        let (now, rng) = (self.app.now(), domain.rng.as_ref());
        let id = UserId::random(rng);
        let devices = std::mem::take(&mut self.devices);
        let credentials: Vec<_> =
            devices.into_iter().map(|(device, mfa_only)| device.enrol(id, mfa_only, now)).collect();
        let hash = match &self.password {
            Some(password) => Some(domain.passwords.hash(rng, password).await.unwrap()),
            None => None,
        };
        let email = self.email.clone().map(|address| Email {
            id: EmailId::random(rng),
            user_id: id,
            address,
            verified: self.verified,
            primary: true,
            created_at: now,
            updated_at: now,
        });
        let username = self.username.clone().map(|username| Username {
            id: UsernameId::random(rng),
            user_id: id,
            username,
            created_at: now,
            updated_at: now,
        });
        let created: Result<(), StoreError> = domain
            .store
            .write(TenantId::DEFAULT, async |tx| {
                tx.users().create(&User::new(id, now)).await?;
                if let Some(email) = &email {
                    tx.emails().create(email).await?;
                }
                if let Some(username) = &username {
                    tx.usernames().create(username).await?;
                }
                if let Some(hash) = &hash {
                    tx.passwords().upsert(id, hash, PasswordId::random(rng), now).await?;
                }
                for credential in &credentials {
                    tx.webauthn_credentials().create(credential).await?;
                }
                Ok(())
            })
            .await;
        created.unwrap();
        let totp = if self.totp { Some(self.app.add_totp(id).await) } else { None };
        let recovery_codes =
            if self.recovery_codes { self.app.add_recovery_codes(id).await } else { Vec::new() };
        TestUser {
            id,
            email: self.email,
            username: self.username,
            password: self.password,
            totp,
            recovery_codes,
        }
    }
}
