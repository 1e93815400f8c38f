//! Mails on their way: queued in the transaction that causes them, sent by a worker (DESIGN, section 4).

use std::{pin::pin, sync::Arc, time::Duration};

use inkan_base::{OutboxId, RngExt, Timestamp};
use inkan_crypto::seal::Context as Sealed;
use inkan_mail::{Language, Mail, Mailer, Message, SendError};
use inkan_store::{NewOutboxMessage, OutboxMessage, StoreError, Tx};
use serde::{Deserialize, Serialize};
use tokio::task::{JoinError, JoinSet};

use crate::{App, Context};

/// What is sent first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Priority {
    /// Somebody waits for it.
    Passcode = 0,
    /// Can wait.
    Notification = 10,
}

/// A queued mail: rendered when it is sent.
#[derive(Serialize, Deserialize)]
struct QueuedMail {
    to: String,
    mail: Mail,
    language: Language,
}

const KIND: &str = "mail";
const NO_SMTP: &str =
    "Development mailbox: no SMTP server is configured, so this mail was not sent to anybody.";
/// How long a worker has for one mail before another one may take it.
const LEASE: Duration = Duration::from_secs(30);
/// The queue is looked at so often even when nobody tells that there is something: another node may have died.
const POLL: Duration = Duration::from_secs(5);
/// First and longest pause between two attempts.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// Queues a mail. Without delivery (`email_delivery.enabled: false`) there is nothing to queue.
pub(crate) async fn queue_mail(
    tx: &mut Tx<'_>,
    app: &App,
    cx: &Context,
    to: &str,
    mail: Mail,
    priority: Priority,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    if !app.config.email_delivery.enabled {
        return Ok(());
    }
    let id = OutboxId::ordered(cx.now, app.rng.as_ref());
    let queued = QueuedMail { to: to.to_owned(), mail, language: cx.language };
    let plain = serde_json::to_vec(&queued).map_err(|error| StoreError::Bug(error.to_string()))?;
    let row = id.to_string();
    let sealed = Sealed { table: "outbox", tenant: tx.tenant(), row: &row, column: "payload" };
    let payload = app
        .keyring
        .seal(sealed, &plain, app.rng.as_ref())
        .map_err(|error| StoreError::Bug(error.to_string()))?;
    let message = NewOutboxMessage {
        id,
        kind: KIND.to_owned(),
        priority: priority as i64,
        payload,
        created_at: cx.now,
        expires_at,
    };
    tx.outbox().enqueue(&message).await
}

/// Sends what is queued.
#[derive(Clone, Debug)]
pub struct OutboxWorker {
    app: Arc<App>,
    mailer: Mailer,
}

impl OutboxWorker {
    /// A worker that sends through `mailer`.
    #[must_use]
    pub const fn new(app: Arc<App>, mailer: Mailer) -> Self {
        Self { app, mailer }
    }

    /// How many mails are sent at the same time.
    fn places(&self) -> usize {
        self.app.config.email_delivery.smtp.connections.into()
    }

    /// Takes back what a server that was killed had begun to send, if this one is the only one: else it would have to wait
    /// until the leases have run out. To be called once, before anything is sent.
    ///
    /// # Errors
    /// [`StoreError`] when the queue cannot be written.
    pub async fn take_back(&self) -> Result<(), StoreError> {
        self.app.store.release_outbox(self.app.clock.now(), LEASE).await
    }

    /// Sends what is due now and returns how many were handled.
    ///
    /// # Errors
    /// [`StoreError`] when the queue cannot be read; a mail that fails is no error, it is tried again.
    pub async fn run_once(&self) -> Result<usize, StoreError> {
        let claimed = self.claim(self.places()).await?;
        let count = claimed.len();
        futures_util::future::join_all(claimed.into_iter().map(|message| self.deliver(message))).await;
        Ok(count)
    }

    /// Sends what is due until `stop` is done, a bounded number at a time. A slow recipient takes one place, it does not hold up
    /// the others. Returns when what was under way is sent.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let wakeups = self.app.store.outbox_wakeups();
        // Tasks, not futures of this one: one that waits for the database would hold its place in the queue there while nobody
        // polls it, and block everybody.
        let mut sending = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            // All places that became free are filled at once: a claim is a transaction.
            while let Some(done) = sending.try_join_next() {
                self.settle(done);
            }
            match self.claim(self.places() - sending.len()).await {
                Ok(claimed) => claimed.into_iter().for_each(|message| {
                    let worker = self.clone();
                    sending.spawn(async move { worker.deliver(message).await });
                }),
                Err(error) => tracing::warn!(%error, "the queue of mails cannot be read and is tried again"),
            }
            tokio::select! {
                () = &mut stop => break,
                Some(done) = sending.join_next() => self.settle(done),
                () = wakeups.notified(), if sending.len() < self.places() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        while let Some(done) = sending.join_next().await {
            self.settle(done);
        }
    }

    /// A delivery that panicked is repeated when its lease has run out.
    fn settle(&self, done: Result<(), JoinError>) {
        if let Err(error) = done {
            self.app.metrics.worker_restarted("delivery", "panic");
            tracing::error!(%error, "the delivery of a mail panicked and is tried again");
        }
    }

    async fn claim(&self, limit: usize) -> Result<Vec<OutboxMessage>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        self.app.store.claim_outbox(self.app.clock.now(), LEASE, limit).await
    }

    async fn deliver(&self, message: OutboxMessage) {
        let now = self.app.clock.now();
        let result = match self.open(&message) {
            _ if now > message.expires_at => {
                Err(SendError::Permanent("expired before it could be sent".into()))
            }
            Ok(mail) => self.mailer.send(&mail).await,
            Err(reason) => Err(SendError::Permanent(reason)),
        };
        if let Err(error) = &result {
            let error = without_addresses(&error.to_string());
            tracing::warn!(outbox.id = %message.id, error, "a mail could not be sent");
        }
        let now = self.app.clock.now();
        let next = now + pause(message.attempts, self.app.rng.below(1000));
        let again = |error: &SendError| error.is_temporary() && next < message.expires_at;
        let metrics = &self.app.metrics;
        match &result {
            Ok(()) => metrics.mails_sent.increment(1),
            Err(error) if again(error) => metrics.mails_retried.increment(1),
            Err(_) => metrics.mails_failed.increment(1),
        }
        let report = self.app.store.write(message.tenant, async |tx| match &result {
            Ok(()) => tx.outbox().delivered(message.id, now).await,
            Err(error) if again(error) => tx.outbox().retry(message.id, next, &error.to_string()).await,
            Err(error) => tx.outbox().give_up(message.id, now, &error.to_string()).await,
        });
        if let Err::<(), StoreError>(error) = report.await {
            tracing::error!(outbox.id = %message.id, error = %error, "the fate of a mail could not be stored");
        }
    }

    fn open(&self, message: &OutboxMessage) -> Result<Message, String> {
        let row = message.id.to_string();
        let sealed = Sealed { table: "outbox", tenant: message.tenant, row: &row, column: "payload" };
        let plain = self.app.keyring.open(sealed, &message.payload).map_err(|error| error.to_string())?;
        let queued: QueuedMail =
            serde_json::from_slice(&plain).map_err(|_| "unreadable message".to_owned())?;
        let rendered = queued.mail.render(queued.language);
        let delivery = &self.app.config.email_delivery;
        Ok(Message {
            id: row,
            to: queued.to,
            from_address: delivery.from_address.clone(),
            from_name: delivery.from_name.clone(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            language: queued.language,
            date: message.created_at,
            warning: (!self.mailer.delivers()).then_some(NO_SMTP),
        })
    }
}

/// Mail servers like to repeat the recipient; the log need not know it.
fn without_addresses(text: &str) -> String {
    let in_address = |c: char| !c.is_whitespace() && !"<>()[]\"',;:".contains(c);
    let mut kept = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| in_address(c) != in_address(first)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.contains('@') {
            kept.push_str(&inkan_mail::masked(word));
        } else {
            kept.push_str(word);
        }
        rest = after;
    }
    kept
}

/// Doubles with every attempt; up to half of it is random, so that waiting mails do not all come back at once.
fn pause(attempts: i64, random: u32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(0, 16)).unwrap_or(0);
    let base = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    base / 2 + base.mul_f64(f64::from(random) / 2000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_masked_in_errors() {
        let reply =
            "mail refused: 550 5.1.1 <ada.lovelace@example.com>: no such user (ada.lovelace@example.com)";
        let masked = "ada*********@example.com";
        let expected = format!("mail refused: 550 5.1.1 <{masked}>: no such user ({masked})");
        assert_eq!(without_addresses(reply), expected);
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        assert_eq!(pause(0, 0), Duration::from_secs(1));
        assert!(pause(3, 999) > pause(2, 0));
        assert!(pause(60, 999) <= LONGEST_PAUSE);
    }
}
