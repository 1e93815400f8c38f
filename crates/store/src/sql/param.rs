//! Values on their way into the database.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};
use inkan_base::{
    AuditId, EmailId, FlowId, OtpSecretId, OutboxId, PasscodeId, PasswordId, SessionId, TenantId, Timestamp,
    TrustedDeviceId, UserId, UsernameId,
};
use rusqlite::types::{ToSqlOutput, Value as SqliteValue, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use super::POSTGRES_EPOCH_MICROS;

/// A bound parameter.
#[derive(Clone, Debug)]
pub(crate) enum Param<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    Uuid(Uuid),
    Time(Timestamp),
    /// JSON text without `\u0000`.
    Json(String),
}

impl Param<'_> {
    /// The same value, which may be kept.
    pub(crate) fn to_owned(&self) -> Param<'static> {
        match self {
            Self::Null => Param::Null,
            Self::Bool(value) => Param::Bool(*value),
            Self::Int(value) => Param::Int(*value),
            Self::Text(text) => Param::Text(Cow::Owned(text.clone().into_owned())),
            Self::Bytes(bytes) => Param::Bytes(Cow::Owned(bytes.clone().into_owned())),
            Self::Uuid(id) => Param::Uuid(*id),
            Self::Time(time) => Param::Time(*time),
            Self::Json(text) => Param::Json(text.clone()),
        }
    }
}

impl<'a> From<&'a str> for Param<'a> {
    /// PostgreSQL has no text with U+0000; it becomes U+FFFD on both engines, so that such input is merely not found.
    fn from(text: &'a str) -> Self {
        if text.contains('\0') {
            return Self::Text(Cow::Owned(text.replace('\0', "\u{FFFD}")));
        }
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl<'a> From<&'a Vec<u8>> for Param<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Param<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl From<Uuid> for Param<'_> {
    fn from(id: Uuid) -> Self {
        Self::Uuid(id)
    }
}

impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<Timestamp> for Param<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Time(value)
    }
}

impl From<&serde_json::Value> for Param<'_> {
    fn from(value: &serde_json::Value) -> Self {
        let text = value.to_string();
        Self::Json(if text.contains("\\u0000") { without_nul(value.clone()).to_string() } else { text })
    }
}

impl<'a, T> From<Option<T>> for Param<'a>
where
    Param<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

macro_rules! from_ids {
    ($($id:ident),*) => {$(
        impl From<$id> for Param<'_> {
            fn from(id: $id) -> Self {
                Self::Uuid(id.0)
            }
        }
    )*};
}
from_ids!(
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

/// `jsonb` refuses U+0000.
fn without_nul(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => Value::String(text.replace('\0', "\u{FFFD}")),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nul).collect()),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.replace('\0', "\u{FFFD}"), without_nul(value)))
                .collect(),
        ),
        other => other,
    }
}

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(SqliteValue::Null),
            Self::Bool(value) => ToSqlOutput::Owned(SqliteValue::Integer(i64::from(*value))),
            Self::Int(value) => ToSqlOutput::Owned(SqliteValue::Integer(*value)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Self::Uuid(id) => ToSqlOutput::Borrowed(ValueRef::Blob(id.as_bytes())),
            Self::Time(time) => ToSqlOutput::Owned(SqliteValue::Integer(time.micros())),
            Self::Json(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self, ty) {
            (Self::Null, _) => return Ok(IsNull::Yes),
            (Self::Bool(value), &Type::BOOL) => out.put_u8(u8::from(*value)),
            (Self::Int(value), &Type::INT8) => out.put_i64(*value),
            (Self::Text(text), &Type::TEXT) => out.put_slice(text.as_bytes()),
            (Self::Bytes(bytes), &Type::BYTEA) => out.put_slice(bytes),
            (Self::Uuid(id), &Type::UUID) => out.put_slice(id.as_bytes()),
            (Self::Time(time), &Type::TIMESTAMPTZ) => {
                out.put_i64(time.micros().saturating_sub(POSTGRES_EPOCH_MICROS));
            }
            (Self::Json(text), &Type::JSONB) => {
                out.put_u8(1); // version of the jsonb wire format
                out.put_slice(text.as_bytes());
            }
            (_, ty) => return Err(format!("a parameter does not fit the column type {ty}").into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true // checked per value in `to_sql`
    }

    to_sql_checked!();
}
