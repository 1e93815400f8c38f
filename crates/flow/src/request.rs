//! What a client sends: the `action` parameter and the body (spec 01, sections 3 to 5).

use std::fmt;

use inkan_base::FlowId;
use serde_json::{Map, Value};
use uuid::Uuid;

/// What a request on a flow endpoint asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A new flow.
    Start,
    /// An action of an existing flow.
    Continue(Target),
}

/// `{action}@{flow id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name of the action.
    pub action: String,
    /// The flow.
    pub flow: FlowId,
}

/// The request could not be read (answered with 400, decision 5). Says why, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed request: {0}")]
pub struct Malformed(pub &'static str);

impl Request {
    /// Reads the query string. Without an `action` parameter, or with an empty one, a new flow starts. The first of several
    /// counts; one that cannot be decoded is malformed instead of starting a flow (spec 01, W22).
    ///
    /// # Errors
    /// [`Malformed`] when the parameter is not `{name}@{uuid}`.
    pub fn parse(query: &str) -> Result<Self, Malformed> {
        for part in query.split('&') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if decode(name).as_deref() != Some("action") {
                continue;
            }
            let value = decode(value).ok_or(Malformed("the action parameter cannot be decoded"))?;
            return if value.is_empty() {
                Ok(Self::Start)
            } else {
                Target::parse(&value).map(Self::Continue)
            };
        }
        Ok(Self::Start)
    }
}

impl Target {
    fn parse(text: &str) -> Result<Self, Malformed> {
        let (action, id) = text.split_once('@').ok_or(Malformed("the action parameter has no flow id"))?;
        if action.is_empty() || action.len() > 100 {
            return Err(Malformed("the action parameter has no usable action name"));
        }
        // `Uuid` reads the hyphenated, simple, braced and URN spellings in any case.
        let id = Uuid::try_parse(id).map_err(|_| Malformed("the flow id is not a UUID"))?;
        Ok(Self { action: action.to_owned(), flow: FlowId(id) })
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b';' => return None,
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

/// The body of a request that continues a flow.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// The token of the last document; empty when missing.
    pub csrf_token: String,
    /// What the action gets.
    pub input_data: Map<String, Value>,
}

/// Without values, which may be secrets.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

impl Body {
    /// Reads the body. An empty one is fine (and fails later for want of a token); so is one of a form, as in the peer.
    ///
    /// # Errors
    /// [`Malformed`] for another content type or a document of another shape.
    pub fn parse(content_type: Option<&str>, body: &[u8]) -> Result<Self, Malformed> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if ["application/x-www-form-urlencoded", "multipart/form-data"]
            .iter()
            .any(|form| media_type.eq_ignore_ascii_case(form))
        {
            return Ok(Self::default());
        }
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(Malformed("the content type is not application/json"));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Self::from_members(members),
            Ok(Value::Null) => Ok(Self::default()),
            Ok(_) => Err(Malformed("the body is not a JSON object")),
            Err(_) => Err(Malformed("the body is not JSON")),
        }
    }

    fn from_members(mut members: Map<String, Value>) -> Result<Self, Malformed> {
        let csrf_token = match members.remove("csrf_token") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(token)) => token,
            Some(_) => return Err(Malformed("csrf_token is not a string")),
        };
        let input_data = match members.remove("input_data") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(data)) => data,
            Some(_) => return Err(Malformed("input_data is not an object")),
        };
        Ok(Self { csrf_token, input_data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "b9da21e8-e3f1-40d2-baaa-c3c563fb4f37";

    fn flow(query: &str) -> Result<Request, Malformed> {
        Request::parse(query)
    }

    #[test]
    fn start() {
        for query in ["", "action=", "Action=x%40y", "a=b&c", "action"] {
            assert_eq!(flow(query), Ok(Request::Start), "{query}");
        }
    }

    #[test]
    fn every_spelling_of_the_id_is_the_same_flow() {
        let simple = ID.replace('-', "");
        for id in
            [ID.to_owned(), ID.to_uppercase(), simple.clone(), format!("{{{ID}}}"), format!("urn:uuid:{ID}")]
        {
            let Ok(Request::Continue(target)) =
                flow(&format!("x=1&action=back%40{id}&action=other@{simple}"))
            else {
                panic!("{id}")
            };
            assert_eq!((target.action.as_str(), target.flow.to_string().as_str()), ("back", ID));
        }
    }

    #[test]
    fn malformed() {
        for query in
            ["back", "@", "back@", "back@x", &format!("@{ID}"), &format!("a@b@{ID}"), "%zz", "%", "back@%ff"]
        {
            assert!(flow(&format!("action={query}")).is_err(), "{query}");
        }
        assert!(flow(&format!("action={}@{ID}", "x".repeat(101))).is_err());
    }

    #[test]
    fn bodies() {
        let json = Some("application/json; charset=utf-8");
        assert_eq!(Body::parse(None, b""), Ok(Body::default()));
        assert_eq!(Body::parse(json, b"null"), Ok(Body::default()));
        assert_eq!(
            Body::parse(json, b"{\"csrf_token\":null,\"input_data\":null,\"more\":1}"),
            Ok(Body::default())
        );
        assert_eq!(
            Body::parse(Some("application/x-www-form-urlencoded"), b"csrf_token=1"),
            Ok(Body::default())
        );
        let full = Body::parse(json, br#"{"csrf_token":"t","input_data":{"a":1}}"#).unwrap();
        assert_eq!((full.csrf_token.as_str(), full.input_data.len()), ("t", 1));
        for bad in ["[]", "1", "\"x\"", "{", "{\"csrf_token\":1}", "{\"input_data\":[]}", "NaN"] {
            assert!(Body::parse(json, bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Body::parse(Some("text/plain"), b"{}").is_err());
        assert!(Body::parse(None, b"{}").is_err());
    }
}
