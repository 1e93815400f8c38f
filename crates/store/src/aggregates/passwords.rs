//! Password hashes; at most one per user.

use std::fmt;

use inkan_base::{PasswordId, Timestamp, UserId};

use super::handle;
use crate::{
    StoreError,
    sql::{Row, Sql, params},
};

/// A password credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    /// Id of the credential.
    pub id: PasswordId,
    /// Whose it is.
    pub user_id: UserId,
    /// The hash in PHC or modular crypt format.
    pub hash: String,
    /// When the user first set a password.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Without the hash.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

impl Password {
    pub(super) fn from_row(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take()?,
            user_id: row.take()?,
            hash: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

handle! {
    /// Password hashes of the tenant.
    Passwords
}

impl Passwords<'_, '_> {
    /// The user's password.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find(&mut self, user: UserId) -> Result<Option<Password>, StoreError> {
        static SQL: Sql = Sql::new(
            "SELECT id, user_id, hash, created_at, updated_at FROM passwords WHERE tenant_id = $1 AND user_id = $2",
        );
        let tenant = self.0.tenant();
        self.0
            .find(&SQL, params![tenant, user])
            .await?
            .map(|mut row| Password::from_row(&mut row))
            .transpose()
    }

    /// Sets or changes the user's password; a new credential gets `id_if_new`.
    ///
    /// # Errors
    /// `foreign_key` if the user is gone; otherwise as every statement.
    pub async fn upsert(
        &mut self,
        user: UserId,
        hash: &str,
        id_if_new: PasswordId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(
            "INSERT INTO passwords (tenant_id, user_id, id, hash, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $5) \
             ON CONFLICT (tenant_id, user_id) DO UPDATE SET hash = excluded.hash, updated_at = excluded.updated_at",
        );
        let tenant = self.0.tenant();
        self.0.send(&SQL, params![tenant, user, id_if_new, hash, now]).await
    }

    /// Puts another hash of the same password in place of `old_hash`, if that is still the stored one.
    ///
    /// # Errors
    /// As every statement.
    pub async fn replace_hash(
        &mut self,
        user: UserId,
        old_hash: &str,
        new_hash: &str,
    ) -> Result<(), StoreError> {
        static SQL: Sql =
            Sql::new("UPDATE passwords SET hash = $4 WHERE tenant_id = $1 AND user_id = $2 AND hash = $3");
        let tenant = self.0.tenant();
        self.0.send(&SQL, params![tenant, user, old_hash, new_hash]).await
    }
}
