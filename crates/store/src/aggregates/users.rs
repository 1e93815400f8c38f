//! Accounts: the row that everything of a person belongs to.

use inkan_base::{Timestamp, UserId};

use super::{cut, handle};
use crate::{
    StoreError,
    sql::{Row, Sql, params},
};

/// A user account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The account's id, `sub` of its session tokens.
    pub id: UserId,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it or something of it was last changed.
    pub updated_at: Timestamp,
    /// Full name, from an identity provider.
    pub name: Option<String>,
    /// Given name, from an identity provider.
    pub given_name: Option<String>,
    /// Family name, from an identity provider.
    pub family_name: Option<String>,
    /// URL of a picture, from an identity provider.
    pub picture: Option<String>,
}

impl User {
    /// A new account without profile.
    #[must_use]
    pub fn new(id: UserId, now: Timestamp) -> Self {
        Self {
            id,
            created_at: now,
            updated_at: now,
            name: None,
            given_name: None,
            family_name: None,
            picture: None,
        }
    }

    pub(super) fn from_row(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
            name: row.take()?,
            given_name: row.take()?,
            family_name: row.take()?,
            picture: row.take()?,
        })
    }
}

handle! {
    /// User accounts of the tenant.
    Users
}

impl Users<'_, '_> {
    /// Adds an account.
    ///
    /// # Errors
    /// `users_pkey` if the id exists; otherwise as every statement.
    pub async fn create(&mut self, user: &User) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(
            "INSERT INTO users (tenant_id, id, created_at, updated_at, name, given_name, family_name, picture) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        );
        let tenant = self.0.tenant();
        let params = params![
            tenant,
            user.id,
            user.created_at,
            user.updated_at,
            user.name.as_deref().map(cut),
            user.given_name.as_deref().map(cut),
            user.family_name.as_deref().map(cut),
            user.picture.as_deref(),
        ];
        self.0.send(&SQL, params).await
    }

    /// The account with this id.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        static SQL: Sql = Sql::new(
            "SELECT id, created_at, updated_at, name, given_name, family_name, picture \
             FROM users WHERE tenant_id = $1 AND id = $2",
        );
        let tenant = self.0.tenant();
        self.0.find(&SQL, params![tenant, id]).await?.map(|mut row| User::from_row(&mut row)).transpose()
    }

    /// Removes the account with everything that belongs to it and ends its sessions; whether it existed.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete(&mut self, id: UserId) -> Result<bool, StoreError> {
        static SQL: Sql = Sql::new("DELETE FROM users WHERE tenant_id = $1 AND id = $2");
        let tenant = self.0.tenant();
        self.0.lock_user(id).await?; // first the user, then what belongs to it: the order everybody locks in
        self.0.sessions().delete_of_user(id, None).await?;
        Ok(self.0.execute(&SQL, params![tenant, id]).await? > 0)
    }

    /// Sets `updated_at`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn touch(&mut self, id: UserId, at: Timestamp) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new("UPDATE users SET updated_at = $3 WHERE tenant_id = $1 AND id = $2");
        let tenant = self.0.tenant();
        self.0.send(&SQL, params![tenant, id, at]).await
    }
}
