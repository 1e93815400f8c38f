//! One connection: opening it as securely as the settings demand, and the dialogue of one mail.

use std::time::Duration;

use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, TlsParameters},
    commands::{Data, Mail, Rcpt},
    extension::{ClientId, Extension, MailBodyParameter, MailParameter},
};
use tokio::time::timeout;

use super::{SmtpSettings, Tls};
use crate::{SendError, address::single_line, message::Wire};

const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];
/// How long a parked connection may take to show that it still lives.
const PATIENCE: Duration = Duration::from_secs(2);

/// An open, encrypted and authenticated connection, as far as the settings say so.
pub(super) struct Connection {
    inner: AsyncSmtpConnection,
    mails: u32,
}

impl Connection {
    pub(super) async fn open(
        settings: &SmtpSettings,
        tls: Option<&TlsParameters>,
    ) -> Result<Self, SendError> {
        let hello = ClientId::default();
        let implicit = tls.filter(|_| settings.is_implicit_tls()).cloned();
        let is_implicit = implicit.is_some();
        let server = (settings.host.as_str(), settings.port);
        let mut inner =
            AsyncSmtpConnection::connect_tokio1(server, Some(settings.timeout), &hello, implicit, None)
                .await
                .map_err(|error| temporary("connect", &error))?;
        if let Some(tls) = tls.filter(|_| !is_implicit) {
            if inner.can_starttls() {
                inner.starttls(tls.clone(), &hello).await.map_err(|error| temporary("STARTTLS", &error))?;
            } else if settings.tls != Tls::Auto {
                return Err(SendError::Temporary(
                    "the SMTP server does not offer STARTTLS, which is required".to_owned(),
                ));
            }
        }
        let mut connection = Self { inner, mails: 0 };
        connection.authenticate(settings).await?;
        Ok(connection)
    }

    /// How many mails went over it.
    pub(super) const fn mails(&self) -> u32 {
        self.mails
    }

    pub(super) async fn is_alive(&mut self) -> bool {
        timeout(PATIENCE, self.inner.test_connected()).await.unwrap_or(false)
    }

    /// MAIL, RCPT, DATA, content. After an error the connection must not be used again.
    pub(super) async fn deliver(&mut self, wire: &Wire) -> Result<(), SendError> {
        self.mails += 1;
        let mail = Mail::new(Some(wire.from.clone()), self.mail_parameters(wire)?);
        self.inner.command(mail).await.map_err(|error| temporary("MAIL FROM", &error))?;
        let recipient = Rcpt::new(wire.to.clone(), Vec::new());
        self.inner.command(recipient).await.map_err(|error| final_if_5xx("RCPT TO", &error))?;
        self.inner.command(Data).await.map_err(|error| final_if_5xx("DATA", &error))?;
        let sent = match std::str::from_utf8(&wire.content) {
            Ok(content) => self.inner.command(ended(content)).await,
            Err(_) => self.inner.message(&wire.content).await,
        };
        sent.map_err(|error| final_if_5xx("content", &error))?;
        Ok(())
    }

    /// An account on a server that knows no authentication is ignored, as other senders do.
    async fn authenticate(&mut self, settings: &SmtpSettings) -> Result<(), SendError> {
        let Some(user) = settings.user.as_ref().filter(|user| !user.is_empty()) else { return Ok(()) };
        // First: whoever strips encryption from the conversation can strip authentication too.
        if !self.inner.is_encrypted() && !settings.may_send_password_in_clear() {
            let message = "the SMTP server offers no encryption, so neither password nor mail is sent";
            return Err(SendError::Temporary(message.to_owned()));
        }
        if self.inner.server_info().get_auth_mechanism(&MECHANISMS).is_none() {
            tracing::warn!("the SMTP server offers no authentication that we know; going on without");
            return Ok(());
        }
        let credentials = Credentials::new(user.clone(), settings.password.clone().unwrap_or_default());
        self.inner.auth(&MECHANISMS, &credentials).await.map_err(|error| temporary("AUTH", &error))?;
        Ok(())
    }

    /// Addresses beyond ASCII need SMTPUTF8 (RFC 6531); everything else is ASCII already.
    fn mail_parameters(&self, wire: &Wire) -> Result<Vec<MailParameter>, SendError> {
        if wire.content.is_ascii() {
            return Ok(Vec::new());
        }
        let server = self.inner.server_info();
        if server.supports_feature(Extension::SmtpUtfEight)
            && server.supports_feature(Extension::EightBitMime)
        {
            return Ok(vec![
                MailParameter::SmtpUtfEight,
                MailParameter::Body(MailBodyParameter::EightBitMime),
            ]);
        }
        Err(SendError::Permanent("the SMTP server takes only addresses in ASCII".to_owned()))
    }
}

/// The content of a mail up to the dot that ends it (RFC 5321, section 4.5.2), for one write: in two, the dot would wait for the
/// acknowledgement of the rest, which takes servers 40 ms.
fn ended(content: &str) -> String {
    let first = if content.starts_with('.') { "." } else { "" };
    format!("{first}{}\r\n.\r\n", content.replace("\r\n.", "\r\n.."))
}

fn temporary(step: &str, error: &Error) -> SendError {
    SendError::Temporary(describe(step, error))
}

fn final_if_5xx(step: &str, error: &Error) -> SendError {
    if error.is_permanent() { SendError::Permanent(describe(step, error)) } else { temporary(step, error) }
}

/// Step and status. What a server says beside its status often repeats the recipient's address, so only text without one
/// is kept.
fn describe(step: &str, error: &Error) -> String {
    match error.status() {
        Some(code) if error.to_string().contains('@') => format!("{step}: {code}"),
        _ => format!("{step}: {}", single_line(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_at_the_beginning_of_lines_are_doubled() {
        assert_eq!(ended("a\r\n.b\r\n..\r\nc.d"), "a\r\n..b\r\n...\r\nc.d\r\n.\r\n");
        assert_eq!(ended(".a"), "..a\r\n.\r\n");
    }
}
