//! `database`: where the data are. Spec 10 §6.1 and §13, decision 17.

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Report;
use crate::types::{ConnectionUrl, DatabaseTarget, DurationText, Secret, as_duration};

/// Where the data are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Database {
    /// `sqlite://<path>` or `postgres://user:password@host:port/name?sslmode=verify-full`. Wins over the separate keys.
    /// Without any of them: `sqlite://<data_dir>/inkan.db`.
    pub url: ConnectionUrl,
    /// Name of the PostgreSQL database. Setting `database`, `user`, `password`,
    /// `host`, `port` or `dialect` selects PostgreSQL.
    pub database: String,
    /// User of the PostgreSQL database.
    pub user: String,
    /// Password of that user; without it `hanko`.
    pub password: Secret,
    /// Host of the PostgreSQL database.
    pub host: String,
    /// Port of the PostgreSQL database.
    pub port: String,
    /// `postgres`. Data of MySQL, MariaDB and CockroachDB come over with `inkan import hanko`.
    pub dialect: String,
    /// Most connections open at once; with SQLite, most concurrent readers.
    #[schemars(range(min = 1, max = 1000))]
    pub pool: u32,
    /// Idle connections kept open; 0 keeps as many as `pool`.
    #[schemars(range(max = 1000), extend("x-env" = "IDLEPOOL"))]
    pub idle_pool: u32,
    /// Age after which a connection is replaced; `0s` means never.
    #[serde(with = "as_duration")]
    #[schemars(with = "DurationText", extend("x-env" = "CONNMAXLIFETIME"))]
    pub conn_max_lifetime: Duration,
    /// Idle time after which a connection is closed; `0s` means never.
    #[serde(with = "as_duration")]
    #[schemars(with = "DurationText", extend("x-env" = "CONNMAXIDLETIME"))]
    pub conn_max_idletime: Duration,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: default_url(Path::new("./data")),
            database: "hanko".to_owned(),
            user: "hanko".to_owned(),
            password: "hanko".into(),
            host: "localhost".to_owned(),
            port: "5432".to_owned(),
            dialect: "postgres".to_owned(),
            pool: 16,
            idle_pool: 0,
            conn_max_lifetime: Duration::from_hours(1),
            conn_max_idletime: Duration::from_mins(5),
        }
    }
}

impl Database {
    /// Where the data are. A loaded configuration always has a `url`; the separate keys have become part of it.
    #[must_use]
    pub fn target(&self) -> DatabaseTarget {
        match sqlite_path(self.url.expose()) {
            Some(path) => DatabaseTarget::Sqlite(path),
            None => DatabaseTarget::Postgres(self.url.expose().trim().to_owned()),
        }
    }
}

pub(crate) fn default_url(data_dir: &Path) -> ConnectionUrl {
    ConnectionUrl::new(format!("sqlite://{}", data_dir.join("inkan.db").display()))
}

/// The file of an SQLite URL; nothing for another scheme.
pub(crate) fn sqlite_path(url: &str) -> Option<PathBuf> {
    let (scheme, rest) = url.trim().split_once(':')?;
    scheme.eq_ignore_ascii_case("sqlite").then(|| PathBuf::from(rest.strip_prefix("//").unwrap_or(rest)))
}

impl Database {
    pub(crate) fn check(&self, report: &mut Report) {
        let scheme = self.url.scheme().unwrap_or_default();
        match scheme.as_str() {
            "sqlite" => {
                let path = sqlite_path(self.url.expose()).unwrap_or_default();
                let text = path.to_string_lossy();
                if text.is_empty() || text.starts_with(":memory:") || text.contains('?') {
                    report.value("database.url", "expected sqlite://<path of a file> without options");
                }
            }
            "postgres" | "postgresql" => {}
            other if is_other_product(other) => report.value("database.url", import_instead(other)),
            _ => report
                .value("database.url", "expected sqlite://<path> or postgres://user:password@host:port/name"),
        }
    }

    /// Checks the separate keys, which count only without a URL.
    pub(crate) fn check_parts(&self, report: &mut Report) {
        match self.dialect.trim().to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" | "pg" | "pgx" => {}
            other if is_other_product(other) => report.value("database.dialect", import_instead(other)),
            "sqlite" | "sqlite3" => {
                report.value("database.dialect", "for SQLite set database.url to sqlite://<path> instead");
            }
            other => report.value("database.dialect", format!("expected postgres, found {other:?}")),
        }
        let parts = [("database", &self.database), ("user", &self.user), ("host", &self.host)];
        for (name, value) in parts {
            if value.trim().is_empty() {
                report.value(format!("database.{name}"), "must not be empty unless database.url is set");
            }
        }
        if !self.port.trim().parse::<u16>().is_ok_and(|port| port > 0) {
            report.value(
                "database.port",
                format!("expected a port between 1 and 65535, found {:?}", self.port),
            );
        }
    }
}

fn is_other_product(name: &str) -> bool {
    matches!(name, "mysql" | "mariadb" | "cockroach" | "cockroachdb" | "crdb")
}

fn import_instead(product: &str) -> String {
    format!(
        "{product} is not supported; use SQLite or PostgreSQL and bring the data over with: inkan import hanko"
    )
}
