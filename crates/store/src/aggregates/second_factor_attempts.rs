//! Budgets of guesses at a user's second factors, in fixed windows. In the database, so that neither a restart nor another node
//! gives new guesses.

use std::time::Duration;

use inkan_base::{Timestamp, UserId};

use super::handle;
use crate::{
    Question, StoreError, Tx,
    sql::{Row, Sql, params},
};

/// How many guesses there are, and in which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessBudget {
    /// How many, at least one.
    pub attempts: i64,
    /// Time from the first guess until there are as many again.
    pub window: Duration,
}

/// A guess that was asked for.
#[derive(Debug)]
pub struct AskedGuess {
    question: Question<Option<i64>>,
    user: UserId,
    method: String,
    attempts: i64,
    now: Timestamp,
}

/// What became of the wish to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// It is allowed.
    Taken {
        /// How many more there are.
        left: i64,
    },
    /// There is none left.
    Refused {
        /// When there are new ones.
        until: Timestamp,
    },
}

handle! {
    /// Budgets of guesses of the tenant's users.
    SecondFactorAttempts
}

impl<'a> Tx<'a> {
    /// Budgets of guesses at second factors.
    pub fn second_factor_attempts(&mut self) -> SecondFactorAttempts<'_, 'a> {
        SecondFactorAttempts(self)
    }
}

impl SecondFactorAttempts<'_, '_> {
    /// Asks for a guess from the user's budget of this method, before anything is compared. Concurrent takers never get more than
    /// there are, and somebody who is gone has none.
    ///
    /// # Errors
    /// As every statement.
    pub async fn ask(
        &mut self,
        user: UserId,
        method: &str,
        budget: GuessBudget,
        now: Timestamp,
    ) -> Result<AskedGuess, StoreError> {
        static TAKE: Sql = Sql::new(
            "INSERT INTO second_factor_attempts AS a (tenant_id, user_id, method, attempts, expires_at) \
             SELECT tenant_id, id, $3, 1, $4 FROM users WHERE tenant_id = $1 AND id = $2 \
             ON CONFLICT (tenant_id, user_id, method) DO UPDATE SET \
             attempts = CASE WHEN a.expires_at <= $5 THEN 1 ELSE a.attempts + 1 END, \
             expires_at = CASE WHEN a.expires_at <= $5 THEN excluded.expires_at ELSE a.expires_at END \
             WHERE a.expires_at <= $5 OR a.attempts < $6 RETURNING attempts",
        );
        let tenant = self.0.tenant();
        let attempts = budget.attempts.max(1);
        let params = params![tenant, user, method, now + budget.window, now, attempts];
        let taken = |rows: Vec<Row>| rows.into_iter().next().map(|mut row| row.take()).transpose();
        let question = self.0.question(&TAKE, params, taken).await?;
        Ok(AskedGuess { question, user, method: method.to_owned(), attempts, now })
    }

    /// Whether the guess may be made.
    ///
    /// # Errors
    /// As every statement.
    pub async fn take(&mut self, asked: AskedGuess) -> Result<Guess, StoreError> {
        static UNTIL: Sql = Sql::new(
            "SELECT expires_at FROM second_factor_attempts WHERE tenant_id = $1 AND user_id = $2 AND method = $3",
        );
        let AskedGuess { question, user, method, attempts, now } = asked;
        if let Some(taken) = self.0.answer(question).await? {
            return Ok(Guess::Taken { left: attempts - taken });
        }
        let tenant = self.0.tenant();
        let until = self.0.find(&UNTIL, params![tenant, user, &method]).await?;
        // without a row it was cleaned up at this moment
        Ok(Guess::Refused { until: until.map_or(Ok(now), |mut row| row.take())? })
    }

    /// Returns a guess that was taken: it was right, or could not be judged.
    ///
    /// # Errors
    /// As every statement.
    pub async fn give_back(&mut self, user: UserId, method: &str) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(
            "UPDATE second_factor_attempts SET attempts = attempts - 1 \
             WHERE tenant_id = $1 AND user_id = $2 AND method = $3 AND attempts > 0",
        );
        let tenant = self.0.tenant();
        self.0.send(&SQL, params![tenant, user, method]).await
    }

    /// Gives the user the whole budget of this method again.
    ///
    /// # Errors
    /// As every statement.
    pub async fn reset(&mut self, user: UserId, method: &str) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(
            "DELETE FROM second_factor_attempts WHERE tenant_id = $1 AND user_id = $2 AND method = $3",
        );
        let tenant = self.0.tenant();
        self.0.send(&SQL, params![tenant, user, method]).await
    }
}
