//! What a client sends: `{id, rawId?, type, response: {…}, transports?}`, as a JSON object or as a string with such an object.
//! Spec 05 §8.6 and §8.7; spec 01, D4.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Map, Value};

use crate::refusal::Reason;

/// Unpadded when written; padding is tolerated when read (spec 03 §12.3).
pub(crate) const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// More than any authenticator sends, in characters of base64url or of the JSON string.
const MAX_TEXT: usize = 128 * 1024;

/// The input of an action that holds the response: `public_key`, or `public-key` as some clients write it (spec 01, D4).
#[must_use]
pub fn response_input(inputs: &Map<String, Value>) -> Option<&Value> {
    inputs.get("public_key").or_else(|| inputs.get("public-key"))
}

/// A response with the parts that both kinds of ceremony have in common.
#[derive(Debug)]
pub(crate) struct Input {
    outer: Map<String, Value>,
    response: Map<String, Value>,
    pub(crate) id: Vec<u8>,
}

impl Input {
    /// Reads what was sent and checks `type`, `id` and `rawId`.
    pub(crate) fn read(sent: &Value) -> Result<Self, Reason> {
        let text = match sent {
            Value::String(text) if text.len() <= MAX_TEXT => {
                Some(serde_json::from_str::<Value>(text).map_err(|_| Reason::Malformed("response"))?)
            }
            Value::String(_) => return Err(Reason::Malformed("response")),
            _ => None,
        };
        let Some(Value::Object(mut outer)) = text.or_else(|| sent.is_object().then(|| sent.clone())) else {
            return Err(Reason::Malformed("response"));
        };
        if outer.get("type").and_then(Value::as_str) != Some("public-key") {
            return Err(Reason::Malformed("type"));
        }
        let Some(Value::Object(response)) = outer.remove("response") else {
            return Err(Reason::Malformed("response"));
        };
        let id = bytes(&outer, "id").ok_or(Reason::Malformed("id"))?;
        let same = match outer.get("rawId") {
            None | Some(Value::Null) => true,
            Some(_) => bytes(&outer, "rawId").as_ref() == Some(&id),
        };
        if id.is_empty() || !same {
            return Err(Reason::Malformed("id"));
        }
        Ok(Self { outer, response, id })
    }

    /// A member of `response`, decoded.
    pub(crate) fn bytes(&self, name: &'static str) -> Result<Vec<u8>, Reason> {
        bytes(&self.response, name).ok_or(Reason::Malformed(name))
    }

    /// A member of `response` that may be missing, `null` or empty.
    pub(crate) fn optional_bytes(&self, name: &'static str) -> Result<Option<Vec<u8>>, Reason> {
        match self.response.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.bytes(name).map(|bytes| (!bytes.is_empty()).then_some(bytes)),
        }
    }

    /// `response.transports`, or the older place beside it. What is not a short word is left out, as is whatever comes after
    /// the eighth.
    pub(crate) fn transports(&self) -> Vec<String> {
        let sent = self.response.get("transports").or_else(|| self.outer.get("transports"));
        let mut transports: Vec<String> = Vec::new();
        for word in sent.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            let short = (1..=32).contains(&word.len());
            let plain =
                word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if short && plain && transports.len() < 8 && transports.iter().all(|known| known != word) {
                transports.push(word.to_owned());
            }
        }
        transports
    }
}

fn bytes(object: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    let text = object.get(name)?.as_str().filter(|text| text.len() <= MAX_TEXT)?;
    BASE64URL.decode(text).ok()
}
