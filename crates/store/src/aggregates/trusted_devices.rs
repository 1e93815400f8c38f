//! Devices on which a user is not asked for a second factor (spec 05, section 9), found by the hash of the token in the cookie.

use inkan_base::{Timestamp, TrustedDeviceId, UserId};

use super::{cut, handle};
use crate::{
    StoreError, Tx,
    sql::{Row, Sql, params},
};

/// A device on which a user is not asked for a second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedDevice {
    /// Id of the trust.
    pub id: TrustedDeviceId,
    /// The user who is not asked.
    pub user_id: UserId,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// The browser's `User-Agent`, cut to 255 characters.
    pub user_agent: Option<String>,
    /// When the device was trusted.
    pub created_at: Timestamp,
    /// From when on it is not; uses do not change that.
    pub expires_at: Timestamp,
    /// When it last made a difference.
    pub last_used_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, user_id, token_hash, user_agent, created_at, expires_at, last_used_at"
    };
}

impl TrustedDevice {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take()?,
            user_id: row.take()?,
            token_hash: row.take()?,
            user_agent: row.take()?,
            created_at: row.take()?,
            expires_at: row.take()?,
            last_used_at: row.take()?,
        })
    }
}

handle! {
    /// Trusted devices of the tenant.
    TrustedDevices
}

impl<'a> Tx<'a> {
    /// Devices on which a user is not asked for a second factor.
    pub fn trusted_devices(&mut self) -> TrustedDevices<'_, 'a> {
        TrustedDevices(self)
    }
}

impl TrustedDevices<'_, '_> {
    /// Adds a device; of the user's older ones the newest `keep - 1` stay. The caller has locked the user
    /// ([`crate::Tx::lock_user`]).
    ///
    /// # Errors
    /// `trusted_devices_token_key` if the token is in use, `foreign_key` if the user is gone; otherwise as every statement.
    pub async fn create(&mut self, device: &TrustedDevice, keep: i64) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "INSERT INTO trusted_devices (tenant_id, ",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        ));
        static TRIM: Sql = Sql::new(
            // the tenant stands inside only, and nobody has a million devices: see sessions
            "DELETE FROM trusted_devices WHERE id IN (\
             SELECT id FROM trusted_devices WHERE tenant_id = $1 AND user_id = $2 AND id <> $3 \
             ORDER BY created_at DESC, id DESC LIMIT 1000000 OFFSET $4)",
        );
        let tenant = self.0.tenant();
        let params = params![
            tenant,
            device.id,
            device.user_id,
            &device.token_hash,
            device.user_agent.as_deref().map(cut),
            device.created_at,
            device.expires_at,
            device.last_used_at,
        ];
        self.0.send(&SQL, params).await?;
        let older = keep.saturating_sub(1).max(0);
        self.0.send(&TRIM, params![tenant, device.user_id, device.id, older]).await
    }

    /// The user's device with this token, unless it has expired.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find(
        &mut self,
        user: UserId,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<TrustedDevice>, StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "SELECT ",
            columns!(),
            " FROM trusted_devices WHERE tenant_id = $1 AND token_hash = $2 AND user_id = $3 AND expires_at > $4"
        ));
        let tenant = self.0.tenant();
        self.0
            .find(&SQL, params![tenant, token_hash, user, now])
            .await?
            .map(TrustedDevice::from_row)
            .transpose()
    }

    /// The user's devices that have not expired, newest first.
    ///
    /// # Errors
    /// As every statement.
    pub async fn list(&mut self, user: UserId, now: Timestamp) -> Result<Vec<TrustedDevice>, StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "SELECT ",
            columns!(),
            " FROM trusted_devices WHERE tenant_id = $1 AND user_id = $2 AND expires_at > $3 \
             ORDER BY created_at DESC, id DESC"
        ));
        let tenant = self.0.tenant();
        let rows = self.0.query(&SQL, params![tenant, user, now]).await?;
        rows.into_iter().map(TrustedDevice::from_row).collect()
    }

    /// Writes down that the device made a difference; `false` if it is not trusted any more.
    ///
    /// # Errors
    /// As every statement.
    pub async fn touch(&mut self, id: TrustedDeviceId, at: Timestamp) -> Result<bool, StoreError> {
        static SQL: Sql = Sql::new(
            "UPDATE trusted_devices SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2 AND expires_at > $3",
        );
        let tenant = self.0.tenant();
        Ok(self.0.execute(&SQL, params![tenant, id, at]).await? > 0)
    }

    /// Trusts the device no longer; `false` if the user has no such device.
    ///
    /// # Errors
    /// As every statement.
    pub async fn revoke(&mut self, user: UserId, id: TrustedDeviceId) -> Result<bool, StoreError> {
        static SQL: Sql =
            Sql::new("DELETE FROM trusted_devices WHERE tenant_id = $1 AND id = $2 AND user_id = $3");
        let tenant = self.0.tenant();
        Ok(self.0.execute(&SQL, params![tenant, id, user]).await? > 0)
    }

    /// Trusts the device with this token no longer, for a browser that gets a new one; whether the user had it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn revoke_token(&mut self, user: UserId, token_hash: &[u8; 32]) -> Result<bool, StoreError> {
        static SQL: Sql =
            Sql::new("DELETE FROM trusted_devices WHERE tenant_id = $1 AND token_hash = $2 AND user_id = $3");
        let tenant = self.0.tenant();
        Ok(self.0.execute(&SQL, params![tenant, token_hash, user]).await? > 0)
    }

    /// Trusts none of the user's devices any longer: a credential has changed.
    ///
    /// # Errors
    /// As every statement.
    pub async fn revoke_all(&mut self, user: UserId) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new("DELETE FROM trusted_devices WHERE tenant_id = $1 AND user_id = $2");
        let tenant = self.0.tenant();
        self.0.send(&SQL, params![tenant, user]).await
    }
}
