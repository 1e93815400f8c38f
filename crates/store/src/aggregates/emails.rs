//! E-mail addresses. Normalised by the caller: the database compares them byte by byte.

use inkan_base::{EmailId, Timestamp, UserId};

use super::handle;
use crate::{
    Question, StoreError,
    sql::{Row, Sql, params},
};

/// An e-mail address of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// Id of the address.
    pub id: EmailId,
    /// Whose it is.
    pub user_id: UserId,
    /// The normalised address, unique in the tenant.
    pub address: String,
    /// Whether the user proved to receive mail there.
    pub verified: bool,
    /// Whether it is the user's primary address; at most one is.
    pub primary: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, address, verified, is_primary, created_at, updated_at \
             FROM emails WHERE tenant_id = $1 AND ",
            $rest
        )
    };
}

impl Email {
    pub(super) fn from_row(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take()?,
            user_id: row.take()?,
            address: row.take()?,
            verified: row.take()?,
            primary: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

handle! {
    /// E-mail addresses of the tenant.
    Emails
}

impl Emails<'_, '_> {
    /// Adds an address.
    ///
    /// # Errors
    /// `emails_address_key` if the address is taken, `emails_primary_key` if the user has another primary address,
    /// `foreign_key` if the user is gone; otherwise as every statement.
    pub async fn create(&mut self, email: &Email) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(
            "INSERT INTO emails (tenant_id, id, user_id, address, verified, is_primary, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        );
        let tenant = self.0.tenant();
        let params = params![
            tenant,
            email.id,
            email.user_id,
            &email.address,
            email.verified,
            email.primary,
            email.created_at,
            email.updated_at,
        ];
        self.0.send(&SQL, params).await
    }

    /// The address, if an account has it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find_by_address(&mut self, address: &str) -> Result<Option<Email>, StoreError> {
        let question = self.ask_by_address(address).await?;
        self.0.answer(question).await
    }

    /// Asks for [`Emails::find_by_address`], to be answered later.
    ///
    /// # Errors
    /// As every statement.
    pub async fn ask_by_address(&mut self, address: &str) -> Result<Question<Option<Email>>, StoreError> {
        static SQL: Sql = Sql::new(select!("address = $2"));
        let tenant = self.0.tenant();
        let read =
            |rows: Vec<Row>| rows.into_iter().next().map(|mut row| Email::from_row(&mut row)).transpose();
        self.0.question(&SQL, params![tenant, address], read).await
    }

    /// The user's addresses, oldest first.
    ///
    /// # Errors
    /// As every statement.
    pub async fn list(&mut self, user: UserId) -> Result<Vec<Email>, StoreError> {
        static SQL: Sql = Sql::new(select!("user_id = $2 ORDER BY created_at, id"));
        let tenant = self.0.tenant();
        let rows = self.0.query(&SQL, params![tenant, user]).await?;
        rows.into_iter().map(|mut row| Email::from_row(&mut row)).collect()
    }

    /// Marks the address as verified.
    ///
    /// # Errors
    /// As every statement.
    pub async fn set_verified(&mut self, id: EmailId, at: Timestamp) -> Result<(), StoreError> {
        static SQL: Sql =
            Sql::new("UPDATE emails SET verified = TRUE, updated_at = $3 WHERE tenant_id = $1 AND id = $2");
        let tenant = self.0.tenant();
        self.0.send(&SQL, params![tenant, id, at]).await
    }
}
