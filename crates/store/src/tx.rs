//! One transaction of one tenant, the same type for both engines.

use inkan_base::{SessionId, TenantId, UserId};

use crate::{
    StoreError,
    aggregates::{
        accounts::Accounts, audit::Audit, emails::Emails, flows::Flows, meta::Meta, outbox::Outbox,
        passcodes::Passcodes, passwords::Passwords, sessions::Sessions, signing_keys::SigningKeys,
        usernames::Usernames, users::Users,
    },
    engines::{postgres::PgHandle, sqlite::SqliteConnection},
    signals::Effects,
    sql::{Param, Row, Sql, params},
};

/// A transaction. Got by [`crate::Store::read`] and [`crate::Store::write`]; every statement is limited to its tenant.
pub struct Tx<'a> {
    engine: Engine<'a>,
    tenant: TenantId,
    writable: bool,
    /// A statement failed: PostgreSQL refuses everything after that, so both engines do.
    pub(crate) failed: bool,
    pub(crate) effects: Effects,
}

pub(crate) enum Engine<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(PgHandle<'a>),
}

impl<'a> Tx<'a> {
    pub(crate) fn new(engine: Engine<'a>, tenant: TenantId, writable: bool) -> Self {
        Self { engine, tenant, writable, failed: false, effects: Effects::default() }
    }

    /// The tenant whose rows this transaction sees.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Locks the user's row until the end of the transaction. On SQLite writers are alone anyway.
    ///
    /// # Errors
    /// As every statement: [`StoreError`].
    pub async fn lock_user(&mut self, user: UserId) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new("SELECT id FROM users WHERE tenant_id = $1 AND id = $2 FOR UPDATE");
        self.require_writable()?;
        if matches!(self.engine, Engine::Postgres(_)) {
            self.execute(&SQL, params![self.tenant, user]).await?;
        }
        Ok(())
    }

    /// Takes a lock on a name (an address that no account has yet, …) until the end of the transaction.
    ///
    /// # Errors
    /// As every statement: [`StoreError`].
    pub async fn lock_name(&mut self, name: &str) -> Result<(), StoreError> {
        static SQL: Sql =
            Sql::new("SELECT pg_advisory_xact_lock(hashtextextended($2, hashtextextended($1, 0)))");
        self.require_writable()?;
        if matches!(self.engine, Engine::Postgres(_)) {
            let tenant = self.tenant.to_string();
            self.execute(&SQL, params![&tenant, name]).await?;
        }
        Ok(())
    }

    /// User accounts.
    pub fn users(&mut self) -> Users<'_, 'a> {
        Users(self)
    }

    /// Accounts with addresses, user name and password, read at once.
    pub fn accounts(&mut self) -> Accounts<'_, 'a> {
        Accounts(self)
    }

    /// E-mail addresses.
    pub fn emails(&mut self) -> Emails<'_, 'a> {
        Emails(self)
    }

    /// User names.
    pub fn usernames(&mut self) -> Usernames<'_, 'a> {
        Usernames(self)
    }

    /// Password hashes.
    pub fn passwords(&mut self) -> Passwords<'_, 'a> {
        Passwords(self)
    }

    /// One-time codes.
    pub fn passcodes(&mut self) -> Passcodes<'_, 'a> {
        Passcodes(self)
    }

    /// Flows in progress.
    pub fn flows(&mut self) -> Flows<'_, 'a> {
        Flows(self)
    }

    /// Sessions.
    pub fn sessions(&mut self) -> Sessions<'_, 'a> {
        Sessions(self)
    }

    /// Keys that sign session tokens.
    pub fn signing_keys(&mut self) -> SigningKeys<'_, 'a> {
        SigningKeys(self)
    }

    /// Audit records.
    pub fn audit(&mut self) -> Audit<'_, 'a> {
        Audit(self)
    }

    /// Mails and webhooks to be sent.
    pub fn outbox(&mut self) -> Outbox<'_, 'a> {
        Outbox(self)
    }

    /// Facts about the installation; not per tenant.
    pub fn meta(&mut self) -> Meta<'_, 'a> {
        Meta(self)
    }

    /// All rows of a statement.
    pub(crate) async fn query(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.check(sql)?;
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => connection.query(sql, params),
            Engine::Postgres(handle) => handle.query(sql, params).await,
        };
        self.failed |= result.is_err();
        result
    }

    /// The only row of a statement, if there is one.
    pub(crate) async fn find(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Runs a statement; how many rows it changed.
    pub(crate) async fn execute(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
    ) -> Result<u64, StoreError> {
        self.check(sql)?;
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => connection.execute(sql, params),
            Engine::Postgres(handle) => handle.execute(sql, params).await,
        };
        self.failed |= result.is_err();
        result
    }

    /// Remembers sessions that this transaction deletes, for this node and the others.
    pub(crate) async fn end_sessions(
        &mut self,
        ids: impl IntoIterator<Item = SessionId>,
    ) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new("SELECT pg_notify('inkan_session', $1)");
        for id in ids {
            self.effects.ended.push(id);
            if matches!(self.engine, Engine::Postgres(_)) {
                self.execute(&SQL, params![&id.to_string()]).await?;
            }
        }
        Ok(())
    }

    /// The closure's result; a transaction in which a statement failed cannot end well, whatever the closure says.
    pub(crate) fn checked<T, E: From<StoreError>>(&self, result: Result<T, E>) -> Result<T, E> {
        if result.is_ok() && self.failed {
            return Err(StoreError::Bug("a transaction hides a failed statement".to_owned()).into());
        }
        result
    }

    fn check(&self, sql: &Sql) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Bug("a transaction goes on after a failed statement".to_owned()));
        }
        if sql.writes() { self.require_writable() } else { Ok(()) }
    }

    fn require_writable(&self) -> Result<(), StoreError> {
        if self.writable {
            return Ok(());
        }
        Err(StoreError::Bug("a reading transaction tries to write".to_owned()))
    }
}
