//! A flow document as a client sees it, and what every one of them has to look like (spec 01, section 6).

use std::fmt::Write as _;

use inkan_auth::{Answer, FlowKind};
use serde_json::Value;

/// An answer that was found to be well formed.
#[derive(Clone, Debug)]
pub(crate) struct Doc {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// The session token, from the cookie or the header.
    pub(crate) session: Option<String>,
    /// The device is a trusted one from now on.
    pub(crate) trusted: bool,
}

impl Doc {
    /// Reads an answer.
    pub(crate) fn read(flow: FlowKind, answer: &Answer) -> Result<Self, String> {
        let body: Value =
            serde_json::from_slice(&answer.body).map_err(|error| format!("not JSON: {error}"))?;
        let doc = Self {
            status: answer.status,
            body,
            session: session(answer)?,
            trusted: cookies(answer).any(is_trust),
        };
        doc.check(flow, answer).map_err(|problem| format!("{problem}: {}", doc.body))?;
        Ok(doc)
    }

    pub(crate) fn state(&self) -> &str {
        self.body["name"].as_str().unwrap_or_default()
    }

    pub(crate) fn token(&self) -> &str {
        self.body["csrf_token"].as_str().unwrap_or_default()
    }

    pub(crate) fn error(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// A document that leaves the flow as it is.
    pub(crate) fn is_detached(&self) -> bool {
        self.token().is_empty()
    }

    /// Names of the actions on offer.
    pub(crate) fn actions(&self) -> Vec<&str> {
        self.body["actions"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
    }

    pub(crate) fn offers(&self, action: &str) -> bool {
        self.body["actions"].get(action).is_some()
    }

    /// Whether the action declares this input.
    pub(crate) fn asks(&self, action: &str, input: &str) -> bool {
        self.body["actions"][action]["inputs"].get(input).is_some()
    }

    /// The id of the flow, from the first action; none in a final state.
    pub(crate) fn flow_id(&self) -> Option<String> {
        let (_, action) = self.body["actions"].as_object()?.iter().next()?;
        Some(action["href"].as_str()?.rsplit_once("%40")?.1.to_owned())
    }

    /// State and offered actions with their inputs, without what changes from answer to answer.
    pub(crate) fn outline(&self) -> String {
        let mut text = self.state().to_owned();
        for (name, action) in self.body["actions"].as_object().into_iter().flatten() {
            let _ = write!(text, " {name}(");
            for (name, input) in action["inputs"].as_object().into_iter().flatten() {
                let _ = write!(text, "{name}:{}", input["type"].as_str().unwrap_or("?"));
                for flag in ["min_length", "max_length", "required", "hidden", "allowed_values"] {
                    let _ = input.get(flag).map(|value| write!(text, ",{flag}={value}"));
                }
                text.push(';');
            }
            text.push(')');
        }
        text
    }

    /// Everything that a stranger can learn from the answer: the outline, status, errors, members of the payload, echoes.
    pub(crate) fn shape(&self) -> String {
        let mut text = format!("{} {} {}", self.status, self.error(), self.outline());
        for (name, action) in self.body["actions"].as_object().into_iter().flatten() {
            for (input, members) in action["inputs"].as_object().into_iter().flatten() {
                let code = members["error"]["code"].as_str().unwrap_or_default();
                let echo = members.get("value").is_some_and(|value| !value.is_null());
                if echo || !code.is_empty() {
                    let _ = write!(text, " {name}.{input}={code}/{echo}");
                }
            }
        }
        let payload = self.body["payload"].as_object();
        let members: Vec<&String> = payload.into_iter().flatten().map(|(name, _)| name).collect();
        let _ = write!(text, " {members:?}");
        text
    }

    /// The document without what is new in every answer, and what is told once.
    pub(crate) fn without_token(&self) -> Value {
        let mut body = self.body.clone();
        if let Some(payload) = body["payload"].as_object_mut() {
            payload.retain(|name, _| !["recovery_codes", "recovery_codes_left"].contains(&name.as_str()));
        }
        body["csrf_token"] = Value::Null;
        body
    }

    fn check(&self, flow: FlowKind, answer: &Answer) -> Result<(), &'static str> {
        let fail = |bad: bool, problem| if bad { Err(problem) } else { Ok(()) };
        let body = &self.body;
        fail(!body["name"].is_string(), "no name")?;
        fail(body["status"] != self.status, "the status member is not the HTTP status")?;
        fail(!body["actions"].is_object(), "actions is not an object")?;
        fail(body.get("links") != Some(&Value::Null), "links is not null")?;
        fail(!body["csrf_token"].is_string(), "no csrf_token")?;
        fail(
            (self.status == 200) != body.get("error").is_none(),
            "an error without its status, or the reverse",
        )?;
        fail(
            self.status != 200 && (self.error().is_empty() || !body["error"]["message"].is_string()),
            "an error without code or message",
        )?;
        let header = |wanted: &str| answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if self.is_detached() {
            fail(self.state() != "error", "detached, but not in state error")?;
            fail(body.get("payload").is_some(), "detached with a payload")?;
            fail(!self.actions().is_empty(), "detached with actions")?;
            fail(self.status == 200, "detached without an error")?;
        } else {
            let token = self.token();
            let good = token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
            fail(!good, "the token is not 32 letters and digits")?;
            fail(!body["payload"].is_object(), "payload is not an object")?;
        }
        let success = self.state() == "success";
        fail(success != self.session.is_some(), "success without a session, or the reverse")?;
        fail(success && self.status != 200, "success together with an error")?;
        fail(success && !header("X-Session-Lifetime"), "success without its headers")?;
        fail(self.trusted && !success, "a trusted device without success")?;
        self.check_actions(flow)
    }

    fn check_actions(&self, flow: FlowKind) -> Result<(), &'static str> {
        for (name, action) in self.body["actions"].as_object().into_iter().flatten() {
            let prefix = format!("/{}?action={name}%40", flow.as_str());
            let id = action["href"].as_str().and_then(|href| href.strip_prefix(&prefix));
            if id.and_then(|id| uuid::Uuid::try_parse(id).ok()).is_none() {
                return Err("a href of another form");
            }
            if action["action"] != name.as_str() || !action["description"].is_string() {
                return Err("an action without its name or description");
            }
            let Some(inputs) = action["inputs"].as_object() else { return Err("inputs is not an object") };
            for (name, input) in inputs {
                let kind = input["type"].as_str().unwrap_or_default();
                if input["name"] != name.as_str()
                    || !["string", "email", "password", "boolean", "json"].contains(&kind)
                {
                    return Err("an input without its name or type");
                }
            }
        }
        Ok(())
    }
}

fn cookies(answer: &Answer) -> impl Iterator<Item = &str> {
    let cookies = answer.headers.iter().filter(|(name, _)| name == "Set-Cookie");
    cookies.map(|(_, value)| value.as_str())
}

fn is_trust(cookie: &str) -> bool {
    cookie.starts_with("hanko-device-token=")
}

/// The session token; at most one is given.
fn session(answer: &Answer) -> Result<Option<String>, String> {
    let headers = answer.headers.iter().filter(|(name, _)| name == "X-Auth-Token");
    let sessions = cookies(answer).filter(|cookie| !is_trust(cookie));
    let mut tokens = headers
        .map(|(_, value)| value.clone())
        .chain(sessions.filter_map(|value| value.split(['=', ';']).nth(1).map(str::to_owned)));
    let first = tokens.next();
    if tokens.next().is_some() { Err("two session tokens".into()) } else { Ok(first) }
}
