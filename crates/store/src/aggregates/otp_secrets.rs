//! Secrets of one-time password apps (spec 05, section 10); at most one per user.

use std::fmt;

use inkan_base::{OtpSecretId, Timestamp, UserId};

use super::handle;
use crate::{
    Question, StoreError, Tx,
    sql::{Row, Sql, params},
};

/// The secret of a user's one-time password app, sealed by the caller.
#[derive(Clone, PartialEq, Eq)]
pub struct OtpSecret {
    /// Id of the secret.
    pub id: OtpSecretId,
    /// Whose it is.
    pub user_id: UserId,
    /// The sealed secret.
    pub sealed: Vec<u8>,
    /// Time step of the last accepted password, the one of the set-up included.
    pub last_step: i64,
    /// When it was set up.
    pub created_at: Timestamp,
    /// When it was last changed or used.
    pub updated_at: Timestamp,
}

/// Without the secret.
impl fmt::Debug for OtpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtpSecret")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("last_step", &self.last_step)
            .finish_non_exhaustive()
    }
}

macro_rules! columns {
    () => {
        "id, user_id, sealed, last_step, created_at, updated_at"
    };
}

impl OtpSecret {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take()?,
            user_id: row.take()?,
            sealed: row.take()?,
            last_step: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

handle! {
    /// Secrets of one-time password apps of the tenant.
    OtpSecrets
}

impl<'a> Tx<'a> {
    /// Secrets of one-time password apps.
    pub fn otp_secrets(&mut self) -> OtpSecrets<'_, 'a> {
        OtpSecrets(self)
    }
}

impl OtpSecrets<'_, '_> {
    /// Adds a secret.
    ///
    /// # Errors
    /// `otp_secrets_user_key` if the user has one, `foreign_key` if the user is gone; otherwise as every statement.
    pub async fn create(&mut self, secret: &OtpSecret) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "INSERT INTO otp_secrets (tenant_id, ",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7)"
        ));
        let tenant = self.0.tenant();
        let params = params![
            tenant,
            secret.id,
            secret.user_id,
            &secret.sealed,
            secret.last_step,
            secret.created_at,
            secret.updated_at,
        ];
        self.0.send(&SQL, params).await
    }

    /// The user's secret.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find(&mut self, user: UserId) -> Result<Option<OtpSecret>, StoreError> {
        let question = self.ask(user).await?;
        self.0.answer(question).await
    }

    /// Asks for [`OtpSecrets::find`], to be answered later.
    ///
    /// # Errors
    /// As every statement.
    pub async fn ask(&mut self, user: UserId) -> Result<Question<Option<OtpSecret>>, StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "SELECT ",
            columns!(),
            " FROM otp_secrets WHERE tenant_id = $1 AND user_id = $2"
        ));
        let tenant = self.0.tenant();
        let only = |rows: Vec<Row>| rows.into_iter().next().map(OtpSecret::from_row).transpose();
        self.0.question(&SQL, params![tenant, user], only).await
    }

    /// Uses up the password of a time step. `resealed`: the secret under the server's newest secret, if it was sealed under an
    /// older one.
    ///
    /// # Errors
    /// `otp_secrets_step` if this or a later one was used before, also at the same moment, or the secret is gone: one that
    /// replaced it has another id; otherwise as every statement.
    pub async fn accept_step(
        &mut self,
        id: OtpSecretId,
        step: i64,
        resealed: Option<&Vec<u8>>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        macro_rules! update {
            () => {
                "UPDATE otp_secrets SET last_step = $3, updated_at = $4, sealed = COALESCE($5, sealed) \
                 WHERE tenant_id = $1 AND id = $2 AND last_step < $3"
            };
        }
        static SQL: Sql = Sql::one(
            concat!("WITH changed AS (", update!(), " RETURNING id) SELECT 1 / count(*) FROM changed"),
            update!(),
        );
        let tenant = self.0.tenant();
        self.0.send_one(&SQL, params![tenant, id, step, now, resealed], "otp_secrets_step").await
    }

    /// Removes the user's secret; whether there was one.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete(&mut self, user: UserId) -> Result<bool, StoreError> {
        static SQL: Sql = Sql::new("DELETE FROM otp_secrets WHERE tenant_id = $1 AND user_id = $2");
        let tenant = self.0.tenant();
        Ok(self.0.execute(&SQL, params![tenant, user]).await? > 0)
    }
}
