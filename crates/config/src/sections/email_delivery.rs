//! `email_delivery`: how mails leave the server. Spec 10 §6.3; without a mail server, a development mailbox.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Report;
use crate::types::{Secret, SmtpTls};

/// How mails leave the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct EmailDelivery {
    /// Deliver mails; `false` leaves them to the `email.send` webhook.
    pub enabled: bool,
    /// Sender address. Without it `noreply@<webauthn.relying_party.id>`.
    pub from_address: String,
    /// Name of the sender. Without it `service.name`.
    pub from_name: String,
    /// The mail server. Without a host, mails go to the development mailbox on the admin port.
    pub smtp: Smtp,
}

/// The mail server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Smtp {
    /// Host name of the mail server; empty selects the development mailbox.
    pub host: String,
    /// Port of the mail server.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// User; empty means no authentication.
    pub user: String,
    /// Password of that user.
    pub password: Secret,
    /// Protection of the connection.
    pub tls: SmtpTls,
    /// How many mails are sent at the same time, each over a connection of its own. Mail servers limit how many they accept
    /// from one client.
    #[schemars(range(min = 1, max = 256))]
    pub connections: u16,
}

impl Default for EmailDelivery {
    fn default() -> Self {
        Self {
            enabled: true,
            from_address: "noreply@localhost".to_owned(),
            from_name: crate::PRODUCT.to_owned(),
            smtp: Smtp::default(),
        }
    }
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 465,
            user: String::new(),
            password: Secret::default(),
            tls: SmtpTls::Auto,
            connections: 32,
        }
    }
}

impl EmailDelivery {
    /// Whether mails are kept in the development mailbox because no mail server is configured.
    #[must_use]
    pub fn development_mailbox(&self) -> bool {
        self.enabled && self.smtp.host.trim().is_empty()
    }
}

impl Smtp {
    /// Whether TLS starts with the first byte.
    #[must_use]
    pub fn implicit_tls(&self) -> bool {
        self.tls == SmtpTls::Implicit || self.tls == SmtpTls::Auto && self.port == 465
    }
}

impl EmailDelivery {
    pub(crate) fn check(&self, report: &mut Report) {
        if self.from_name.contains(char::is_control) {
            report.value("email_delivery.from_name", "must be a name on one line");
        }
        if !self.enabled {
            return;
        }
        if self.development_mailbox() {
            if !self.smtp.user.is_empty() || !self.smtp.password.is_empty() {
                report
                    .warn("email_delivery.smtp.host", "without a host, mails go to the development mailbox");
            }
            return;
        }
        if !is_address(&self.from_address) {
            report.value(
                "email_delivery.from_address",
                format!("expected an e-mail address, found {:?}", self.from_address),
            );
        }
        if self.smtp.host.trim().contains(|c: char| c.is_whitespace() || c == '/' || c == '@') {
            report.value(
                "email_delivery.smtp.host",
                "expected a host name; the port is email_delivery.smtp.port",
            );
        }
        if self.smtp.tls == SmtpTls::None && !self.smtp.user.is_empty() {
            report.warn("email_delivery.smtp.tls", "the password is sent to the mail server without TLS");
        }
    }
}

/// Enough to find a forgotten or mistyped address; the mail server judges the rest.
fn is_address(text: &str) -> bool {
    text.len() <= 255
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,".contains(c))
        && text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}
