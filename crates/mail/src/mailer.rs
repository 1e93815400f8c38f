//! The two ways a mail can go.

use crate::{Mailbox, Message, SmtpMailer};

/// Sends mails, or keeps them where a developer can read them.
#[derive(Clone, Debug)]
pub enum Mailer {
    /// To an SMTP server.
    Smtp(SmtpMailer),
    /// To the development mailbox, while no SMTP server is configured.
    Mailbox(Mailbox),
}

/// Why a mail was not taken over. The texts name no recipient and no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may work later: try again.
    #[error("mail not sent for now: {0}")]
    Temporary(String),
    /// It will never work for this mail: give up.
    #[error("mail refused: {0}")]
    Permanent(String),
}

impl SendError {
    /// Whether another attempt makes sense.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Temporary(_))
    }
}

impl Mailer {
    /// Hands `message` over. `Ok` means that the server took responsibility for it. Sending the same message again is
    /// safe in so far as its Message-ID stays the same.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, message: &Message) -> Result<(), SendError> {
        match self {
            Self::Smtp(smtp) => smtp.send(message).await,
            Self::Mailbox(mailbox) => {
                mailbox.keep(message);
                Ok(())
            }
        }
    }

    /// Whether mails reach people (and not only the development mailbox).
    #[must_use]
    pub const fn delivers(&self) -> bool {
        matches!(self, Self::Smtp(_))
    }
}
