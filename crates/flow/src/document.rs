//! What the client gets: one JSON document per answer (spec 01, section 6).

use std::{collections::BTreeMap, io};

use inkan_base::FlowId;
use serde::Serialize;
use serde_json::{Map, Value, ser::Formatter};

use crate::{FlowError, Input, InputError};

/// Members for the client that belong to this one answer.
pub type Payload = Map<String, Value>;

/// One answer of a flow endpoint. Members in the order of the wire.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    name: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload>,
    csrf_token: String,
    actions: BTreeMap<&'static str, ActionDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDocument>,
    links: (),
}

/// An action on offer.
#[derive(Clone, Debug, Serialize)]
pub struct ActionDocument {
    href: String,
    inputs: BTreeMap<&'static str, InputDocument>,
    action: &'static str,
    description: &'static str,
}

/// An input of an action.
#[derive(Clone, Debug, Serialize)]
pub struct InputDocument {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    required: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_values: Vec<AllowedDocument>,
}

/// An error, of the flow or of an input.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorDocument {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct AllowedDocument {
    value: String,
    name: String,
}

impl Document {
    /// An answer of a live flow: its state, a fresh token, what can be done next.
    #[must_use]
    pub fn attached(
        state: &'static str,
        csrf_token: String,
        payload: Payload,
        actions: Vec<ActionDocument>,
        error: Option<(FlowError, Option<String>)>,
    ) -> Self {
        Self {
            name: state,
            status: error.as_ref().map_or(200, |(error, _)| error.status()),
            payload: Some(payload),
            csrf_token,
            actions: actions.into_iter().map(|action| (action.action, action)).collect(),
            error: error.map(|(error, cause)| ErrorDocument::flow(error, cause)),
            links: (),
        }
    }

    /// An answer that leaves the flow as it is: state `error`, no token, no actions.
    #[must_use]
    pub fn detached(error: FlowError, cause: Option<String>) -> Self {
        Self {
            name: "error",
            status: error.status(),
            payload: None,
            csrf_token: String::new(),
            actions: BTreeMap::new(),
            error: Some(ErrorDocument::flow(error, cause)),
            links: (),
        }
    }

    /// The HTTP status, which is the `status` member.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Name of the state.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        self.name
    }

    /// The error code, if there is an error.
    #[must_use]
    pub fn error_code(&self) -> Option<&'static str> {
        self.error.as_ref().map(|error| error.code)
    }

    /// The JSON text with a line end, with the characters escaped that are special in HTML (spec 01, section 6.7).
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1024);
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, HtmlSafe);
        // Writing plain data to memory cannot fail.
        drop(self.serialize(&mut serializer));
        bytes.push(b'\n');
        bytes
    }
}

impl ActionDocument {
    /// An action of `flow_id`, reached through the endpoint `flow` (`login`, …).
    #[must_use]
    pub fn new(
        flow: &str,
        flow_id: FlowId,
        action: &'static str,
        description: &'static str,
        inputs: Vec<InputDocument>,
    ) -> Self {
        Self {
            href: format!("/{flow}?action={action}%40{flow_id}"),
            inputs: inputs.into_iter().map(|input| (input.name, input)).collect(),
            action,
            description,
        }
    }
}

impl InputDocument {
    pub(crate) fn new(input: &Input, value: Option<Value>, error: Option<&InputError>) -> Self {
        let allowed = input.allowed.iter().flatten();
        Self {
            name: input.name,
            kind: input.kind.as_str(),
            value,
            min_length: input.min,
            max_length: input.max,
            required: input.required,
            hidden: input.hidden,
            error: error.map(|e| ErrorDocument {
                code: e.code,
                message: e.message.clone(),
                cause: e.cause.clone(),
            }),
            allowed_values: allowed
                .map(|a| AllowedDocument { value: a.value.clone(), name: a.name.clone() })
                .collect(),
        }
    }
}

impl ErrorDocument {
    fn flow(error: FlowError, cause: Option<String>) -> Self {
        Self { code: error.code(), message: error.message().to_owned(), cause }
    }
}

struct HtmlSafe;

impl Formatter for HtmlSafe {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        const SPECIAL: [char; 5] = ['<', '>', '&', '\u{2028}', '\u{2029}'];
        let mut rest = fragment;
        while let Some(at) = rest.find(SPECIAL) {
            writer.write_all(&rest.as_bytes()[..at])?;
            let mut tail = rest[at..].chars();
            let special = tail.next().unwrap_or_default();
            write!(writer, "\\u{:04x}", u32::from(special))?;
            rest = tail.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detached_documents_have_the_specified_members_in_order() {
        let text = String::from_utf8(Document::detached(FlowError::FlowExpired, None).to_json()).unwrap();
        assert_eq!(
            text,
            "{\"name\":\"error\",\"status\":410,\"csrf_token\":\"\",\"actions\":{},\
             \"error\":{\"code\":\"flow_expired_error\",\"message\":\"The flow has expired.\"},\"links\":null}\n"
        );
    }

    #[test]
    fn html_characters_are_escaped() {
        let payload = Payload::from_iter([("x".to_owned(), Value::String("<a&b>\u{2028}ü".into()))]);
        let document = Document::attached("s", String::new(), payload, vec![], None);
        let text = String::from_utf8(document.to_json()).unwrap();
        assert!(text.contains(r"\u003ca\u0026b\u003e\u2028ü"), "{text}");
    }
}
