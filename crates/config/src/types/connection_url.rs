//! The database URL: whatever it contains, its password is never shown.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

/// Where the data are.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseTarget {
    /// An SQLite database in this file.
    Sqlite(PathBuf),
    /// A PostgreSQL database at this URL (`postgres://…`, password included).
    Postgres(String),
}

impl fmt::Debug for DatabaseTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(url) => f.debug_tuple("Postgres").field(&ConnectionUrl::new(url.clone())).finish(),
        }
    }
}

/// A database URL. `Debug` and `Serialize` show it without the password.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ConnectionUrl(String);

impl ConnectionUrl {
    /// Wraps a URL.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The URL with its password.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether no URL is configured.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// The scheme in lower case, or nothing if there is none.
    #[must_use]
    pub fn scheme(&self) -> Option<String> {
        self.0.trim().split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase())
    }

    fn masked(&self) -> String {
        if !self.0.contains('@') && !self.0.contains("password") {
            return self.0.clone();
        }
        let Ok(mut url) = Url::parse(self.0.trim()) else {
            return "***".to_owned();
        };
        let hidden = url.password().is_some() && url.set_password(Some("***")).is_err();
        if hidden || url.query().is_some_and(|query| query.contains("password")) {
            return "***".to_owned();
        }
        url.to_string()
    }
}

impl fmt::Debug for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for ConnectionUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

impl JsonSchema for ConnectionUrl {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ConnectionUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-kind": "secret" })
    }
}

#[cfg(test)]
mod tests {
    use super::ConnectionUrl;

    #[test]
    fn hides_the_password_wherever_it_is() {
        for (url, shown) in [
            ("sqlite://./data/inkan.db", "sqlite://./data/inkan.db"),
            (
                "postgres://u:p4ss@db:5432/auth?sslmode=require",
                "postgres://u:***@db:5432/auth?sslmode=require",
            ),
            ("postgres://db/auth?user=u&password=p4ss", "***"),
            ("postgres://u:p4ss@[broken/auth", "***"),
        ] {
            assert_eq!(format!("{:?}", ConnectionUrl::new(url)), shown);
        }
    }
}
