//! One SQLite connection: statements and what its errors mean.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{CachedStatement, Connection, ErrorCode, ffi, params_from_iter};

use crate::{
    StoreError,
    error::chain,
    sql::{Param, Row, Sql, Value},
};

/// How many prepared statements a connection keeps: more than there are.
pub(super) const STATEMENTS: usize = 256;

/// A connection with what is needed to explain its errors.
pub(crate) struct SqliteConnection {
    pub(super) raw: Connection,
    pub(super) names: Arc<ConstraintNames>,
}

impl SqliteConnection {
    pub(crate) fn query(&mut self, sql: &Sql, params: &[Param<'_>]) -> Result<Vec<Row>, StoreError> {
        #[cfg(test)]
        crate::tests::plans::check(&self.raw, sql.sqlite(), params.len());
        let mut statement = self.prepare(sql.sqlite())?;
        let width = statement.column_count();
        let mut cursor =
            statement.query(params_from_iter(params)).map_err(|error| self.names.explain(&error))?;
        let mut rows = Vec::new();
        while let Some(row) = cursor.next().map_err(|error| self.names.explain(&error))? {
            let values = (0..width)
                .map(|column| {
                    Value::from_sqlite(row.get_ref(column).map_err(|error| self.names.explain(&error))?)
                })
                .collect::<Result<_, StoreError>>()?;
            rows.push(Row::new(values));
        }
        Ok(rows)
    }

    pub(crate) fn execute(&mut self, sql: &Sql, params: &[Param<'_>]) -> Result<u64, StoreError> {
        #[cfg(test)]
        crate::tests::plans::check(&self.raw, sql.sqlite(), params.len());
        let mut statement = self.prepare(sql.sqlite())?;
        let changed =
            statement.execute(params_from_iter(params)).map_err(|error| self.names.explain(&error))?;
        Ok(changed as u64)
    }

    /// Runs a statement without parameters (`BEGIN`, `SAVEPOINT`, …).
    pub(super) fn run(&mut self, sql: &str) -> Result<(), StoreError> {
        let mut statement = self.prepare(sql)?;
        statement.execute([]).map(drop).map_err(|error| self.names.explain(&error))
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        self.raw.prepare_cached(sql).map_err(|error| self.names.explain(&error))
    }
}

/// SQLite names the columns of a violated constraint, PostgreSQL its name: this maps the one to the other.
pub(crate) struct ConstraintNames(HashMap<String, String>);

impl ConstraintNames {
    /// Reads the unique indexes of the schema. Primary keys are called `<table>_pkey`, as in PostgreSQL.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare(
            "SELECT CASE i.origin WHEN 'pk' THEN t.name || '_pkey' ELSE i.name END, t.name || '.' || c.name \
             FROM sqlite_master t, pragma_index_list(t.name) i, pragma_index_info(i.name) c \
             WHERE t.type = 'table' AND i.\"unique\" = 1 ORDER BY i.name, c.seqno",
        )?;
        let mut columns = HashMap::<String, Vec<String>>::new();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            columns.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
        Ok(Self(columns.into_iter().map(|(name, columns)| (columns.join(", "), name)).collect()))
    }

    pub(super) fn explain(&self, error: &rusqlite::Error) -> StoreError {
        let rusqlite::Error::SqliteFailure(code, message) = error else {
            return StoreError::Bug(chain(error));
        };
        match (code.code, code.extended_code) {
            (
                _,
                ffi::SQLITE_CONSTRAINT_UNIQUE
                | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                | ffi::SQLITE_CONSTRAINT_ROWID,
            ) => StoreError::conflict(self.name(message.as_deref().unwrap_or_default())),
            (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => StoreError::conflict("foreign_key"),
            (
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::OutOfMemory,
                _,
            ) => StoreError::Unavailable(chain(error)),
            _ => StoreError::Bug(chain(error)),
        }
    }

    /// From `UNIQUE constraint failed: emails.tenant_id, emails.address`.
    fn name(&self, message: &str) -> String {
        let columns = message.split_once(": ").map_or(message, |(_, columns)| columns);
        if let Some(name) = self.0.get(columns) {
            return name.clone();
        }
        // a primary key that is the row id has no index
        columns.split_once('.').map_or_else(|| columns.to_owned(), |(table, _)| format!("{table}_pkey"))
    }
}
