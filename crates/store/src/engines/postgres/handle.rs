//! Statements on a connection or in a transaction.
//!
//! What is asked goes to the server together with everything that was sent before it, in one round trip: the server works
//! messages off in order and answers each. `BEGIN` goes with the first statement that changes or locks something and `COMMIT` with the
//! last ones; when one of them fails, the server skips the rest and makes `COMMIT` a rollback. A single one at the end needs neither: it is
//! a transaction by itself.

use std::{
    pin::{Pin, pin},
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Waker},
};

use deadpool_postgres::ClientWrapper;
use tokio_postgres::{Error, Statement, error::SqlState, types::ToSql};

use super::{errors::explain, together::together};
use crate::{
    StoreError,
    meter::Load,
    sql::{Param, Row, Sql, Value},
    tx::{Done, Then},
};

/// So many statements at the most wait for the next answer.
const QUEUE: usize = 64;

/// What a transaction runs its statements on.
pub(crate) struct PgHandle<'a> {
    client: &'a ClientWrapper,
    /// Set when the server did not answer in time.
    silent: &'a AtomicBool,
    load: &'a Load,
    state: State,
    queue: Vec<Queued>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Statements run without a transaction.
    Reading,
    /// A transaction of which the server does not know: nothing was changed or locked yet.
    Fresh,
    /// `BEGIN` was sent.
    Begun,
    /// `COMMIT` or `ROLLBACK` was sent.
    Ended,
}

/// A statement that goes to the server with the next one whose answer is waited for.
struct Queued {
    sql: &'static Sql,
    params: Vec<Param<'static>>,
    then: Then,
}

/// A statement about to be sent.
#[derive(Clone, Copy)]
struct Message<'q> {
    sql: &'static Sql,
    params: &'q [Param<'q>],
    then: Then,
}

impl Message<'_> {
    /// A question, which sees what was committed, within a transaction or not. A selection that nobody reads is there to lock.
    fn only_asks(&self) -> bool {
        debug_assert!(
            self.sql.writes() || self.then == Then::Nothing || !self.sql.postgres().contains("FOR UPDATE"),
            "a lock that is asked for like a question would end at once"
        );
        !self.sql.writes() && matches!(self.then, Then::Rows | Then::Keep(_))
    }
}

type Sent<'q> = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send + 'q>>;

enum Answer {
    Rows(Vec<tokio_postgres::Row>),
    Changed(u64),
}

impl<'a> PgHandle<'a> {
    pub(super) const fn reading(client: &'a ClientWrapper, silent: &'a AtomicBool, load: &'a Load) -> Self {
        Self { client, silent, load, state: State::Reading, queue: Vec::new() }
    }

    pub(super) const fn writing(client: &'a ClientWrapper, silent: &'a AtomicBool, load: &'a Load) -> Self {
        Self { client, silent, load, state: State::Fresh, queue: Vec::new() }
    }

    /// Sends a statement with the next ones.
    pub(crate) async fn send(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
        then: Then,
        done: &mut Vec<(Then, Done)>,
    ) -> Result<(), StoreError> {
        self.queue.push(Queued { sql, params: params.iter().map(Param::to_owned).collect(), then });
        if self.queue.len() < QUEUE { Ok(()) } else { self.settle(done).await }
    }

    /// Waits for the answers to what was sent.
    pub(crate) async fn settle(&mut self, done: &mut Vec<(Then, Done)>) -> Result<(), StoreError> {
        self.exchange(None, false, done).await
    }

    /// Sends a statement and waits for its answer, which is the last one of `done`.
    pub(crate) async fn ask(
        &mut self,
        sql: &'static Sql,
        params: &[Param<'_>],
        then: Then,
        done: &mut Vec<(Then, Done)>,
    ) -> Result<(), StoreError> {
        self.exchange(Some(Message { sql, params, then }), false, done).await
    }

    /// Sends what is left, and `COMMIT` with it.
    pub(crate) async fn commit(&mut self, done: &mut Vec<(Then, Done)>) -> Result<(), StoreError> {
        self.exchange(None, true, done).await
    }

    /// What was not sent yet never will be.
    pub(crate) async fn roll_back(&mut self) {
        self.queue.clear();
        if self.state != State::Begun || self.silent.load(Ordering::Relaxed) {
            return;
        }
        self.state = State::Ended;
        self.load.round_trip();
        let rollback: Sent<'_> = Box::pin(run(self.client, "ROLLBACK"));
        // the transaction is over for the caller; if even this fails the connection is of no more use anyway
        let failed = match together(self.silent, vec![rollback]).await {
            Ok(answers) => answers.into_iter().find_map(Result::err).map(|error| explain(&error)),
            Err(error) => Some(error),
        };
        if let Some(error) = failed {
            tracing::warn!(%error, "a transaction could not be rolled back");
        }
    }

    /// Sends everything at once and takes the answers in the same order. The first failure is the one that counts.
    async fn exchange(
        &mut self,
        last: Option<Message<'_>>,
        end: bool,
        done: &mut Vec<(Then, Done)>,
    ) -> Result<(), StoreError> {
        let queue = std::mem::take(&mut self.queue);
        let queued =
            queue.iter().map(|queued| Message { sql: queued.sql, params: &queued.params, then: queued.then });
        let messages: Vec<Message<'_>> = queued.chain(last).collect();
        let open = self.state == State::Begun;
        if messages.is_empty() && !(end && open) {
            return Ok(());
        }
        let statements = self.prepare(&messages).await?;
        let alone = end && messages.len() == 1;
        let begin = self.state == State::Fresh && !alone && !messages.iter().all(Message::only_asks);
        let open = open || begin;
        let client = self.client;
        let mut sent: Vec<Sent<'_>> = Vec::with_capacity(messages.len() + 2);
        if begin {
            sent.push(Box::pin(run(client, "BEGIN")));
        }
        for (message, statement) in messages.iter().zip(&statements) {
            sent.push(Box::pin(query(client, statement, *message)));
        }
        if end && open {
            sent.push(Box::pin(run(client, "COMMIT")));
        }
        self.state = match self.state {
            State::Reading => State::Reading,
            _ if end => State::Ended,
            _ if open => State::Begun,
            unchanged => unchanged,
        };
        self.load.round_trip();
        let mut answers = together(self.silent, sent).await?.into_iter();
        if begin {
            answers.next().transpose().map_err(|error| explain(&error))?;
        }
        for (message, answer) in messages.iter().zip(answers.by_ref()) {
            done.push((message.then, understood(message.then, answer)?));
        }
        answers.next().transpose().map(drop).map_err(|error| explain(&error))
    }

    /// The prepared statements; those that this connection does not have yet are prepared together.
    async fn prepare(&self, messages: &[Message<'_>]) -> Result<Vec<Statement>, StoreError> {
        let known = self.client.statement_cache.size();
        let prepared = messages.iter().map(|message| {
            Box::pin(self.client.prepare_cached(message.sql.postgres()))
                as Pin<Box<dyn Future<Output = Result<Statement, Error>> + Send + '_>>
        });
        let statements = together(self.silent, prepared.collect()).await?;
        if self.client.statement_cache.size() != known {
            self.load.round_trip();
        }
        statements.into_iter().map(|statement| statement.map_err(|error| explain(&error))).collect()
    }
}

/// A transaction whose caller is gone is rolled back: the message is sent, its answer is not waited for.
impl Drop for PgHandle<'_> {
    fn drop(&mut self) {
        if self.state == State::Begun {
            let rollback = pin!(self.client.batch_execute("ROLLBACK"));
            let _ = rollback.poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}

async fn run(client: &ClientWrapper, sql: &str) -> Result<Answer, Error> {
    client.batch_execute(sql).await.map(|()| Answer::Changed(0))
}

/// Sent when it is polled for the first time.
async fn query(client: &ClientWrapper, statement: &Statement, message: Message<'_>) -> Result<Answer, Error> {
    let params: Vec<&(dyn ToSql + Sync)> =
        message.params.iter().map(|param| param as &(dyn ToSql + Sync)).collect();
    match message.then {
        Then::Nothing | Then::Count => client.execute(statement, &params).await.map(Answer::Changed),
        Then::ChangeOne(_) | Then::EndSessions | Then::Keep(_) | Then::Rows => {
            client.query(statement, &params).await.map(Answer::Rows)
        }
    }
}

fn understood(then: Then, answer: Result<Answer, Error>) -> Result<Done, StoreError> {
    match (answer, then) {
        (Ok(Answer::Rows(rows)), _) => rows.iter().map(read).collect::<Result<_, _>>().map(Done::Rows),
        (Ok(Answer::Changed(count)), _) => Ok(Done::Changed(count)),
        // see `Sql::one`
        (Err(error), Then::ChangeOne(name)) if error.code() == Some(&SqlState::DIVISION_BY_ZERO) => {
            Err(StoreError::conflict(name))
        }
        (Err(error), _) => Err(explain(&error)),
    }
}

fn read(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let values = (0..row.len())
        .map(|column| row.try_get::<_, Value>(column).map_err(|error| explain(&error)))
        .collect::<Result<_, _>>()?;
    Ok(Row::new(values))
}
