//! Somebody who registers, signs in and out at random, and notes each promise at the moment of the answer.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use inkan_base::{RngExt as _, SeededRng};
use serde_json::json;

use crate::{
    Failure,
    book::{Account, Book, Session},
    flow::Flow,
    http::{Connection, request},
    place::is_valid,
    smtp::Sink,
};

/// So many codes are sent to one address in a load; the server has a budget per hour.
pub(crate) const CODES: usize = 8;

/// A visitor of one run.
pub(crate) struct Visitor {
    pub(crate) number: usize,
    pub(crate) run: u32,
    pub(crate) address: SocketAddr,
    pub(crate) book: Book,
    pub(crate) sink: Sink,
    pub(crate) rng: Arc<SeededRng>,
}

impl Visitor {
    /// Goes on until the task is aborted.
    pub(crate) async fn stay(self) {
        let mut connection = Connection::new(self.address);
        for round in 0.. {
            if let Err(failure) = self.act(&mut connection, round).await {
                let text = failure.to_string();
                // what a server that is there says to a correct request
                if text.contains("answered with 4") || text.contains("answered with 500") {
                    self.book.pages().violation.get_or_insert(text);
                }
                connection = Connection::new(self.address);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    async fn act(&self, connection: &mut Connection, round: usize) -> Result<(), Failure> {
        let own: Vec<Account> = {
            let pages = self.book.pages();
            pages.accounts.iter().filter(|account| account.visitor == self.number).cloned().collect()
        };
        let choice = if own.is_empty() { 0 } else { self.rng.below(10) };
        let account = own.get(self.rng.below(u32::try_from(own.len())?) as usize);
        match (choice, account) {
            (4 | 5, Some(account)) => {
                let token = sign_in(connection, account).await?;
                self.book.session(&token, Session::Valid);
                Ok(())
            }
            (6 | 7, Some(account)) if self.book.mails_to(&account.email) < CODES => {
                let token = sign_in_by_code(connection, account, &self.book, &self.sink).await?;
                self.book.session(&token, Session::Valid);
                Ok(())
            }
            (8, Some(account)) => self.sign_out(connection, account).await,
            (9, _) => self.abandon(connection).await,
            _ => self.register(connection, round).await,
        }
    }

    async fn register(&self, connection: &mut Connection, round: usize) -> Result<(), Failure> {
        let email = format!("u{}-{}-{round}@crash.example", self.run, self.number);
        let password = format!("correct horse {round}");
        let mut flow = Flow::start(connection, "registration").await?;
        flow.act("register_login_identifier", &json!({ "email": email })).await?;
        self.book.promise_mail(&email);
        enter_code(&mut flow, &email, &self.sink).await?;
        flow.act("register_password", &json!({ "new_password": password })).await?;
        flow.finish().await?;
        let token = flow.token.take().ok_or("a registration ended without a session")?;
        self.book.session(&token, Session::Valid);
        let account = Account { email, password, visitor: self.number, run: self.run };
        self.book.pages().accounts.push(account);
        Ok(())
    }

    async fn sign_out(&self, connection: &mut Connection, account: &Account) -> Result<(), Failure> {
        let token = sign_in(connection, account).await?;
        self.book.session(&token, Session::Unknown);
        let cookie = format!("cookie: hanko={token}\r\n");
        let reply = connection.send(&request("POST", "/logout", &cookie, "")).await?;
        if reply.status != 204 {
            return Err(format!("a logout was answered with {}", reply.status).into());
        }
        self.book.session(&token, Session::Revoked);
        if is_valid(connection, &token).await? {
            self.book.pages().violation.get_or_insert("a session outlives its logout".to_owned());
        }
        Ok(())
    }

    /// Begins something and does not come back to it.
    async fn abandon(&self, connection: &mut Connection) -> Result<(), Failure> {
        let mut flow = Flow::start(connection, "login").await?;
        flow.act("continue_with_login_identifier", &json!({ "email": "nobody@crash.example" })).await
    }
}

/// Signs in by password; the token.
pub(crate) async fn sign_in(connection: &mut Connection, account: &Account) -> Result<String, Failure> {
    let mut flow = identified(connection, account).await?;
    flow.act("continue_to_password_login", &json!({})).await?;
    flow.act("password_login", &json!({ "password": account.password })).await?;
    flow.finish().await?;
    flow.token.take().ok_or_else(|| "a login ended without a session".into())
}

/// Signs in by a code; the token.
pub(crate) async fn sign_in_by_code(
    connection: &mut Connection,
    account: &Account,
    book: &Book,
    sink: &Sink,
) -> Result<String, Failure> {
    sink.forget(&account.email);
    let mut flow = identified(connection, account).await?;
    flow.act("continue_to_passcode_confirmation", &json!({})).await?;
    book.promise_mail(&account.email);
    enter_code(&mut flow, &account.email, sink).await?;
    flow.finish().await?;
    flow.token.take().ok_or_else(|| "a login ended without a session".into())
}

async fn identified<'a>(connection: &'a mut Connection, account: &Account) -> Result<Flow<'a>, Failure> {
    let mut flow = Flow::start(connection, "login").await?;
    flow.act("continue_with_login_identifier", &json!({ "email": account.email })).await?;
    Ok(flow)
}

/// A mail of an earlier flow may arrive late, or twice: then the next code is the right one.
async fn enter_code(flow: &mut Flow<'_>, email: &str, sink: &Sink) -> Result<(), Failure> {
    let first = flow.act("verify_passcode", &json!({ "code": sink.code(email).await? })).await;
    match first {
        Err(failure) if failure.to_string().contains("answered with 4") => {
            let code = sink.code(email).await?;
            flow.act("verify_passcode", &json!({ "code": code })).await
        }
        other => other,
    }
}
