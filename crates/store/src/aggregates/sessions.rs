//! Server-side sessions. Every deletion is announced after the commit ([`crate::SessionEvent::Ended`]).

use inkan_base::{SessionId, Timestamp, UserId};

use super::{cut, handle};
use crate::{
    StoreError,
    sql::{Row, Sql, params},
};

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Id of the session, `session_id` in its token.
    pub id: SessionId,
    /// Who is signed in.
    pub user_id: UserId,
    /// The browser's `User-Agent`, cut to 255 characters.
    pub user_agent: Option<String>,
    /// The client's address.
    pub ip_address: Option<String>,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When the row was last changed.
    pub updated_at: Timestamp,
    /// From when on it is not valid.
    pub expires_at: Timestamp,
    /// When it was last used, as far as it was written down.
    pub last_used: Timestamp,
}

macro_rules! columns {
    () => {
        "id, user_id, user_agent, ip_address, created_at, updated_at, expires_at, last_used"
    };
}

/// More sessions than one user ever has; SQLite knows no `OFFSET` without `LIMIT`.
macro_rules! any_number {
    () => {
        "LIMIT 1000000"
    };
}

/// A statement that ends sessions and returns them. PostgreSQL tells the other nodes with the commit; here it is told after it
/// ([`Tx::end_sessions`](crate::Tx)).
macro_rules! ending {
    ($($delete:expr),*) => {
        Sql::per_engine(
            concat!(
                "WITH ended AS (", $($delete,)* " RETURNING ", columns!(), ") \
                 SELECT ", columns!(), ", pg_notify('inkan_session', id::text) FROM ended"
            ),
            concat!($($delete,)* " RETURNING ", columns!()),
        )
    };
}

impl Session {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.take()?,
            user_id: row.take()?,
            user_agent: row.take()?,
            ip_address: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
            expires_at: row.take()?,
            last_used: row.take()?,
        })
    }
}

handle! {
    /// Sessions of the tenant.
    Sessions
}

impl Sessions<'_, '_> {
    /// Adds a session.
    ///
    /// # Errors
    /// `foreign_key` if the user is gone; otherwise as every statement.
    pub async fn create(&mut self, session: &Session) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "INSERT INTO sessions (tenant_id, ",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        ));
        let tenant = self.0.tenant();
        let params = params![
            tenant,
            session.id,
            session.user_id,
            session.user_agent.as_deref().map(cut),
            session.ip_address.as_deref().map(cut),
            session.created_at,
            session.updated_at,
            session.expires_at,
            session.last_used,
        ];
        self.0.send(&SQL, params).await
    }

    /// The session with this id, expired or not.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        static SQL: Sql =
            Sql::new(concat!("SELECT ", columns!(), " FROM sessions WHERE tenant_id = $1 AND id = $2"));
        let tenant = self.0.tenant();
        self.0.find(&SQL, params![tenant, id]).await?.map(Session::from_row).transpose()
    }

    /// Ends the session; it, if it existed.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        static SQL: Sql = ending!("DELETE FROM sessions WHERE tenant_id = $1 AND id = $2");
        let tenant = self.0.tenant();
        let row = self.0.find(&SQL, params![tenant, id]).await?;
        self.ended(row)
    }

    /// Ends the session, if it exists.
    ///
    /// # Errors
    /// As every statement.
    pub async fn end(&mut self, id: SessionId) -> Result<(), StoreError> {
        static SQL: Sql = ending!("DELETE FROM sessions WHERE tenant_id = $1 AND id = $2");
        let tenant = self.0.tenant();
        self.0.end_sessions(&SQL, params![tenant, id]).await
    }

    /// The user's sessions that have not expired, newest first.
    ///
    /// # Errors
    /// As every statement.
    pub async fn list_active(&mut self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "SELECT ",
            columns!(),
            " FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND expires_at > $3 ORDER BY created_at DESC, id DESC"
        ));
        let tenant = self.0.tenant();
        let rows = self.0.query(&SQL, params![tenant, user, now]).await?;
        rows.into_iter().map(Session::from_row).collect()
    }

    /// Ends the user's oldest active sessions so that `keep` remain. The caller has locked the user
    /// ([`crate::Tx::lock_user`]).
    ///
    /// # Errors
    /// As every statement.
    pub async fn trim(&mut self, user: UserId, keep: i64, now: Timestamp) -> Result<(), StoreError> {
        static SQL: Sql = ending!(
            // The tenant stands inside only: outside it would tempt SQLite to walk through all of the tenant's sessions.
            "DELETE FROM sessions WHERE id IN (\
             SELECT id FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND expires_at > $3 \
             ORDER BY created_at DESC, id DESC ",
            any_number!(),
            " OFFSET $4)"
        );
        let tenant = self.0.tenant();
        self.0.end_sessions(&SQL, params![tenant, user, now, keep.max(0)]).await
    }

    /// Ends the user's sessions, expired ones included, except one.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_of_user(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
    ) -> Result<(), StoreError> {
        static SQL: Sql = ending!(
            "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND (id <> $3 OR $3 IS NULL)"
        );
        let tenant = self.0.tenant();
        self.0.end_sessions(&SQL, params![tenant, user, except]).await
    }

    /// Writes down that the session was used; false if there is no such session any more.
    ///
    /// # Errors
    /// As every statement.
    pub async fn touch(&mut self, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        static SQL: Sql = Sql::new(
            "UPDATE sessions SET last_used = CASE WHEN last_used < $3 THEN $3 ELSE last_used END, \
             updated_at = CASE WHEN updated_at < $3 THEN $3 ELSE updated_at END \
             WHERE tenant_id = $1 AND id = $2",
        );
        let tenant = self.0.tenant();
        Ok(self.0.execute(&SQL, params![tenant, id, at]).await? > 0)
    }

    /// Ends the session if it was not used since `limit`; it, if so.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_unused_since(
        &mut self,
        id: SessionId,
        limit: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        static SQL: Sql = ending!("DELETE FROM sessions WHERE tenant_id = $1 AND id = $2 AND last_used < $3");
        let tenant = self.0.tenant();
        let row = self.0.find(&SQL, params![tenant, id, limit]).await?;
        self.ended(row)
    }

    fn ended(&mut self, row: Option<Row>) -> Result<Option<Session>, StoreError> {
        let session = row.map(Session::from_row).transpose()?;
        self.0.effects.ended.extend(session.as_ref().map(|session| session.id));
        Ok(session)
    }
}
