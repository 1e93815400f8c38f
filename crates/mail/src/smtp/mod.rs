//! Delivery to one SMTP server (RFC 5321, 3207, 4954, 8314; spec 11 §6.2).
//!
//! The dialogue is spoken here, command by command over lettre's connection, because the answer to each command has its own
//! meaning: a refused recipient or content is final, a refused sender or password is for the operator to repair. A
//! connection goes back to the pool only after a complete, successful dialogue; one that was cut short by a time-out would
//! answer the next mail with the replies of the last.

mod connection;
mod settings;

pub use settings::{SmtpSettings, Tls};

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lettre::transport::smtp::client::TlsParameters;
use tokio::time::{Instant, timeout};

use crate::{Message, SendError};
use connection::Connection;

/// How long an unused connection is kept; servers close theirs after five minutes (RFC 5321 §4.5.3.2.7).
const MAX_IDLE_TIME: Duration = Duration::from_mins(1);
/// How many mails go over one connection; servers limit this.
const MAX_MAILS: u32 = 50;

/// Why no mailer can be made of the settings.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The certificates of the system cannot be read, or the host name is not one.
    #[error("TLS for the SMTP server cannot be set up: {0}")]
    Tls(String),
}

/// Sends mails to an SMTP server. Clones share their connections.
#[derive(Clone)]
pub struct SmtpMailer(Arc<Inner>);

struct Inner {
    settings: SmtpSettings,
    tls: Option<TlsParameters>,
    idle: Mutex<Vec<(Instant, Connection)>>,
}

impl SmtpMailer {
    /// A mailer; connects when the first mail is sent.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(settings: SmtpSettings) -> Result<Self, SmtpError> {
        let tls = settings.tls_parameters()?;
        Ok(Self(Arc::new(Inner { settings, tls, idle: Mutex::default() })))
    }

    /// Hands `message` over to the server, within the time-out of the settings.
    ///
    /// # Errors
    /// [`SendError::Permanent`] if the message cannot be built or the server refuses recipient or content for good (5xx);
    /// [`SendError::Temporary`] for everything that may pass or that the operator can repair.
    pub async fn send(&self, message: &Message) -> Result<(), SendError> {
        let wire = message.wire().map_err(|error| SendError::Permanent(error.to_string()))?;
        let dialogue = async {
            let mut connection = self.connection().await?;
            connection.deliver(&wire).await?;
            Ok(connection)
        };
        let connection = timeout(self.0.settings.timeout, dialogue)
            .await
            .map_err(|_| SendError::Temporary("the SMTP server did not answer in time".to_owned()))??;
        self.park(connection);
        Ok(())
    }

    async fn connection(&self) -> Result<Connection, SendError> {
        while let Some(mut connection) = self.unpark() {
            if connection.is_alive().await {
                return Ok(connection);
            }
        }
        Connection::open(&self.0.settings, self.0.tls.as_ref()).await
    }

    fn unpark(&self) -> Option<Connection> {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(since, _)| since.elapsed() < MAX_IDLE_TIME);
        idle.pop().map(|(_, connection)| connection)
    }

    fn park(&self, connection: Connection) {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.0.settings.connections && connection.mails() < MAX_MAILS {
            idle.push((Instant::now(), connection));
        }
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SmtpMailer").field(&self.0.settings).finish()
    }
}

#[cfg(test)]
mod fake_server;
#[cfg(test)]
mod tests;
