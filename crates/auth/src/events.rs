//! What happens to accounts, and the audit records it leaves (spec 09, part B): stored in the transaction that did it, written
//! to the console after the commit.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use inkan_base::{AuditId, FlowId, OtpSecretId, UserId};
use inkan_config::{AuditLog, Config, ConsoleStream};
use inkan_store::{AuditRecord, StoreError, Tx};
use metrics::Counter;
use serde_json::{Map, Value, json};

use crate::{
    App, Context,
    flows::{LoginMethod, MfaMethod, Step},
    metrics::Metrics,
};

/// Something that happened to an account.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<'a> {
    /// A registration was completed.
    UserCreated {
        user: UserId,
        email: Option<&'a str>,
        username: Option<&'a str>,
        password: bool,
        passkey: Option<&'a str>,
        security_key: Option<&'a str>,
        totp: Option<OtpSecretId>,
    },
    /// Somebody signed in.
    LoginSucceeded { user: UserId, method: LoginMethod, mfa: Option<MfaMethod> },
    /// A first factor was refused.
    LoginFailed { user: Option<UserId>, method: LoginMethod, reason: &'static str },
    /// A second factor was refused.
    SecondFactorFailed { user: UserId, method: MfaMethod, reason: &'static str },
    /// A passkey was added.
    PasskeyCreated { user: UserId, id: &'a str },
    /// A security key was added.
    SecurityKeyCreated { user: UserId, id: &'a str },
    /// An authenticator app was added.
    OtpCreated { user: UserId, id: OtpSecretId },
    /// A second factor that was being added could not be proven.
    EnrolmentFailed { user: UserId, method: MfaMethod, reason: &'static str },
    /// A passkey or security key that was being added was refused.
    CredentialRefused { user: UserId, reason: &'static str },
    /// A recovery code was used.
    RecoveryCodeUsed { user: UserId, left: i64 },
    /// An identifier that no account has was reported as such.
    UnknownIdentifier,
    /// An address was proven.
    EmailVerified { user: UserId, address: &'a str },
    /// An address was added.
    EmailCreated { user: UserId, address: &'a str },
    /// A user name was chosen.
    UsernameChanged { user: UserId, username: &'a str },
    /// A password was set or replaced.
    PasswordChanged { user: UserId, context: &'static str },
    /// A mail about a change was queued.
    NotificationSent { user: UserId, template: &'a str, address: &'a str, by_us: bool },
    /// Somebody signed out.
    UserLoggedOut { user: UserId, email: Option<&'a str> },
}

const UNKNOWN_IDENTIFIER: &str = "unknown identifier";

/// The parts of an audit record that depend on the event.
#[derive(Default)]
struct Entry<'a> {
    kind: &'static str,
    actor: Option<UserId>,
    email: Option<&'a str>,
    error: Option<&'static str>,
    details: Map<String, Value>,
}

impl<'a> Entry<'a> {
    fn new(kind: &'static str, actor: Option<UserId>) -> Self {
        Self { kind, actor, ..Self::default() }
    }

    fn email(mut self, email: Option<&'a str>) -> Self {
        self.email = email;
        self
    }

    fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

impl<'a> Event<'a> {
    /// The counter of its own that an event has.
    fn counter(self, metrics: &Metrics) -> Option<Counter> {
        match self {
            Self::LoginSucceeded { method, .. } => metrics.signed_in(method),
            Self::LoginFailed { method, reason, .. } => Some(metrics.sign_in_failed(method.as_str(), reason)),
            Self::SecondFactorFailed { method, reason, .. } => {
                Some(metrics.sign_in_failed(method.as_str(), reason))
            }
            Self::UnknownIdentifier => Some(metrics.sign_in_failed("none", UNKNOWN_IDENTIFIER)),
            _ => None,
        }
    }

    #[expect(clippy::too_many_lines, reason = "one table: a record for each event")]
    fn entry(self, mask: bool) -> Entry<'a> {
        let address = |address: &str| if mask { inkan_mail::masked(address) } else { address.to_owned() };
        let name = |name: &str| if mask { masked_name(name) } else { name.to_owned() };
        match self {
            Self::UserCreated { user, email, username, password, passkey, security_key, totp } => {
                let mut entry = Entry::new("user_created", Some(user)).email(email);
                for (name, id) in [("passkey", passkey), ("security_key", security_key)] {
                    if let Some(id) = id {
                        entry = entry.detail(name, id);
                    }
                }
                if let Some(id) = totp {
                    entry = entry.detail("otp_secret", id.to_string());
                }
                if password {
                    entry = entry.detail("password", true);
                }
                if let Some(username) = username {
                    entry = entry.detail("username", name(username));
                }
                entry
            }
            Self::LoginSucceeded { user, method, mfa } => {
                let entry = Entry::new("login_success", Some(user)).detail("login_method", method.as_str());
                match mfa {
                    Some(mfa) => entry.detail("mfa_method", mfa.as_str()),
                    None => entry,
                }
            }
            Self::SecondFactorFailed { user, method, reason } => Entry {
                error: Some(reason),
                ..Entry::new("login_failure", Some(user)).detail("mfa_method", method.as_str())
            },
            Self::PasskeyCreated { user, id } => {
                Entry::new("passkey_created", Some(user)).detail("passkey", id)
            }
            Self::SecurityKeyCreated { user, id } => {
                Entry::new("security_key_created", Some(user)).detail("security_key", id)
            }
            Self::OtpCreated { user, id } => {
                Entry::new("otp_created", Some(user)).detail("otp_secret", id.to_string())
            }
            Self::EnrolmentFailed { user, method, reason } => Entry {
                error: Some(reason),
                ..Entry::new("mfa_enrolment_failed", Some(user)).detail("mfa_method", method.as_str())
            },
            Self::CredentialRefused { user, reason } => {
                Entry { error: Some(reason), ..Entry::new("webauthn_registration_failed", Some(user)) }
            }
            Self::RecoveryCodeUsed { user, left } => {
                Entry::new("recovery_code_used", Some(user)).detail("left", left)
            }
            Self::LoginFailed { user, method, reason } => Entry {
                error: Some(reason),
                ..Entry::new("login_failure", user).detail("login_method", method.as_str())
            },
            Self::UnknownIdentifier => {
                Entry { error: Some(UNKNOWN_IDENTIFIER), ..Entry::new("login_failure", None) }
            }
            Self::EmailVerified { user, address: email } => {
                Entry::new("email_verified", Some(user)).detail("email", address(email))
            }
            Self::EmailCreated { user, address: email } => {
                Entry::new("email_created", Some(user)).detail("email", address(email))
            }
            Self::UsernameChanged { user, username } => {
                Entry::new("username_changed", Some(user)).detail("username", name(username))
            }
            Self::PasswordChanged { user, context } => {
                Entry::new("password_changed", Some(user)).detail("context", context)
            }
            Self::NotificationSent { user, template, address: email, by_us } => {
                Entry::new("security_notification_sent", Some(user))
                    .email(Some(email))
                    .detail("template", template)
                    .detail("email_address", address(email))
                    .detail("delivered_by_hanko", if by_us { "true" } else { "false" })
            }
            Self::UserLoggedOut { user, email } => Entry::new("user_logged_out", Some(user)).email(email),
        }
    }
}

/// Audit records of one transaction that are still to be written to the console.
pub(crate) struct Journal {
    flow: Option<FlowId>,
    lines: Vec<String>,
    /// What happened once the transaction is committed.
    counters: Vec<Counter>,
}

impl Journal {
    pub(crate) const fn new(flow: Option<FlowId>) -> Self {
        Self { flow, lines: Vec::new(), counters: Vec::new() }
    }

    /// Stores the record of an event.
    pub(crate) async fn record(
        &mut self,
        tx: &mut Tx<'_>,
        app: &App,
        cx: &Context,
        event: Event<'_>,
    ) -> Result<(), StoreError> {
        let config = &app.config.audit_log;
        let mut entry = event.entry(config.mask);
        self.counters.push(app.metrics.account_event(entry.kind));
        self.counters.extend(event.counter(&app.metrics));
        if let Some(flow) = self.flow {
            entry.details.insert("flow_id".to_owned(), flow.to_string().into());
        }
        let record = AuditRecord {
            id: AuditId::random(app.rng.as_ref()),
            kind: entry.kind.to_owned(),
            error: entry.error.map(str::to_owned),
            request_id: cx.request_id.clone(),
            source_ip: cx.client.to_string(),
            user_agent: cx.user_agent.clone(),
            actor_user_id: entry.actor,
            actor_email: entry
                .email
                .map(|email| if config.mask { inkan_mail::masked(email) } else { email.to_owned() }),
            details: (!entry.details.is_empty()).then_some(Value::Object(entry.details)),
            created_at: cx.now,
        };
        if config.console_output.enabled {
            self.lines.push(console_line(&record));
        }
        if config.storage.enabled { tx.audit().create(&record).await } else { Ok(()) }
    }

    /// Counts the events and writes the lines, after the commit.
    pub(crate) fn flush(&mut self, config: &Config) {
        for counter in self.counters.drain(..) {
            counter.increment(1);
        }
        write_lines(&config.audit_log, &std::mem::take(&mut self.lines));
    }
}

/// A console that is gone is no reason to fail what is done already.
fn write_lines(config: &AuditLog, lines: &[String]) {
    for line in lines {
        let _ = match config.console_output.output {
            ConsoleStream::Stdout => writeln!(io::stdout().lock(), "{line}"),
            ConsoleStream::Stderr => writeln!(io::stderr().lock(), "{line}"),
        };
    }
}

/// One JSON object; members in the order of spec 09, B.2.
fn console_line(record: &AuditRecord) -> String {
    let mut line = format!(
        r#"{{"audience":"audit","type":{},"error":{},"http_request_id":{},"source_ip":{},"user_agent":{},"details":{},"time":"{}","time_unix":"{}""#,
        json!(record.kind),
        json!(record.error.as_deref().unwrap_or_default()),
        json!(record.request_id),
        json!(record.source_ip),
        json!(record.user_agent),
        record.details.as_ref().unwrap_or(&Value::Null),
        record.created_at,
        record.created_at.seconds(),
    );
    if let Some(user) = record.actor_user_id {
        let _ = write!(line, r#","user_id":"{user}""#);
    }
    if let Some(email) = &record.actor_email {
        let _ = write!(line, r#","user_email":{}"#, json!(email));
    }
    line.push('}');
    line
}

/// Spec 09, B.3.
fn masked_name(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    match letters.as_slice() {
        [] => String::new(),
        [_] => "*".to_owned(),
        [first, .., last] => {
            let stars = if letters.len() <= 3 { 4 } else { letters.len() - 2 };
            format!("{first}{}{last}", "*".repeat(stars))
        }
    }
}

impl Step<'_, '_> {
    /// Records an event of this flow.
    pub(crate) async fn record(&mut self, event: Event<'_>) -> Result<(), StoreError> {
        self.out.journal.record(self.tx, self.app, self.cx, event).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_masked() {
        for (name, masked) in
            [("", ""), ("a", "*"), ("xx", "x****x"), ("abc", "a****c"), ("maskuser", "m******r")]
        {
            assert_eq!(masked_name(name), masked);
        }
    }

    #[test]
    fn console_lines_are_json_without_repeated_members() {
        let record = AuditRecord {
            id: AuditId(uuid::Uuid::nil()),
            kind: "login_failure".into(),
            error: None,
            request_id: "r\n\"1".into(),
            source_ip: "127.0.0.1".into(),
            user_agent: "ua".into(),
            actor_user_id: None,
            actor_email: Some("a*****@x.co".into()),
            details: None,
            created_at: inkan_base::Timestamp::from_seconds(1_795_324_462),
        };
        let line: Value = serde_json::from_str(&console_line(&record)).unwrap();
        assert_eq!(line["time"], "2026-11-22T05:14:22Z");
        assert_eq!(line["time_unix"], "1795324462");
        assert_eq!(line["http_request_id"], "r\n\"1");
        assert_eq!(console_line(&record).matches("\"time\"").count(), 1);
    }
}
