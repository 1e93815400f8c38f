//! What differs between the engines: connections, transactions, errors.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::time::Duration;

/// How long a caller waits for a connection or for its turn before it is told that the database is unavailable.
pub(crate) const DEFAULT_WAIT: Duration = Duration::from_secs(2);
