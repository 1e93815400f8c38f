//! Mails: their texts in nine languages, the MIME message, and the ways they leave (spec 11 §6 and §8, 09 part C).
//!
//! 1. [`Language::negotiate`] picks the language of a request.
//! 2. [`Mail::render`] turns facts (kind, code, service name) into subject, text and HTML.
//! 3. [`Message`] adds recipient, sender and identity; [`Mailer::send`] delivers it by SMTP or keeps it in the development
//!    mailbox. Queueing, retries and expiry belong to the caller's outbox; [`SendError`] tells it whether to try again.

mod address;
mod catalogue;
mod kind;
mod language;
mod mail;
mod mailbox;
mod mailer;
mod message;
mod smtp;

pub use address::{is_deliverable, masked};
pub use kind::MailKind;
pub use language::Language;
pub use mail::{Mail, Rendered};
pub use mailbox::{Mailbox, StoredMail};
pub use mailer::{Mailer, SendError};
pub use message::{InvalidMessage, Message};
pub use smtp::{SmtpError, SmtpMailer, SmtpSettings, Tls};

#[cfg(test)]
mod tests;
