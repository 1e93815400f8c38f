//! One transaction of one tenant, the same type for both engines.

use inkan_base::{TenantId, UserId};

use crate::{
    StoreError,
    aggregates::{
        accounts::Accounts, audit::Audit, emails::Emails, flows::Flows, meta::Meta, outbox::Outbox,
        passcodes::Passcodes, passwords::Passwords, sessions::Sessions, signing_keys::SigningKeys,
        usernames::Usernames, users::Users,
    },
    engines::{postgres::PgHandle, sqlite::SqliteConnection},
    meter::Load,
    signals::Effects,
    sql::{Param, Row, Sql, params},
};

/// A transaction. Got by [`crate::Store::read`] and [`crate::Store::write`]; every statement is limited to its tenant.
pub struct Tx<'a> {
    engine: Engine<'a>,
    tenant: TenantId,
    writable: bool,
    load: &'a Load,
    locked: Option<UserId>,
    /// Answers to questions that were not asked for yet.
    kept: Vec<Option<Vec<Row>>>,
    /// A statement failed: PostgreSQL refuses everything after that, so both engines do.
    pub(crate) failed: bool,
    pub(crate) effects: Effects,
}

pub(crate) enum Engine<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(PgHandle<'a>),
}

/// What is done with the answer to a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nobody reads it; a failure fails the transaction.
    Nothing,
    /// No row is a conflict of this name. The statement is made by `Sql::one`.
    ChangeOne(&'static str),
    /// The first column of each row is a session that ended.
    EndSessions,
    /// Kept under this number.
    Keep(usize),
    /// The caller waits for the rows.
    Rows,
    /// The caller waits for the number of changed rows.
    Count,
}

/// The answer to a statement.
pub(crate) enum Done {
    Rows(Vec<Row>),
    Changed(u64),
}

/// Something that was asked and whose answer is taken later, with [`Tx::answer`]: until then other questions can join it on its
/// way to the server.
#[must_use]
pub struct Question<T> {
    number: usize,
    read: fn(Vec<Row>) -> Result<T, StoreError>,
}

impl<T> std::fmt::Debug for Question<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Question").field(&self.number).finish()
    }
}

impl<'a> Tx<'a> {
    pub(crate) fn new(engine: Engine<'a>, tenant: TenantId, writable: bool, load: &'a Load) -> Self {
        load.begin();
        let (kept, effects) = (Vec::new(), Effects::default());
        Self { engine, tenant, writable, load, locked: None, kept, failed: false, effects }
    }

    /// The tenant whose rows this transaction sees.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Locks the user's row until the end of the transaction; what is read from now on stays true. On SQLite writers are alone
    /// anyway.
    ///
    /// # Errors
    /// As every statement: [`StoreError`].
    pub async fn lock_user(&mut self, user: UserId) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new("SELECT id FROM users WHERE tenant_id = $1 AND id = $2 FOR UPDATE");
        self.require_writable()?;
        if matches!(self.engine, Engine::Postgres(_)) && self.locked.replace(user) != Some(user) {
            self.send(&SQL, params![self.tenant, user]).await?;
        }
        Ok(())
    }

    /// Takes a lock on a name (an address that no account has yet, …) until the end of the transaction; what is read from now on
    /// stays true.
    ///
    /// # Errors
    /// As every statement: [`StoreError`].
    pub async fn lock_name(&mut self, name: &str) -> Result<(), StoreError> {
        static SQL: Sql =
            Sql::new("SELECT pg_advisory_xact_lock(hashtextextended($2, hashtextextended($1, 0)))");
        self.require_writable()?;
        if matches!(self.engine, Engine::Postgres(_)) {
            let tenant = self.tenant.to_string();
            self.send(&SQL, params![&tenant, name]).await?;
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
        match self.ask(sql, params, Then::Rows).await? {
            Some(Done::Rows(rows)) => Ok(rows),
            _ => Err(StoreError::Bug("a query without an answer".to_owned())),
        }
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
        match self.ask(sql, params, Then::Count).await? {
            Some(Done::Changed(count)) => Ok(count),
            _ => Err(StoreError::Bug("a statement without an answer".to_owned())),
        }
    }

    /// Runs a statement whose answer nobody reads. On PostgreSQL it goes to the server with the next question or with the
    /// commit, which then fails if it fails.
    pub(crate) async fn send(&mut self, sql: &'static Sql, params: &[Param<'_>]) -> Result<(), StoreError> {
        self.later(sql, params, Then::Nothing).await
    }

    /// Like [`Tx::send`], for a statement made by [`Sql::one`]: that it changes no row is a conflict of this name.
    pub(crate) async fn send_one(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
        conflict: &'static str,
    ) -> Result<(), StoreError> {
        self.later(sql, params, Then::ChangeOne(conflict)).await
    }

    /// Like [`Tx::send`], for a statement that deletes sessions and returns their ids: their end is told after the commit.
    pub(crate) async fn end_sessions(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
    ) -> Result<(), StoreError> {
        self.later(sql, params, Then::EndSessions).await
    }

    /// Asks something whose answer is read later.
    pub(crate) async fn question<T>(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
        read: fn(Vec<Row>) -> Result<T, StoreError>,
    ) -> Result<Question<T>, StoreError> {
        let number = self.kept.len();
        self.kept.push(None);
        self.later(sql, params, Then::Keep(number)).await?;
        Ok(Question { number, read })
    }

    /// The answer to a question. Whatever else was sent goes along.
    ///
    /// # Errors
    /// As every statement.
    pub async fn answer<T>(&mut self, question: Question<T>) -> Result<T, StoreError> {
        let mut kept = self.kept.get_mut(question.number).and_then(Option::take);
        if kept.is_none() {
            if let Engine::Postgres(handle) = &mut self.engine {
                let mut done = Vec::new();
                let result = handle.settle(&mut done).await;
                self.settle(done, result)?;
            }
            kept = self.kept.get_mut(question.number).and_then(Option::take);
        }
        let rows = kept.ok_or_else(|| StoreError::Bug("a question without an answer".to_owned()))?;
        (question.read)(rows)
    }

    /// Ends the transaction. On SQLite the group does.
    pub(crate) async fn commit(&mut self) -> Result<(), StoreError> {
        let Engine::Postgres(handle) = &mut self.engine else { return Ok(()) };
        let mut done = Vec::new();
        let result = handle.commit(&mut done).await;
        self.settle(done, result).map(drop)
    }

    /// Undoes the transaction. On SQLite the group does.
    pub(crate) async fn roll_back(&mut self) {
        if let Engine::Postgres(handle) = &mut self.engine {
            handle.roll_back().await;
        }
    }

    async fn ask(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
        then: Then,
    ) -> Result<Option<Done>, StoreError> {
        self.check(sql)?;
        self.load.statement();
        let mut done = Vec::new();
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => at_once(connection, sql, params, then, &mut done),
            Engine::Postgres(handle) => handle.ask(sql, params, then, &mut done).await,
        };
        self.settle(done, result)
    }

    async fn later(&mut self, sql: &'static Sql, params: &[Param<'_>], then: Then) -> Result<(), StoreError> {
        self.check(sql)?;
        self.load.statement();
        let mut done = Vec::new();
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => at_once(connection, sql, params, then, &mut done),
            Engine::Postgres(handle) => handle.send(sql, params, then, &mut done).await,
        };
        self.settle(done, result).map(drop)
    }

    /// Does with answers what is to be done with them; the one that the caller waits for comes back.
    fn settle(
        &mut self,
        done: Vec<(Then, Done)>,
        result: Result<(), StoreError>,
    ) -> Result<Option<Done>, StoreError> {
        self.failed |= result.is_err();
        result?;
        let mut wanted = None;
        for (then, done) in done {
            match (then, done) {
                (Then::Rows | Then::Count, done) => wanted = Some(done),
                (Then::Keep(number), Done::Rows(rows)) => {
                    if let Some(slot) = self.kept.get_mut(number) {
                        *slot = Some(rows);
                    }
                }
                (Then::EndSessions, Done::Rows(rows)) => {
                    for mut row in rows {
                        self.effects.ended.push(row.take()?);
                    }
                }
                _ => {}
            }
        }
        Ok(wanted)
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

/// Runs a statement in place.
fn at_once(
    connection: &mut SqliteConnection,
    sql: &'static Sql,
    params: &[Param<'_>],
    then: Then,
    done: &mut Vec<(Then, Done)>,
) -> Result<(), StoreError> {
    let answer = match then {
        Then::Nothing | Then::Count => Done::Changed(connection.execute(sql, params)?),
        Then::ChangeOne(name) => match connection.execute(sql, params)? {
            0 => return Err(StoreError::conflict(name)),
            count => Done::Changed(count),
        },
        Then::EndSessions | Then::Keep(_) | Then::Rows => Done::Rows(connection.query(sql, params)?),
    };
    done.push((then, answer));
    Ok(())
}
