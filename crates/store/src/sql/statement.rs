//! Statements, written once with `$1…` and rewritten once for SQLite.

use std::sync::OnceLock;

/// A statement. Always a `static`, so that both drivers keep it prepared.
pub(crate) struct Sql {
    postgres: &'static str,
    sqlite: &'static str,
    rewritten: OnceLock<String>,
}

impl Sql {
    /// A statement that both engines understand.
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { postgres: text, sqlite: text, rewritten: OnceLock::new() }
    }

    /// A statement that must differ (row locks, claiming); parameters as `$1…` in both.
    pub(crate) const fn per_engine(postgres: &'static str, sqlite: &'static str) -> Self {
        Self { postgres, sqlite, rewritten: OnceLock::new() }
    }

    /// A statement that must change a row: on PostgreSQL it fails (divides by zero) by itself if it does not, so that the commit
    /// that was sent behind it comes to nothing. For [`crate::Tx::send_one`].
    pub(crate) const fn one(postgres: &'static str, sqlite: &'static str) -> Self {
        Self::per_engine(postgres, sqlite)
    }

    pub(crate) const fn postgres(&self) -> &'static str {
        self.postgres
    }

    /// SQLite numbers a bare `$2` by order of appearance; `?2` means the second parameter, as in PostgreSQL.
    pub(crate) fn sqlite(&self) -> &str {
        self.rewritten.get_or_init(|| rewrite(self.sqlite))
    }

    /// Whether the statement changes rows, which a reading transaction must not. A selection may lock some.
    pub(crate) const fn writes(&self) -> bool {
        !matches!(self.sqlite.as_bytes(), [b'S', ..])
    }
}

fn rewrite(text: &str) -> String {
    let mut rewritten = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let parameter = character == '$' && characters.peek().is_some_and(char::is_ascii_digit);
        rewritten.push(if parameter { '?' } else { character });
    }
    rewritten
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_renumbered_for_sqlite() {
        static SQL: Sql = Sql::new("SELECT a -> '$.b' FROM t WHERE c = $2 AND d = $10");
        assert_eq!(SQL.sqlite(), "SELECT a -> '$.b' FROM t WHERE c = ?2 AND d = ?10");
        assert!(!SQL.writes());
    }
}
