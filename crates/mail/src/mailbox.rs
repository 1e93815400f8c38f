//! The development mailbox: the last mails in memory, for the time before an SMTP server is configured.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use inkan_base::Timestamp;
use serde::Serialize;

use crate::Message;

/// How many mails are kept.
const CAPACITY: usize = 200;
/// What every mail here says at its end.
const NOT_SENT: &str =
    "This mail was not sent: no SMTP server is configured. It is kept only in the development mailbox.";

/// A bounded mailbox in memory. Clones share their mails.
#[derive(Clone, Default)]
pub struct Mailbox(Arc<Mutex<VecDeque<StoredMail>>>);

/// A mail in the development mailbox.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct StoredMail {
    /// The id of the message.
    pub id: String,
    /// The recipient.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain text, with the warning that it was not sent.
    pub text: String,
    /// The HTML document, with the same warning.
    pub html: String,
    /// When it was written.
    pub date: Timestamp,
}

impl Mailbox {
    /// An empty mailbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The mails, newest first.
    #[must_use]
    pub fn list(&self) -> Vec<StoredMail> {
        self.mails().iter().rev().cloned().collect()
    }

    /// The mail with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<StoredMail> {
        self.mails().iter().find(|mail| mail.id == id).cloned()
    }

    /// Throws all mails away.
    pub fn clear(&self) {
        self.mails().clear();
    }

    /// Keeps `message`; the oldest mail makes room. A message that is sent again replaces itself.
    pub(crate) fn keep(&self, message: &Message) {
        let warning = message.warning.unwrap_or(NOT_SENT);
        let mail = StoredMail {
            id: message.id.clone(),
            to: message.to.clone(),
            subject: message.subject.clone(),
            text: message.text_with(warning),
            html: message.html_with(warning),
            date: message.date,
        };
        let mut mails = self.mails();
        mails.retain(|kept| kept.id != mail.id);
        if mails.len() >= CAPACITY {
            mails.pop_front();
        }
        mails.push_back(mail);
    }

    fn mails(&self) -> MutexGuard<'_, VecDeque<StoredMail>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("mails", &self.mails().len()).finish()
    }
}

impl fmt::Debug for StoredMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredMail").field("id", &self.id).finish_non_exhaustive()
    }
}
