//! A user with everything that a sign-in asks for, in one round trip (spec 11, weakness 15).

use inkan_base::{EmailId, PasswordId, UserId, UsernameId};

use super::{emails::Email, handle, passwords::Password, usernames::Username, users::User};
use crate::{
    Question, StoreError,
    sql::{FromValue, Param, Row, Sql},
};

/// A user with addresses, user name, password, and what else there is to sign in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The addresses, oldest first.
    pub emails: Vec<Email>,
    /// The user name.
    pub username: Option<Username>,
    /// The password.
    pub password: Option<Password>,
    /// What else the user can sign in with.
    pub factors: Factors,
}

/// What a user can sign in with beside codes by mail and password: how much of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    /// Passkeys.
    pub passkeys: i64,
    /// Security keys, good as second factor only.
    pub security_keys: i64,
    /// Whether there is a one-time password app.
    pub otp: bool,
    /// Recovery codes that were not used.
    pub recovery_codes: i64,
}

impl Factors {
    fn from_row(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            passkeys: row.take()?,
            security_keys: row.take()?,
            otp: row.take()?,
            recovery_codes: row.take()?,
        })
    }
}

impl Account {
    /// An account that has nothing yet.
    #[must_use]
    pub fn new(user: User) -> Self {
        Self { user, emails: Vec::new(), username: None, password: None, factors: Factors::default() }
    }

    /// The primary address.
    #[must_use]
    pub fn primary_email(&self) -> Option<&Email> {
        self.emails.iter().find(|email| email.primary)
    }

    /// One row per address; without addresses one row.
    fn from_rows(rows: Vec<Row>) -> Result<Option<Self>, StoreError> {
        let mut account: Option<Self> = None;
        for mut row in rows {
            let user = User::from_row(&mut row)?;
            let factors = Factors::from_row(&mut row)?;
            let username = optional::<UsernameId, _>(&mut row, 5, Username::from_row)?;
            let password = optional::<PasswordId, _>(&mut row, 5, Password::from_row)?;
            let email = optional::<EmailId, _>(&mut row, 7, Email::from_row)?;
            let account =
                account.get_or_insert_with(|| Self { user, emails: Vec::new(), username, password, factors });
            account.emails.extend(email);
        }
        Ok(account)
    }
}

/// A part of an outer join: its id is repeated in front, and null if the part is missing.
fn optional<Id: FromValue, T>(
    row: &mut Row,
    columns: usize,
    read: impl FnOnce(&mut Row) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    if row.take::<Option<Id>>()?.is_some() {
        return read(row).map(Some);
    }
    row.skip(columns);
    Ok(None)
}

macro_rules! select {
    ($($condition:literal),*) => {
        concat!(
            "SELECT u.id, u.created_at, u.updated_at, u.name, u.given_name, u.family_name, u.picture, \
             (SELECT count(*) FROM webauthn_credentials c \
             WHERE c.tenant_id = u.tenant_id AND c.user_id = u.id AND c.mfa_only = FALSE), \
             (SELECT count(*) FROM webauthn_credentials c \
             WHERE c.tenant_id = u.tenant_id AND c.user_id = u.id AND c.mfa_only = TRUE), \
             EXISTS (SELECT 1 FROM otp_secrets o WHERE o.tenant_id = u.tenant_id AND o.user_id = u.id), \
             (SELECT count(*) FROM recovery_codes r \
             WHERE r.tenant_id = u.tenant_id AND r.user_id = u.id AND r.used_at IS NULL), \
             n.id, n.id, n.user_id, n.username, n.created_at, n.updated_at, \
             p.id, p.id, p.user_id, p.hash, p.created_at, p.updated_at, \
             e.id, e.id, e.user_id, e.address, e.verified, e.is_primary, e.created_at, e.updated_at \
             FROM users u \
             LEFT JOIN usernames n ON n.tenant_id = u.tenant_id AND n.user_id = u.id \
             LEFT JOIN passwords p ON p.tenant_id = u.tenant_id AND p.user_id = u.id \
             LEFT JOIN emails e ON e.tenant_id = u.tenant_id AND e.user_id = u.id \
             WHERE u.tenant_id = $1 AND ",
            $($condition,)*
            " ORDER BY e.created_at, e.id"
        )
    };
}

handle! {
    /// Accounts of the tenant, read at once.
    Accounts
}

impl Accounts<'_, '_> {
    /// The account with this id.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find(&mut self, id: UserId) -> Result<Option<Account>, StoreError> {
        let question = self.ask(id).await?;
        self.0.answer(question).await
    }

    /// The account that has this (normalised) address.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find_by_address(&mut self, address: &str) -> Result<Option<Account>, StoreError> {
        let question = self.ask_by_address(address).await?;
        self.0.answer(question).await
    }

    /// The account that has this (normalised) user name.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find_by_username(&mut self, username: &str) -> Result<Option<Account>, StoreError> {
        let question = self.ask_by_username(username).await?;
        self.0.answer(question).await
    }

    /// Asks for [`Accounts::find`], to be answered later.
    ///
    /// # Errors
    /// As every statement.
    pub async fn ask(&mut self, id: UserId) -> Result<Question<Option<Account>>, StoreError> {
        static SQL: Sql = Sql::new(select!("u.id = $2"));
        self.select(&SQL, id.into()).await
    }

    /// Asks for [`Accounts::find_by_address`], to be answered later.
    ///
    /// # Errors
    /// As every statement.
    pub async fn ask_by_address(&mut self, address: &str) -> Result<Question<Option<Account>>, StoreError> {
        static SQL: Sql =
            Sql::new(select!("u.id = (SELECT user_id FROM emails WHERE tenant_id = $1 AND address = $2)"));
        self.select(&SQL, address.into()).await
    }

    /// Asks for [`Accounts::find_by_username`], to be answered later.
    ///
    /// # Errors
    /// As every statement.
    pub async fn ask_by_username(&mut self, username: &str) -> Result<Question<Option<Account>>, StoreError> {
        static SQL: Sql = Sql::new(select!(
            "u.id = (SELECT user_id FROM usernames WHERE tenant_id = $1 AND username = $2)"
        ));
        self.select(&SQL, username.into()).await
    }

    async fn select(
        &mut self,
        sql: &'static Sql,
        key: Param<'_>,
    ) -> Result<Question<Option<Account>>, StoreError> {
        let tenant = self.0.tenant();
        self.0.question(sql, &[tenant.into(), key], Account::from_rows).await
    }
}
