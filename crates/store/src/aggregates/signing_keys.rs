//! Keys that sign session tokens, sealed by the caller.

use std::fmt;

use inkan_base::Timestamp;

use super::handle;
use crate::{
    StoreError,
    sql::{Row, Sql, params},
};

/// A signing key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Number of the key; the highest of a tenant is the newest.
    pub id: i64,
    /// `kid` in token headers and in the published key set.
    pub kid: String,
    /// `alg` in token headers.
    pub algorithm: String,
    /// The sealed private key.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Without the key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl SigningKey {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take()?,
            kid: row.take()?,
            algorithm: row.take()?,
            sealed: row.take()?,
            created_at: row.take()?,
        })
    }
}

handle! {
    /// Signing keys of the tenant.
    SigningKeys
}

impl SigningKeys<'_, '_> {
    /// All keys, oldest first.
    ///
    /// # Errors
    /// As every statement.
    pub async fn list(&mut self) -> Result<Vec<SigningKey>, StoreError> {
        static SQL: Sql = Sql::new(
            "SELECT id, kid, algorithm, sealed, created_at FROM signing_keys WHERE tenant_id = $1 ORDER BY id",
        );
        let tenant = self.0.tenant();
        self.0.query(&SQL, params![tenant]).await?.into_iter().map(SigningKey::from_row).collect()
    }

    /// Adds a key and gives it the next number.
    ///
    /// # Errors
    /// `signing_keys_kid_key` if the tenant has a key of this name; otherwise as every statement.
    pub async fn create(
        &mut self,
        kid: &str,
        algorithm: &str,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<SigningKey, StoreError> {
        static SQL: Sql = Sql::new(
            "INSERT INTO signing_keys (tenant_id, kid, algorithm, sealed, created_at) VALUES ($1, $2, $3, $4, $5) \
             RETURNING id, kid, algorithm, sealed, created_at",
        );
        let tenant = self.0.tenant();
        let row = self.0.find(&SQL, params![tenant, kid, algorithm, sealed, now]).await?;
        SigningKey::from_row(row.ok_or_else(|| StoreError::Bug("an inserted row is missing".to_owned()))?)
    }

    /// Seals a key anew, after the key that seals was changed.
    ///
    /// # Errors
    /// As every statement.
    pub async fn replace_sealed(&mut self, id: i64, sealed: &[u8]) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new("UPDATE signing_keys SET sealed = $3 WHERE tenant_id = $1 AND id = $2");
        let tenant = self.0.tenant();
        self.0.send(&SQL, params![tenant, id, sealed]).await
    }

    /// Removes a key: tokens that it signed are not valid any more.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete(&mut self, id: i64) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new("DELETE FROM signing_keys WHERE tenant_id = $1 AND id = $2");
        let tenant = self.0.tenant();
        self.0.send(&SQL, params![tenant, id]).await
    }
}
