//! Statements on a connection or in a transaction.

use std::sync::atomic::AtomicBool;

use deadpool_postgres::{ClientWrapper, Transaction};
use tokio_postgres::{Statement, types::ToSql};

use super::{answered, errors::explain};
use crate::{
    StoreError,
    sql::{Param, Row, Sql, Value},
};

/// What a transaction runs its statements on.
pub(crate) struct PgHandle<'a> {
    target: Target<'a>,
    /// Set when the server did not answer in time.
    silent: &'a AtomicBool,
}

enum Target<'a> {
    /// A connection without transaction, for reading.
    Client(&'a ClientWrapper),
    /// A transaction.
    Transaction(&'a Transaction<'a>),
}

impl<'a> PgHandle<'a> {
    pub(super) const fn client(client: &'a ClientWrapper, silent: &'a AtomicBool) -> Self {
        Self { target: Target::Client(client), silent }
    }

    pub(super) const fn transaction(transaction: &'a Transaction<'a>, silent: &'a AtomicBool) -> Self {
        Self { target: Target::Transaction(transaction), silent }
    }

    pub(crate) async fn query(&self, sql: &Sql, params: &[Param<'_>]) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepare(sql).await?;
        let params = borrow(params);
        let rows = match self.target {
            Target::Client(client) => answered(self.silent, client.query(&statement, &params)).await,
            Target::Transaction(transaction) => {
                answered(self.silent, transaction.query(&statement, &params)).await
            }
        };
        rows?.iter().map(read).collect()
    }

    pub(crate) async fn execute(&self, sql: &Sql, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let statement = self.prepare(sql).await?;
        let params = borrow(params);
        match self.target {
            Target::Client(client) => answered(self.silent, client.execute(&statement, &params)).await,
            Target::Transaction(transaction) => {
                answered(self.silent, transaction.execute(&statement, &params)).await
            }
        }
    }

    async fn prepare(&self, sql: &Sql) -> Result<Statement, StoreError> {
        match self.target {
            Target::Client(client) => answered(self.silent, client.prepare_cached(sql.postgres())).await,
            Target::Transaction(transaction) => {
                answered(self.silent, transaction.prepare_cached(sql.postgres())).await
            }
        }
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
