//! Recovery codes: a set of ten per user, each good for one sign-in without the second factor.

use inkan_base::{Timestamp, UserId};

use super::handle;
use crate::{
    StoreError, Tx,
    sql::{Param, Sql, params},
};

/// How many recovery codes a set has.
pub const RECOVERY_CODES: usize = 10;

handle! {
    /// Recovery codes of the tenant.
    RecoveryCodes
}

impl<'a> Tx<'a> {
    /// Recovery codes.
    pub fn recovery_codes(&mut self) -> RecoveryCodes<'_, 'a> {
        RecoveryCodes(self)
    }
}

impl RecoveryCodes<'_, '_> {
    /// Puts a new set in place of the user's codes. Only the MACs are kept; they must differ. The caller has locked the user
    /// ([`crate::Tx::lock_user`]).
    ///
    /// # Errors
    /// `foreign_key` if the user is gone; otherwise as every statement.
    pub async fn replace(
        &mut self,
        user: UserId,
        macs: &[[u8; 32]; RECOVERY_CODES],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(
            "INSERT INTO recovery_codes (tenant_id, user_id, code_mac, created_at) \
             VALUES ($1, $2, $4, $3), ($1, $2, $5, $3), ($1, $2, $6, $3), ($1, $2, $7, $3), ($1, $2, $8, $3), \
             ($1, $2, $9, $3), ($1, $2, $10, $3), ($1, $2, $11, $3), ($1, $2, $12, $3), ($1, $2, $13, $3)",
        );
        self.delete_of_user(user).await?;
        let tenant = self.0.tenant();
        let mut params: Vec<Param<'_>> = params![tenant, user, now].to_vec();
        params.extend(macs.iter().map(Param::from));
        self.0.send(&SQL, &params).await
    }

    /// Uses up the code with this MAC; `false` if the user has no such code or it was used before, also at the same moment.
    ///
    /// # Errors
    /// As every statement.
    pub async fn use_one(
        &mut self,
        user: UserId,
        mac: &[u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        static SQL: Sql = Sql::new(
            "UPDATE recovery_codes SET used_at = $4 \
             WHERE tenant_id = $1 AND user_id = $2 AND code_mac = $3 AND used_at IS NULL",
        );
        let tenant = self.0.tenant();
        Ok(self.0.execute(&SQL, params![tenant, user, mac, now]).await? > 0)
    }

    /// How many codes the user has left. Part of [`crate::Account`], too.
    ///
    /// # Errors
    /// As every statement.
    pub async fn count_left(&mut self, user: UserId) -> Result<i64, StoreError> {
        static SQL: Sql = Sql::new(
            "SELECT count(code_mac) FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2 AND used_at IS NULL",
        );
        let tenant = self.0.tenant();
        self.0.find(&SQL, params![tenant, user]).await?.map_or(Ok(0), |mut row| row.take())
    }

    /// Removes the user's codes, used ones included; how many there were.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_of_user(&mut self, user: UserId) -> Result<u64, StoreError> {
        static SQL: Sql = Sql::new("DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2");
        let tenant = self.0.tenant();
        self.0.execute(&SQL, params![tenant, user]).await
    }
}
