//! User names. Normalised by the caller: the database compares them byte by byte.

use inkan_base::{Timestamp, UserId, UsernameId};

use super::handle;
use crate::{
    Question, StoreError,
    sql::{Row, Sql, params},
};

/// The name that a user may sign in with; at most one per user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username {
    /// Id of the name.
    pub id: UsernameId,
    /// Whose it is.
    pub user_id: UserId,
    /// The normalised name, unique in the tenant.
    pub username: String,
    /// When it was set.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Username {
    pub(super) fn from_row(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take()?,
            user_id: row.take()?,
            username: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

handle! {
    /// User names of the tenant.
    Usernames
}

impl Usernames<'_, '_> {
    /// Gives the user a name.
    ///
    /// # Errors
    /// `usernames_username_key` if the name is taken, `usernames_user_key` if the user has one, `foreign_key` if the
    /// user is gone; otherwise as every statement.
    pub async fn create(&mut self, username: &Username) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(
            "INSERT INTO usernames (tenant_id, id, user_id, username, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        );
        let tenant = self.0.tenant();
        let params = params![
            tenant,
            username.id,
            username.user_id,
            &username.username,
            username.created_at,
            username.updated_at,
        ];
        self.0.send(&SQL, params).await
    }

    /// The name, if a user has it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find(&mut self, username: &str) -> Result<Option<Username>, StoreError> {
        let question = self.ask(username).await?;
        self.0.answer(question).await
    }

    /// Asks for [`Usernames::find`], to be answered later.
    ///
    /// # Errors
    /// As every statement.
    pub async fn ask(&mut self, username: &str) -> Result<Question<Option<Username>>, StoreError> {
        static SQL: Sql = Sql::new(
            "SELECT id, user_id, username, created_at, updated_at FROM usernames WHERE tenant_id = $1 AND username = $2",
        );
        let tenant = self.0.tenant();
        let read =
            |rows: Vec<Row>| rows.into_iter().next().map(|mut row| Username::from_row(&mut row)).transpose();
        self.0.question(&SQL, params![tenant, username], read).await
    }
}
