//! The schema's history. Two dialects with the same numbers and names; a migration that was released is never edited.
//!
//! A migration that runs on a schema of a later version, or on one that was migrated differently, is refused.

use refinery::{Migration, Runner, error::Kind};

use crate::OpenError;

/// The migrations of one engine: file name without extension, text.
type Files = &'static [(&'static str, &'static str)];

macro_rules! files {
    ($engine:literal: $($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../migrations/", $engine, "/", $name, ".sql")))),*]
    };
}

pub(crate) const SQLITE: Files = files!("sqlite":
    "V1__first_sign_in",
    "V2__wiped_answers",
    "V3__passkeys_and_second_factors",
    "V4__flows_in_one_piece",
    "V5__cheaper_writes",
);
pub(crate) const POSTGRES: Files = files!("postgres":
    "V1__first_sign_in",
    "V2__wiped_answers",
    "V3__passkeys_and_second_factors",
    "V4__flows_in_one_piece",
    "V5__cheaper_writes",
);

pub(crate) fn runner(files: Files) -> Result<Runner, OpenError> {
    let migrations = files
        .iter()
        .map(|(name, text)| Migration::unapplied(name, text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| open_error(&error))?;
    // A migration and the note that it was done are one transaction: a start that is killed between them would never succeed again.
    Ok(Runner::new(&migrations).set_grouped(true))
}

pub(crate) fn open_error(error: &refinery::Error) -> OpenError {
    match error.kind() {
        Kind::MissingVersion(found) if found.applied_on().is_some() => {
            OpenError::NewerSchema { found: found.to_string() }
        }
        Kind::MissingVersion(_) | Kind::DivergentVersion(..) | Kind::RepeatedVersion(_) => {
            OpenError::Divergent(error.to_string())
        }
        _ => OpenError::Migration(crate::error::chain(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_have_the_same_migrations() {
        let names = |files: Files| files.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(names(SQLITE), names(POSTGRES));
    }
}
