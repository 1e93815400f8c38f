//! Statements on a connection or in a transaction.

use deadpool_postgres::{ClientWrapper, Transaction};
use tokio_postgres::{Statement, types::ToSql};

use super::errors::explain;
use crate::{
    StoreError,
    sql::{Param, Row, Sql, Value},
};

/// What a transaction runs its statements on.
pub(crate) enum PgHandle<'a> {
    /// A connection without transaction, for reading.
    Client(&'a ClientWrapper),
    /// A transaction.
    Transaction(&'a Transaction<'a>),
}

impl PgHandle<'_> {
    pub(crate) async fn query(&self, sql: &Sql, params: &[Param<'_>]) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepare(sql).await?;
        let params = borrow(params);
        let rows = match self {
            Self::Client(client) => client.query(&statement, &params).await,
            Self::Transaction(transaction) => transaction.query(&statement, &params).await,
        };
        rows.map_err(|error| explain(&error))?.iter().map(read).collect()
    }

    pub(crate) async fn execute(&self, sql: &Sql, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let statement = self.prepare(sql).await?;
        let params = borrow(params);
        let changed = match self {
            Self::Client(client) => client.execute(&statement, &params).await,
            Self::Transaction(transaction) => transaction.execute(&statement, &params).await,
        };
        changed.map_err(|error| explain(&error))
    }

    async fn prepare(&self, sql: &Sql) -> Result<Statement, StoreError> {
        let statement = match self {
            Self::Client(client) => client.prepare_cached(sql.postgres()).await,
            Self::Transaction(transaction) => transaction.prepare_cached(sql.postgres()).await,
        };
        statement.map_err(|error| explain(&error))
    }
}

fn borrow<'a>(params: &'a [Param<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

fn read(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let values = (0..row.len())
        .map(|column| row.try_get::<_, Value>(column).map_err(|error| explain(&error)))
        .collect::<Result<_, _>>()?;
    Ok(Row::new(values))
}
