//! Facts about the installation, not about a tenant.

use super::handle;
use crate::{
    StoreError,
    sql::{Sql, params},
};

handle! {
    /// Key and value pairs of the installation.
    Meta
}

impl Meta<'_, '_> {
    /// The value of a key.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find(&mut self, key: &str) -> Result<Option<String>, StoreError> {
        static SQL: Sql = Sql::new("SELECT value FROM meta WHERE key = $1");
        self.0.find(&SQL, params![key]).await?.map(|mut row| row.take()).transpose()
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    /// As every statement.
    pub async fn set(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(
            "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        );
        self.0.send(&SQL, params![key, value]).await
    }
}
