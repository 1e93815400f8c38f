//! Values on their way out of the database.

use inkan_base::{
    AuditId, EmailId, FlowId, OtpSecretId, OutboxId, PasscodeId, PasswordId, SessionId, TenantId, Timestamp,
    TrustedDeviceId, UserId, UsernameId,
};
use rusqlite::types::ValueRef;
use tokio_postgres::types::{FromSql, Type};
use uuid::Uuid;

use super::POSTGRES_EPOCH_MICROS;
use crate::StoreError;

/// A column's value. SQLite gives booleans and times as `Int`, ids as `Bytes`, JSON as `Text`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(Uuid),
    Time(Timestamp),
    Json(serde_json::Value),
}

impl Value {
    pub(crate) fn from_sqlite(value: ValueRef<'_>) -> Result<Self, StoreError> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Int(value),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Self::Text(text.to_owned()),
                Err(_) => return Err(StoreError::Bug("a text column is not UTF-8".to_owned())),
            },
            ValueRef::Blob(bytes) => Self::Bytes(bytes.to_vec()),
            ValueRef::Real(_) => {
                return Err(StoreError::Bug("a column holds a floating point number".to_owned()));
            }
        })
    }
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *ty {
            Type::BOOL => Self::Bool(bool::from_sql(ty, raw)?),
            Type::INT8 => Self::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Self::Int(i32::from_sql(ty, raw)?.into()),
            Type::TEXT | Type::VARCHAR | Type::NAME => Self::Text(String::from_sql(ty, raw)?),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            Type::UUID => Self::Uuid(Uuid::from_slice(raw)?),
            Type::TIMESTAMPTZ => {
                let micros = i64::from_sql(&Type::INT8, raw)?;
                Self::Time(Timestamp::from_micros(micros.saturating_add(POSTGRES_EPOCH_MICROS)))
            }
            Type::JSONB => Self::Json(serde_json::from_slice(raw.get(1..).unwrap_or_default())?),
            Type::VOID => Self::Null,
            _ => return Err(format!("columns of type {ty} are not expected").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true // checked in `from_sql`
    }
}

/// A row, read column by column in the order of the statement.
#[derive(Debug)]
pub(crate) struct Row {
    columns: std::vec::IntoIter<Value>,
}

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self { columns: values.into_iter() }
    }

    /// The next column.
    pub(crate) fn take<T: FromValue>(&mut self) -> Result<T, StoreError> {
        let value =
            self.columns.next().ok_or_else(|| StoreError::Bug("a row has too few columns".to_owned()))?;
        T::from_value(value).map_err(|value| {
            StoreError::Bug(format!(
                "a column holds {} instead of {}",
                kind(&value),
                std::any::type_name::<T>()
            ))
        })
    }

    /// Leaves out the next `count` columns.
    pub(crate) fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.columns.next();
        }
    }
}

/// Only the kind: values may be secret and must not reach a log.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Int(_) => "an integer",
        Value::Text(_) => "a text",
        Value::Bytes(_) => "bytes",
        Value::Uuid(_) => "an id",
        Value::Time(_) => "a time",
        Value::Json(_) => "JSON",
    }
}

/// A domain value that a column can hold; the value comes back if it does not fit.
pub(crate) trait FromValue: Sized {
    fn from_value(value: Value) -> Result<Self, Value>;
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, Value> {
        if value == Value::Null { Ok(None) } else { T::from_value(value).map(Some) }
    }
}

macro_rules! from_value {
    ($($type:ty: $($pattern:pat => $result:expr),+;)*) => {$(
        impl FromValue for $type {
            fn from_value(value: Value) -> Result<Self, Value> {
                match value {
                    $($pattern => Ok($result),)+
                    other => Err(other),
                }
            }
        }
    )*};
}
from_value! {
    bool: Value::Bool(value) => value, Value::Int(value @ 0..=1) => value == 1;
    i64: Value::Int(value) => value;
    String: Value::Text(text) => text;
    Vec<u8>: Value::Bytes(bytes) => bytes;
    Timestamp: Value::Time(time) => time, Value::Int(micros) => Timestamp::from_micros(micros);
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: Value) -> Result<Self, Value> {
        Self::try_from(Vec::from_value(value)?).map_err(Value::Bytes)
    }
}

impl FromValue for Uuid {
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Uuid(id) => Ok(id),
            Value::Bytes(bytes) => Uuid::from_slice(&bytes).map_err(|_| Value::Bytes(bytes)),
            other => Err(other),
        }
    }
}

impl FromValue for serde_json::Value {
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Json(json) => Ok(json),
            Value::Text(text) => serde_json::from_str(&text).map_err(|_| Value::Text(text)),
            other => Err(other),
        }
    }
}

macro_rules! ids_from_value {
    ($($id:ident),*) => {$(
        impl FromValue for $id {
            fn from_value(value: Value) -> Result<Self, Value> {
                Uuid::from_value(value).map(Self)
            }
        }
    )*};
}
ids_from_value!(
    AuditId,
    EmailId,
    FlowId,
    OtpSecretId,
    OutboxId,
    PasscodeId,
    PasswordId,
    SessionId,
    TenantId,
    TrustedDeviceId,
    UserId,
    UsernameId
);
