//! Where and how to reach the SMTP server.

use std::{fmt, net::IpAddr, time::Duration};

use lettre::transport::smtp::client::TlsParameters;

use super::SmtpError;

/// The port of SMTP inside TLS (RFC 8314 §3.3).
const SUBMISSIONS: u16 = 465;

/// How the connection is encrypted. Certificates are always verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Port 465: TLS from the first byte; elsewhere STARTTLS if the server offers it. A password is never sent
    /// unencrypted except to this machine.
    #[default]
    Auto,
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS or nothing: no mail leaves if the server does not offer it.
    StartTls,
    /// No encryption, not even of the password. For relays on a trusted network.
    None,
}

/// The SMTP server and the account there.
#[derive(Clone)]
pub struct SmtpSettings {
    /// Host name or IP address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The account; without one there is no authentication.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<String>,
    /// Encryption.
    pub tls: Tls,
    /// The limit for one mail, from connecting to the last answer.
    pub timeout: Duration,
    /// How many connections are kept for the next mails.
    pub connections: usize,
}

impl SmtpSettings {
    /// The time-out that suits most servers.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

    /// A server without an account, with [`Tls::Auto`] and the default time-out.
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            user: None,
            password: None,
            tls: Tls::Auto,
            timeout: Self::DEFAULT_TIMEOUT,
            connections: 4,
        }
    }

    pub(super) fn is_implicit_tls(&self) -> bool {
        self.tls == Tls::Implicit || (self.tls == Tls::Auto && self.port == SUBMISSIONS)
    }

    /// Whether a password may go over a connection without encryption.
    pub(super) fn may_send_password_in_clear(&self) -> bool {
        let is_local = self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        self.tls == Tls::None || (self.tls == Tls::Auto && is_local)
    }

    pub(super) fn tls_parameters(&self) -> Result<Option<TlsParameters>, SmtpError> {
        if self.tls == Tls::None {
            return Ok(None);
        }
        TlsParameters::new(self.host.clone()).map(Some).map_err(|error| SmtpError::Tls(error.to_string()))
    }
}

impl fmt::Debug for SmtpSettings {
    /// Without the account.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}
