//! The thin layer between domain values and the two drivers: statements, parameters, rows.

mod param;
mod row;
mod statement;

pub(crate) use param::Param;
pub(crate) use row::{FromValue, Row, Value};
pub(crate) use statement::Sql;

/// The parameters of a statement, each turned into a [`Param`].
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::sql::Param::from($value)),*] };
}
pub(crate) use params;

/// PostgreSQL counts microseconds from 2000-01-01, [`inkan_base::Timestamp`] from 1970-01-01.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;
