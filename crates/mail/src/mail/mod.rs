//! From facts to texts: subject, plain text and HTML of every kind of mail (spec 11 §6.3).
//!
//! In the bodies of passcode mails no six digits stand before the code, because programs take the first six digits for it.

use std::{fmt, sync::LazyLock};

use fluent_bundle::FluentArgs;
use minijinja::{Environment, context};
use serde::{Deserialize, Serialize};

use crate::{Language, MailKind, address::single_line, catalogue};

const TEMPLATE: &str = "mail.html";

#[expect(clippy::expect_used, reason = "the template is compiled in and every mail renders it in the tests")]
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
    templates
        .add_template(TEMPLATE, include_str!("../../templates/mail.html"))
        .expect("the template is valid");
    templates
});

/// What a mail says. Members that the kind does not need stay `None`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// What it is about.
    pub kind: MailKind,
    /// The name of the service, as people know it.
    pub service_name: String,
    /// The one-time code, in the kinds that carry one ([`MailKind::has_code`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How long the code is valid, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u32>,
    /// The address that was added or made primary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_address: Option<String>,
    /// The address that was primary before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_address: Option<String>,
    /// The address that was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_address: Option<String>,
}

/// The texts of a mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// Plain text, lines ended by `\n`.
    pub text: String,
    /// A complete HTML document.
    pub html: String,
}

impl Mail {
    /// A mail of `kind` without code and addresses.
    #[must_use]
    pub fn new(kind: MailKind, service_name: impl Into<String>) -> Self {
        Self {
            kind,
            service_name: service_name.into(),
            code: None,
            ttl_seconds: None,
            new_address: None,
            old_address: None,
            deleted_address: None,
        }
    }

    /// A mail of `kind` with a code that is valid for `ttl_seconds`.
    #[must_use]
    pub fn with_code(
        kind: MailKind,
        service_name: impl Into<String>,
        code: impl Into<String>,
        ttl_seconds: u32,
    ) -> Self {
        Self { code: Some(code.into()), ttl_seconds: Some(ttl_seconds), ..Self::new(kind, service_name) }
    }

    /// Its texts in `language`.
    #[must_use]
    pub fn render(&self, language: Language) -> Rendered {
        let args = self.args();
        let text = |key: &str| catalogue::text(language, key, &args);
        let key = self.kind.as_str().replace('_', "-");
        let service = single_line(&self.service_name);
        let subject = single_line(&text(&format!("{key}-subject")));
        let intro = text(&format!("{key}-body"));
        let code = self.code.as_deref().filter(|_| self.kind.has_code()).map(single_line);
        let after = match self.kind {
            kind if kind.has_code() => vec![text("code-validity"), text("code-advice")],
            kind if kind.is_notification() => vec![text("notification-advice")],
            _ => vec![text("attempt-advice")],
        };
        let footer = text("footer");
        let parts = Parts { intro: &intro, code: code.as_deref(), after: &after, footer: &footer };
        Rendered { text: parts.text(), html: parts.html(language, &subject, &service), subject }
    }

    fn args(&self) -> FluentArgs<'static> {
        let line = |value: &Option<String>| single_line(value.as_deref().unwrap_or_default());
        let mut args = FluentArgs::new();
        args.set("service", single_line(&self.service_name));
        args.set("code", line(&self.code));
        args.set("minutes", minutes(self.ttl_seconds.unwrap_or_default()));
        args.set("new", line(&self.new_address));
        args.set("old", line(&self.old_address));
        args.set("deleted", line(&self.deleted_address));
        args
    }
}

impl fmt::Debug for Mail {
    /// Without code and addresses, which have no business in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered").finish_non_exhaustive()
    }
}

/// The paragraphs of a mail, in order.
struct Parts<'a> {
    intro: &'a str,
    code: Option<&'a str>,
    after: &'a [String],
    footer: &'a str,
}

impl Parts<'_> {
    fn text(&self) -> String {
        let mut paragraphs = vec![self.intro];
        paragraphs.extend(self.code);
        paragraphs.extend(self.after.iter().map(String::as_str));
        format!("{}\n\n-- \n{}\n", paragraphs.join("\n\n"), self.footer)
    }

    #[expect(
        clippy::expect_used,
        reason = "the template is compiled in and every mail renders it in the tests"
    )]
    fn html(&self, language: Language, subject: &str, service: &str) -> String {
        let values = context! {
            lang => language.tag(),
            dir => language.direction(),
            subject,
            service,
            // A service called "Studio 112233" must not put six digits before the code.
            heading_below => self.code.is_some() && has_six_digits(service),
            intro => self.intro,
            code => self.code,
            after => self.after.to_vec(),
            footer => self.footer,
        };
        TEMPLATES
            .get_template(TEMPLATE)
            .and_then(|template| template.render(values))
            .expect("the template renders")
    }
}

fn has_six_digits(text: &str) -> bool {
    text.split(|c: char| !c.is_numeric()).any(|run| run.chars().count() >= 6)
}

/// Whole minutes, half to even (90 s → 2, 150 s → 2), at least one.
fn minutes(seconds: u32) -> u32 {
    let (whole, rest) = (seconds / 60, seconds % 60);
    let up = rest > 30 || (rest == 30 && whole % 2 == 1);
    (whole + u32::from(up)).max(1)
}

#[cfg(test)]
mod tests;
