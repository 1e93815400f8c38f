//! Accounts that a test finds already there.

use inkan_base::{EmailId, PasswordId, TenantId, UserId, UsernameId};
use inkan_store::{Email, StoreError, User, Username};
use serde_json::json;

use super::{Doc, TestApp};

/// An account.
#[derive(Clone, Debug)]
pub(crate) struct TestUser {
    pub(crate) id: UserId,
    pub(crate) email: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
}

/// An account to be.
pub(crate) struct NewUser<'a> {
    app: &'a TestApp,
    email: Option<String>,
    username: Option<String>,
    password: Option<String>,
    verified: bool,
}

impl TestApp {
    /// An account with a verified primary address; without one if it is empty.
    pub(crate) fn user(&self, email: &str) -> NewUser<'_> {
        let email = Some(email.to_owned()).filter(|email| !email.is_empty());
        NewUser { app: self, email, username: None, password: None, verified: true }
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

    /// A session token of the account.
    pub(crate) async fn token(&self, user: &TestUser) -> String {
        let doc = self.sign_in(user).await;
        doc.token().unwrap_or_else(|| panic!("not signed in: {}", doc.outline()))
    }
}

impl NewUser<'_> {
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

    /// Creates it.
    pub(crate) async fn create(self) -> TestUser {
        let domain = self.app.domain();
        let (now, rng) = (self.app.now(), domain.rng.as_ref());
        let id = UserId::random(rng);
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
                Ok(())
            })
            .await;
        created.unwrap();
        TestUser { id, email: self.email, username: self.username, password: self.password }
    }
}
