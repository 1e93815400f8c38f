//! After a crash: is everything there that was promised, and is the database whole?

use std::{path::PathBuf, time::Duration};

use inkan_base::{RngExt as _, SeededRng};
use tokio_postgres::NoTls;

use crate::{
    Failure,
    book::{Account, Book, Session},
    http::Connection,
    place::{Place, is_valid},
    smtp::Sink,
    visitor::{CODES, sign_in, sign_in_by_code},
};

/// Earlier accounts and sessions that are looked at again after each run.
const SAMPLE: u32 = 20;

/// A mail whose sending was interrupted is sent again when its lease is over, after 30 s; a mail server that was not there is
/// asked again in the meantime.
const LATE_MAIL: Duration = Duration::from_secs(50);

/// What no database may hold: an account that nobody can use, or a part without its whole.
const HALF: [(&str, &str); 3] = [
    (
        "accounts without an identifier",
        "SELECT count(*) FROM users u WHERE NOT EXISTS (SELECT 1 FROM emails e WHERE e.user_id = u.id)",
    ),
    (
        "accounts without a password",
        "SELECT count(*) FROM users u WHERE NOT EXISTS (SELECT 1 FROM passwords p WHERE p.user_id = u.id)",
    ),
    (
        "sessions without an account",
        "SELECT count(*) FROM sessions s WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = s.user_id)",
    ),
];

/// How the database is looked into, past the server.
#[derive(Clone, Debug)]
pub(crate) enum Inspected {
    Sqlite(PathBuf),
    Postgres(String),
}

/// Checks all promises of this run and a sample of the earlier ones.
pub(crate) async fn promises(
    place: &Place,
    book: &Book,
    sink: &Sink,
    run: u32,
    rng: &SeededRng,
) -> Result<(), Failure> {
    if let Some(violation) = book.pages().violation.clone().or_else(|| sink.contradiction()) {
        return Err(violation.into());
    }
    let mut connection = Connection::new(place.address());
    let sessions: Vec<(String, Session)> =
        book.pages().sessions.iter().map(|(token, state)| (token.clone(), *state)).collect();
    for (token, state) in sessions {
        let valid = is_valid(&mut connection, &token).await?;
        match state {
            Session::Valid if !valid => return Err("a session that was given out is not accepted".into()),
            Session::Revoked if valid => return Err("a session that was ended is accepted".into()),
            _ => {}
        }
    }
    for account in chosen(book, run, rng) {
        let failed = |failure: Failure| format!("{}: {failure}", account.email);
        sign_in(&mut connection, &account).await.map_err(failed)?;
        if book.mails_to(&account.email) < CODES {
            sign_in_by_code(&mut connection, &account, book, sink).await.map_err(failed)?;
        }
    }
    Ok(())
}

fn chosen(book: &Book, run: u32, rng: &SeededRng) -> Vec<Account> {
    let accounts = book.pages().accounts.clone();
    let earlier = u32::try_from(accounts.iter().filter(|account| account.run < run).count());
    let earlier = earlier.unwrap_or(u32::MAX).max(1);
    let chosen = |account: &Account| account.run == run || rng.below(earlier) < SAMPLE;
    accounts.into_iter().filter(chosen).collect()
}

/// Waits until every promised mail has arrived.
pub(crate) async fn mails(book: &Book, sink: &Sink) -> Result<(), Failure> {
    let missing = || {
        let pages = book.pages();
        let missing = pages.mails.iter().find(|(address, promised)| sink.mails_to(address) < **promised);
        missing.map(|(address, promised)| {
            format!("{} of {promised} mails to {address} arrived", sink.mails_to(address))
        })
    };
    let arrived = async {
        while missing().is_some() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(LATE_MAIL, arrived).await {
        Ok(()) => Ok(()),
        Err(_) => Err(missing().unwrap_or_default().into()),
    }
}

/// Looks for half accounts and damage.
pub(crate) async fn database(inspected: &Inspected) -> Result<(), Failure> {
    match inspected {
        Inspected::Sqlite(file) => {
            let file = file.clone();
            tokio::task::spawn_blocking(move || sqlite(&file)).await?
        }
        Inspected::Postgres(url) => postgres(url).await,
    }
}

fn sqlite(file: &std::path::Path) -> Result<(), Failure> {
    let database = rusqlite::Connection::open(file)?;
    database.busy_timeout(Duration::from_secs(5))?;
    let whole: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if whole != "ok" {
        return Err(format!("the database is damaged: {whole}").into());
    }
    let dangling: i64 =
        database.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))?;
    if dangling > 0 {
        return Err(format!("{dangling} rows refer to rows that are not there").into());
    }
    for (what, sql) in HALF {
        let count: i64 = database.query_row(sql, [], |row| row.get(0))?;
        if count > 0 {
            return Err(format!("{count} {what}").into());
        }
    }
    Ok(())
}

async fn postgres(url: &str) -> Result<(), Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    let driver = tokio::spawn(connection);
    for (what, sql) in HALF {
        let count: i64 = client.query_one(sql, &[]).await?.get(0);
        if count > 0 {
            return Err(format!("{count} {what}").into());
        }
    }
    // contained in PostgreSQL's own packages: compares every index with its table
    client
        .batch_execute(
            "CREATE EXTENSION IF NOT EXISTS amcheck; SELECT bt_index_check(c.oid, true) FROM pg_class c \
             JOIN pg_am a ON a.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE a.amname = 'btree' AND c.relkind = 'i' AND n.nspname = 'public'",
        )
        .await?;
    drop(client);
    let _ = driver.await;
    Ok(())
}
