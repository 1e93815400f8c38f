//! What PostgreSQL's error codes mean (appendix A of its manual).

use tokio_postgres::{Error, error::SqlState};

use crate::{StoreError, error::chain};

pub(super) fn explain(error: &Error) -> StoreError {
    let Some(cause) = error.as_db_error() else {
        return if error.is_closed() || is_io(error) {
            StoreError::Unavailable(chain(error))
        } else {
            StoreError::Bug(chain(error))
        };
    };
    let code = cause.code();
    match code.code().get(..2) {
        _ if *code == SqlState::UNIQUE_VIOLATION => {
            StoreError::conflict(cause.constraint().unwrap_or_default())
        }
        _ if *code == SqlState::FOREIGN_KEY_VIOLATION => StoreError::conflict("foreign_key"),
        _ if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED => {
            StoreError::Retry
        }
        // connection, resources, operator intervention (shutdown, cancelled by a time-out), system, locks, time-outs
        Some("08" | "53" | "57" | "58") => StoreError::Unavailable(chain(error)),
        _ if *code == SqlState::LOCK_NOT_AVAILABLE
            || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
            || *code == SqlState::READ_ONLY_SQL_TRANSACTION =>
        {
            StoreError::Unavailable(chain(error))
        }
        // Without the detail, which holds values of the row.
        _ => StoreError::Bug(format!("{}: {}", code.code(), cause.message())),
    }
}

/// The connection broke or could not be made.
fn is_io(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<std::io::Error>() {
            return true;
        }
        source = cause.source();
    }
    false
}
