//! Driving a flow as a client does: `href` and `csrf_token` of the last document go into the next request.

use std::{future::IntoFuture, ops::Deref, pin::Pin};

use http::Method;
use serde_json::{Value, json};

use super::{Reply, TestApp, http::CLIENT};

/// A flow document with the answer that it came in.
#[derive(Clone, Debug)]
pub(crate) struct Doc {
    pub(crate) reply: Reply,
    pub(crate) json: Value,
}

impl Deref for Doc {
    type Target = Reply;

    fn deref(&self) -> &Reply {
        &self.reply
    }
}

impl Doc {
    /// Every answer on a flow path must be one (spec 13 §3.1).
    #[track_caller]
    pub(crate) fn new(reply: Reply) -> Self {
        let json = reply.json();
        assert!(json["actions"].is_object(), "not a flow document: {json}");
        assert!(
            json["actions"].as_object().unwrap().values().all(|action| action["inputs"].is_object()),
            "{json}"
        );
        assert_eq!(json["status"], reply.status, "{json}");
        assert_eq!(reply.header("content-type"), "application/json");
        Self { reply, json }
    }

    /// Name of the state.
    pub(crate) fn name(&self) -> &str {
        self.json["name"].as_str().unwrap_or_default()
    }

    /// Code of the error; empty without one.
    pub(crate) fn error(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }

    /// The token for the next request.
    pub(crate) fn csrf(&self) -> &str {
        self.json["csrf_token"].as_str().unwrap_or_default()
    }

    /// What is offered, sorted.
    pub(crate) fn actions(&self) -> Vec<&str> {
        self.json["actions"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    /// `status state error input=error …`
    pub(crate) fn outline(&self) -> String {
        let mut parts = vec![self.reply.status.to_string(), self.name().to_owned(), self.error().to_owned()];
        for action in self.json["actions"].as_object().unwrap().values() {
            for (name, input) in action["inputs"].as_object().unwrap() {
                if let Some(code) = input["error"]["code"].as_str() {
                    parts.push(format!("{name}={code}"));
                }
            }
        }
        parts.retain(|part| !part.is_empty());
        parts.dedup(); // one action under two names
        parts.join(" ")
    }

    /// The session token, from the cookie or the header.
    pub(crate) fn token(&self) -> Option<String> {
        let header = self.reply.header("x-auth-token");
        if !header.is_empty() {
            return Some(header);
        }
        let cookie = self.reply.header("set-cookie");
        let value = cookie.split("hanko=").nth(1)?.split(';').next()?;
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn flow_id(&self) -> Option<&str> {
        let action = self.json["actions"].as_object()?.values().next()?;
        action["href"].as_str()?.rsplit_once("%40").map(|(_, id)| id)
    }
}

/// A flow under way.
pub(crate) struct Flow<'a> {
    app: &'a TestApp,
    kind: &'static str,
    ip: String,
    id: String,
    /// The last document that can be continued.
    pub(crate) doc: Doc,
}

/// A flow that starts when awaited.
pub(crate) struct Start<'a> {
    app: &'a TestApp,
    kind: &'static str,
    ip: String,
    webauthn: bool,
    browser: bool,
    preflight: bool,
}

impl TestApp {
    /// A login flow, past `preflight`.
    pub(crate) fn login(&self) -> Start<'_> {
        self.flow("login")
    }

    /// A registration flow, past `preflight`.
    pub(crate) fn registration(&self) -> Start<'_> {
        self.flow("registration")
    }

    fn flow(&self, kind: &'static str) -> Start<'_> {
        Start { app: self, kind, ip: CLIENT.to_owned(), webauthn: false, browser: false, preflight: true }
    }
}

impl<'a> Start<'a> {
    /// From another client address.
    pub(crate) fn ip(mut self, ip: &str) -> Self {
        ip.clone_into(&mut self.ip);
        self
    }

    /// In a browser with WebAuthn.
    pub(crate) fn with_webauthn(mut self) -> Self {
        self.webauthn = true;
        self
    }

    /// In a browser with all of WebAuthn: autofill, and an authenticator of its own.
    pub(crate) fn in_browser(mut self) -> Self {
        self.browser = true;
        self
    }

    /// Only started.
    pub(crate) fn without_preflight(mut self) -> Self {
        self.preflight = false;
        self
    }

    async fn start(self) -> Flow<'a> {
        let doc = Doc::new(self.app.post(&format!("/{}", self.kind)).ip(&self.ip).await);
        let id = doc.flow_id().unwrap_or_else(|| panic!("the flow did not start: {}", doc.json)).to_owned();
        let mut flow = Flow { app: self.app, kind: self.kind, ip: self.ip, id, doc };
        if self.preflight {
            let mut can = json!({ "webauthn_available": self.webauthn || self.browser });
            if self.browser {
                can["webauthn_conditional_mediation_available"] = true.into();
                can["webauthn_platform_authenticator_available"] = true.into();
            }
            flow.act("register_client_capabilities", can).await;
        }
        flow
    }
}

impl<'a> IntoFuture for Start<'a> {
    type Output = Flow<'a>;
    type IntoFuture = Pin<Box<dyn Future<Output = Flow<'a>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

impl Flow<'_> {
    /// Runs an action, offered or not, with the last token.
    pub(crate) async fn act(&mut self, action: &str, input: Value) -> Doc {
        let body = json!({ "input_data": input, "csrf_token": self.doc.csrf() });
        self.raw(action, &body).await
    }

    /// Posts any body for an action.
    pub(crate) async fn raw(&mut self, action: &str, body: &Value) -> Doc {
        let doc = self.send(action, body).await;
        if !doc.csrf().is_empty() {
            self.doc = doc.clone();
        }
        doc
    }

    /// Posts any body for an action and leaves this flow's notion of the last document alone.
    pub(crate) async fn send(&self, action: &str, body: &Value) -> Doc {
        Doc::new(self.app.call(Method::POST, &self.href(action)).ip(&self.ip).json(body).await)
    }

    /// Where an action is posted to: as offered, else as it would be.
    pub(crate) fn href(&self, action: &str) -> String {
        let offered = self.doc.json["actions"][action]["href"].as_str();
        offered.map_or_else(|| format!("/{}?action={action}%40{}", self.kind, self.id), str::to_owned)
    }

    /// The id of the flow.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}
