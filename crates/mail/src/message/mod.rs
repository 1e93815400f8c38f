//! A mail with its recipient, as MIME (RFC 5322, 2045 to 2049): one recipient, a stable Message-ID, text before HTML.
//!
//! No field can start a second header or a second recipient: addresses are parsed, everything else is put on one line.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use inkan_base::Timestamp;
use lettre::{
    Address,
    message::{
        Body, Mailbox as AddressWithName, MultiPart, SinglePart,
        header::{
            ContentTransferEncoding::{Base64, QuotedPrintable},
            ContentType, HeaderName, HeaderValue,
        },
    },
};

use crate::{
    Language,
    address::{parse, single_line},
};

/// The last second that a `Date` header can name: 9999-12-31T23:59:59Z.
const LAST_SECOND: i64 = 253_402_300_799;
/// The longest part of an id that is kept.
const MAX_ID: usize = 64;

/// A mail ready to go.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The local part of the Message-ID: the same for every attempt to send this mail.
    pub id: String,
    /// The one recipient.
    pub to: String,
    /// The sender's address.
    pub from_address: String,
    /// The sender's name; may be empty.
    pub from_name: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML document.
    pub html: String,
    /// The language of the texts.
    pub language: Language,
    /// When the mail was written.
    pub date: Timestamp,
    /// A line to be added at the end of both bodies.
    pub warning: Option<&'static str>,
}

/// Why a message cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    /// The recipient's address is not one.
    #[error("the recipient's address is not valid")]
    Recipient,
    /// The sender's address is not one.
    #[error("the sender's address is not valid")]
    Sender,
    /// The id has no character that may stand in a Message-ID.
    #[error("the message has no id")]
    Id,
    /// The parts do not make a message.
    #[error("the message cannot be encoded")]
    Encoding,
}

/// Envelope and content as they go over the wire.
pub(crate) struct Wire {
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) content: Vec<u8>,
}

impl Message {
    /// The complete message as it is sent: headers and bodies, lines ended by CR LF.
    ///
    /// # Errors
    /// If an address or the id is not valid.
    pub fn to_mime(&self) -> Result<Vec<u8>, InvalidMessage> {
        self.wire().map(|wire| wire.content)
    }

    pub(crate) fn wire(&self) -> Result<Wire, InvalidMessage> {
        let to = parse(&self.to).ok_or(InvalidMessage::Recipient)?;
        let from = parse(&self.from_address).ok_or(InvalidMessage::Sender)?;
        let id = self.message_id().ok_or(InvalidMessage::Id)?;
        let name = Some(single_line(&self.from_name)).filter(|name| !name.is_empty());
        let (text, html) = match self.warning {
            Some(warning) => (self.text_with(warning), self.html_with(warning)),
            None => (self.text.clone(), self.html.clone()),
        };
        let bodies = MultiPart::alternative()
            // Neither quoted-printable nor base64 contains `=_`, so no body can end its part.
            .boundary(format!("=_{id}"))
            .singlepart(part(ContentType::TEXT_PLAIN, text))
            .singlepart(part(ContentType::TEXT_HTML, html));
        let message = lettre::Message::builder()
            .date(self.system_time())
            .message_id(Some(format!("<{id}@{}>", from.domain())))
            .from(AddressWithName::new(name, from.clone()))
            .to(AddressWithName::new(None, to.clone()))
            .subject(single_line(&self.subject))
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"))
            .raw_header(header("Content-Language", self.language.tag()))
            .multipart(bodies)
            .map_err(|_| InvalidMessage::Encoding)?;
        Ok(Wire { from, to, content: message.formatted() })
    }

    /// The text followed by `line`.
    pub(crate) fn text_with(&self, line: &str) -> String {
        format!("{}\n\n{line}\n", self.text.trim_end())
    }

    /// The document with `line` as its last paragraph.
    pub(crate) fn html_with(&self, line: &str) -> String {
        let line = format!("<p><strong>{}</strong></p>\n", minijinja::HtmlEscape(line));
        match self.html.rfind("</body>") {
            Some(end) => format!("{}{line}{}", &self.html[..end], &self.html[end..]),
            None => format!("{}\n{line}", self.html),
        }
    }

    fn message_id(&self) -> Option<String> {
        let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let id: String = self.id.chars().filter(allowed).take(MAX_ID).collect();
        (!id.is_empty()).then_some(id)
    }

    fn system_time(&self) -> SystemTime {
        let seconds = u64::try_from(self.date.seconds().clamp(0, LAST_SECOND)).unwrap_or_default();
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }
}

impl fmt::Debug for Message {
    /// Without recipient, subject and bodies: they hold an address and a code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

/// Always encoded, never 7bit: only then no body can contain the boundary.
fn part(kind: ContentType, text: String) -> SinglePart {
    let encoding = if is_mostly_ascii(&text) { QuotedPrintable } else { Base64 };
    // Both encodings take every text; should that ever change, the library's own choice is as good.
    let body = Body::new_with_encoding(text, encoding).unwrap_or_else(Body::new);
    SinglePart::builder().header(kind).body(body)
}

/// Quoted-printable triples what is not ASCII; base64 adds a third to everything.
fn is_mostly_ascii(text: &str) -> bool {
    text.bytes().filter(|byte| !byte.is_ascii()).count() * 6 < text.len()
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

#[cfg(test)]
mod tests;
