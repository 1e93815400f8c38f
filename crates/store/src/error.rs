//! What can go wrong, for both engines in the same words.

use std::{error::Error, fmt::Write as _, path::PathBuf};

/// Why a transaction or a statement failed. After any of these the transaction is over: it can only be rolled back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A unique constraint refused the row; `constraint` is its name, the same on both engines (`emails_address_key`,
    /// `flows_pkey`, …). `foreign_key` means that a row it belongs to (its user, its tenant) is gone.
    #[error("constraint {constraint} refused the row")]
    Conflict {
        /// Name of the constraint or unique index.
        constraint: String,
    },
    /// The transaction lost against a concurrent one and was rolled back; it may be run once more.
    #[error("the transaction was rolled back because of a concurrent one")]
    Retry,
    /// The database cannot be used at the moment: no connection within the bounded wait, disk full, server gone.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A mistake in this program or an unreadable row.
    #[error("unexpected answer of the database: {0}")]
    Bug(String),
}

impl StoreError {
    pub(crate) fn conflict(constraint: impl Into<String>) -> Self {
        Self::Conflict { constraint: constraint.into() }
    }

    /// Whether the unique constraint of this name refused the row.
    #[must_use]
    pub fn is_conflict(&self, name: &str) -> bool {
        matches!(self, Self::Conflict { constraint } if constraint == name)
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory or the database file cannot be created or opened.
    #[error("cannot open {path}: {cause}")]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system says.
        cause: std::io::Error,
    },
    /// Another server process has this database open.
    #[error("{path} is in use by another server process")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The file is not a SQLite database or is damaged.
    #[error(
        "{path} is damaged or not a database: {cause}. Restore it from a backup, or save what can be read: \
         \"Backup and restore\" in docs/guide/operations.md"
    )]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// What SQLite says.
        cause: String,
    },
    /// The database was migrated by a newer version of this program.
    #[error(
        "the database has migration {found}, which this version does not know: it was used by a newer version"
    )]
    NewerSchema {
        /// The unknown migration.
        found: String,
    },
    /// An applied migration differs from the one this program carries, or one is missing in between.
    #[error("the database was migrated differently: {0}")]
    Divergent(String),
    /// The database is older than this program and may not be migrated now, because another process uses it.
    #[error("the database has to be migrated first; the process that uses it must be stopped for that")]
    OlderSchema,
    /// Another process has been migrating the database for this time, or holds its lock for another reason.
    #[error(
        "another server has been migrating the database for {seconds} s: wait until it is done, or end the session that holds \
         the advisory lock (pg_locks)"
    )]
    Busy {
        /// How long it was waited for.
        seconds: u64,
    },
    /// A migration failed.
    #[error("a migration failed: {0}")]
    Migration(String),
    /// The connection URL is not valid.
    #[error("the database URL is not valid: {0}")]
    Url(String),
    /// The connection URL demands encryption that cannot be provided.
    #[error("cannot set up TLS to the database: {0}")]
    Tls(String),
    /// The database server does not answer or refuses the connection.
    #[error("cannot connect to the database: {0}")]
    Unavailable(String),
}

/// An error with all its causes, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            let _ = write!(text, ": {cause_text}");
        }
        source = cause.source();
    }
    text
}
