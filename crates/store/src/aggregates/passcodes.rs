//! One-time codes sent by mail, with their attempt budget.

use std::fmt;

use inkan_base::{FlowId, PasscodeId, Timestamp, UserId};

use super::handle;
use crate::{
    StoreError,
    sql::{Row, Sql, params},
};

/// A one-time code. The code itself is not here, only its MAC.
#[derive(Clone, PartialEq, Eq)]
pub struct Passcode {
    /// Id of the code.
    pub id: PasscodeId,
    /// The flow it was sent in.
    pub flow_id: FlowId,
    /// Whose address it was sent to; `None` if no account had it.
    pub user_id: Option<UserId>,
    /// The address it was sent to.
    pub address: String,
    /// What it is good for.
    pub kind: String,
    /// MAC of the code.
    pub code_mac: Vec<u8>,
    /// How many attempts were taken.
    pub attempts: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not accepted.
    pub expires_at: Timestamp,
}

/// Without MAC and address.
impl fmt::Debug for Passcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passcode").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What came of taking an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The code, with this attempt counted.
    Taken(Passcode),
    /// All attempts were taken before.
    Exhausted,
    /// There is no such code of this flow, or it has expired.
    Gone,
}

macro_rules! columns {
    () => {
        "id, flow_id, user_id, address, kind, code_mac, attempts, created_at, expires_at"
    };
}

impl Passcode {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take()?,
            flow_id: row.take()?,
            user_id: row.take()?,
            address: row.take()?,
            kind: row.take()?,
            code_mac: row.take()?,
            attempts: row.take()?,
            created_at: row.take()?,
            expires_at: row.take()?,
        })
    }
}

handle! {
    /// One-time codes of the tenant.
    Passcodes
}

impl Passcodes<'_, '_> {
    /// Adds a code.
    ///
    /// # Errors
    /// `foreign_key` if the user is gone; otherwise as every statement.
    pub async fn create(&mut self, passcode: &Passcode) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "INSERT INTO passcodes (tenant_id, ",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        ));
        let tenant = self.0.tenant();
        let params = params![
            tenant,
            passcode.id,
            passcode.flow_id,
            passcode.user_id,
            &passcode.address,
            &passcode.kind,
            &passcode.code_mac,
            passcode.attempts,
            passcode.created_at,
            passcode.expires_at,
        ];
        self.0.send(&SQL, params).await
    }

    /// The code with this id, expired or not.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find(&mut self, id: PasscodeId) -> Result<Option<Passcode>, StoreError> {
        static SQL: Sql =
            Sql::new(concat!("SELECT ", columns!(), " FROM passcodes WHERE tenant_id = $1 AND id = $2"));
        let tenant = self.0.tenant();
        self.0.find(&SQL, params![tenant, id]).await?.map(Passcode::from_row).transpose()
    }

    /// Takes one of `max` attempts at a code of this flow. Concurrent takers never get more than `max` together.
    ///
    /// # Errors
    /// As every statement.
    pub async fn take_attempt(
        &mut self,
        id: PasscodeId,
        flow: FlowId,
        max: i64,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "UPDATE passcodes SET attempts = CASE WHEN attempts > $4 THEN attempts ELSE attempts + 1 END \
             WHERE tenant_id = $1 AND id = $2 AND flow_id = $3 AND expires_at > $5 RETURNING ",
            columns!()
        ));
        let tenant = self.0.tenant();
        let row = self.0.find(&SQL, params![tenant, id, flow, max, now]).await?;
        Ok(match row.map(Passcode::from_row).transpose()? {
            None => Attempt::Gone,
            Some(passcode) if passcode.attempts > max => Attempt::Exhausted,
            Some(passcode) => Attempt::Taken(passcode),
        })
    }

    /// Uses the code up.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete(&mut self, id: PasscodeId) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new("DELETE FROM passcodes WHERE tenant_id = $1 AND id = $2");
        let tenant = self.0.tenant();
        self.0.send(&SQL, params![tenant, id]).await
    }
}
