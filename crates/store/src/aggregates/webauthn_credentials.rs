//! Passkeys and security keys (spec 05, sections 8.6 to 8.8), found by the id that the authenticator gave them.

use inkan_base::{Timestamp, UserId};
use serde_json::Value;
use uuid::Uuid;

use super::{cut, handle};
use crate::{
    Question, StoreError, Tx,
    sql::{Row, Sql, params},
};

/// More transports than there are; what is beyond is left out.
const TRANSPORTS: usize = 16;

/// A passkey or security key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebauthnCredential {
    /// Its id, 1 to 1023 bytes.
    pub id: Vec<u8>,
    /// Whose it is.
    pub user_id: UserId,
    /// What the authenticator calls the user; `None` if that is the user id.
    pub user_handle: Option<Vec<u8>>,
    /// The public key as COSE key.
    pub public_key: Vec<u8>,
    /// Format of the attestation statement it was registered with (`none`, `packed`, …).
    pub attestation_format: String,
    /// Model of the authenticator; zeros if unknown.
    pub aaguid: [u8; 16],
    /// The last signature counter; 0 if the authenticator does not count.
    pub sign_count: i64,
    /// How the authenticator is reached (`usb`, `internal`, …).
    pub transports: Vec<String>,
    /// Its label.
    pub name: Option<String>,
    /// Whether it is a security key, good as second factor only; otherwise it is a passkey.
    pub mfa_only: bool,
    /// Whether it may be and is copied to other devices; `None` until the first use of an imported credential.
    pub backup: Option<BackupFlags>,
    /// Whether the authenticator ever verified its user.
    pub user_verified: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When the user last changed it; uses do not count.
    pub updated_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// What an authenticator says about copies of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupFlags {
    /// It may be copied to other devices. Never changes.
    pub eligible: bool,
    /// It is copied to other devices.
    pub backed_up: bool,
}

/// What a verified assertion says about its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialUse {
    /// The signature counter.
    pub sign_count: i64,
    /// Whether it may be and is copied.
    pub backup: BackupFlags,
    /// Whether the authenticator has verified its user by now; once true it stays so.
    pub user_verified: bool,
    /// When it was used.
    pub at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, user_id, user_handle, public_key, attestation_format, aaguid, sign_count, transports, name, mfa_only, \
         backup_eligible, backup_state, user_verified, created_at, updated_at, last_used_at"
    };
}

impl WebauthnCredential {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take()?,
            user_id: row.take()?,
            user_handle: row.take()?,
            public_key: row.take()?,
            attestation_format: row.take()?,
            aaguid: row.take::<Uuid>()?.into_bytes(),
            sign_count: row.take()?,
            transports: texts(row.take()?),
            name: row.take()?,
            mfa_only: row.take()?,
            backup: match (row.take()?, row.take()?) {
                (Some(eligible), Some(backed_up)) => Some(BackupFlags { eligible, backed_up }),
                _ => None,
            },
            user_verified: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
            last_used_at: row.take()?,
        })
    }
}

/// The texts of a JSON list.
fn texts(list: Value) -> Vec<String> {
    let Value::Array(items) = list else { return Vec::new() };
    items
        .into_iter()
        .filter_map(|item| if let Value::String(text) = item { Some(text) } else { None })
        .collect()
}

handle! {
    /// Passkeys and security keys of the tenant.
    WebauthnCredentials
}

impl<'a> Tx<'a> {
    /// Passkeys and security keys.
    pub fn webauthn_credentials(&mut self) -> WebauthnCredentials<'_, 'a> {
        WebauthnCredentials(self)
    }
}

impl WebauthnCredentials<'_, '_> {
    /// Adds a credential. At most 16 transports are kept.
    ///
    /// # Errors
    /// `webauthn_credentials_pkey` if anybody has a credential with this id, `foreign_key` if the user is gone; otherwise as
    /// every statement.
    pub async fn create(&mut self, credential: &WebauthnCredential) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "INSERT INTO webauthn_credentials (tenant_id, ",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
        ));
        let tenant = self.0.tenant();
        let transports: Value =
            credential.transports.iter().take(TRANSPORTS).map(|text| cut(text).to_owned()).collect();
        let params = params![
            tenant,
            &credential.id,
            credential.user_id,
            credential.user_handle.as_ref(),
            &credential.public_key,
            cut(&credential.attestation_format),
            Uuid::from_bytes(credential.aaguid),
            credential.sign_count,
            &transports,
            credential.name.as_deref().map(cut),
            credential.mfa_only,
            credential.backup.map(|backup| backup.eligible),
            credential.backup.map(|backup| backup.backed_up),
            credential.user_verified,
            credential.created_at,
            credential.updated_at,
            credential.last_used_at,
        ];
        self.0.send(&SQL, params).await
    }

    /// The credential with this id, whoever has it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find(&mut self, id: &[u8]) -> Result<Option<WebauthnCredential>, StoreError> {
        let question = self.ask(id).await?;
        self.0.answer(question).await
    }

    /// Asks for [`WebauthnCredentials::find`], to be answered later.
    ///
    /// # Errors
    /// As every statement.
    pub async fn ask(&mut self, id: &[u8]) -> Result<Question<Option<WebauthnCredential>>, StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "SELECT ",
            columns!(),
            " FROM webauthn_credentials WHERE tenant_id = $1 AND id = $2"
        ));
        let tenant = self.0.tenant();
        let only = |rows: Vec<Row>| rows.into_iter().next().map(WebauthnCredential::from_row).transpose();
        self.0.question(&SQL, params![tenant, id], only).await
    }

    /// The user's credentials, passkeys and security keys, oldest first.
    ///
    /// # Errors
    /// As every statement.
    pub async fn list(&mut self, user: UserId) -> Result<Vec<WebauthnCredential>, StoreError> {
        let question = self.ask_list(user).await?;
        self.0.answer(question).await
    }

    /// Asks for [`WebauthnCredentials::list`], to be answered later.
    ///
    /// # Errors
    /// As every statement.
    pub async fn ask_list(&mut self, user: UserId) -> Result<Question<Vec<WebauthnCredential>>, StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "SELECT ",
            columns!(),
            " FROM webauthn_credentials WHERE tenant_id = $1 AND user_id = $2 ORDER BY created_at, id"
        ));
        let tenant = self.0.tenant();
        let all = |rows: Vec<Row>| rows.into_iter().map(WebauthnCredential::from_row).collect();
        self.0.question(&SQL, params![tenant, user], all).await
    }

    /// Writes down what a verified assertion said.
    ///
    /// # Errors
    /// `webauthn_credentials_use` if the credential is gone, its counter did not grow (spec 14, A23: both may be 0) or its
    /// eligibility for backup changed (A19), also if a concurrent use brought that about; otherwise as every statement.
    pub async fn record_use(&mut self, id: &[u8], usage: CredentialUse) -> Result<(), StoreError> {
        macro_rules! update {
            () => {
                "UPDATE webauthn_credentials SET sign_count = $3, backup_eligible = $4, backup_state = $5, \
                 user_verified = (user_verified OR $6), last_used_at = $7 \
                 WHERE tenant_id = $1 AND id = $2 AND (sign_count < $3 OR (sign_count = 0 AND sign_count = $3)) \
                 AND (backup_eligible IS NULL OR backup_eligible = $4)"
            };
        }
        static SQL: Sql = Sql::one(
            concat!("WITH changed AS (", update!(), " RETURNING id) SELECT 1 / count(*) FROM changed"),
            update!(),
        );
        let tenant = self.0.tenant();
        let params = params![
            tenant,
            id,
            usage.sign_count,
            usage.backup.eligible,
            usage.backup.backed_up,
            usage.user_verified,
            usage.at,
        ];
        self.0.send_one(&SQL, params, "webauthn_credentials_use").await
    }

    /// Changes the label; `false` if the user has no such credential.
    ///
    /// # Errors
    /// As every statement.
    pub async fn rename(
        &mut self,
        user: UserId,
        id: &[u8],
        name: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        static SQL: Sql = Sql::new(
            "UPDATE webauthn_credentials SET name = $4, updated_at = $5 \
             WHERE tenant_id = $1 AND id = $2 AND user_id = $3",
        );
        let tenant = self.0.tenant();
        Ok(self.0.execute(&SQL, params![tenant, id, user, cut(name), at]).await? > 0)
    }

    /// Removes the credential; `false` if the user has no such credential.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete(&mut self, user: UserId, id: &[u8]) -> Result<bool, StoreError> {
        static SQL: Sql =
            Sql::new("DELETE FROM webauthn_credentials WHERE tenant_id = $1 AND id = $2 AND user_id = $3");
        let tenant = self.0.tenant();
        Ok(self.0.execute(&SQL, params![tenant, id, user]).await? > 0)
    }
}
