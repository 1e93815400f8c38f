//! One flow on one connection, driven like a client does it: by the documents.

use serde_json::{Value, json};

use crate::{
    Failure,
    http::{Connection, request},
};

/// A flow under way.
pub(crate) struct Flow<'a> {
    connection: &'a mut Connection,
    document: Value,
    /// The session token, once there is one.
    pub(crate) token: Option<String>,
}

impl<'a> Flow<'a> {
    /// Starts a flow and tells that the client has no WebAuthn.
    pub(crate) async fn start(connection: &'a mut Connection, name: &str) -> Result<Self, Failure> {
        Self::start_as(connection, name, &json!({ "webauthn_available": false })).await
    }

    /// Starts a flow and tells what the client can do.
    pub(crate) async fn start_as(
        connection: &'a mut Connection,
        name: &str,
        capabilities: &Value,
    ) -> Result<Self, Failure> {
        let document = {
            let reply = connection.send(&request("POST", &format!("/{name}"), "", "")).await?;
            serde_json::from_slice(reply.body)?
        };
        let mut flow = Self { connection, document, token: None };
        flow.act("register_client_capabilities", capabilities).await?;
        Ok(flow)
    }

    /// What came with the state.
    pub(crate) fn payload(&self) -> &Value {
        &self.document["payload"]
    }

    /// The current state.
    pub(crate) fn state(&self) -> &str {
        self.document["name"].as_str().unwrap_or_default()
    }

    /// Whether the action is on offer.
    pub(crate) fn offers(&self, action: &str) -> bool {
        self.document["actions"].get(action).is_some()
    }

    /// Executes an action; anything but status 200 is a failure. After a refusal the flow can go on.
    pub(crate) async fn act(&mut self, action: &str, input: &Value) -> Result<(), Failure> {
        let href = self.document["actions"][action]["href"].as_str();
        let href = href.ok_or_else(|| format!("{} does not offer {action}", self.state()))?;
        let body = json!({ "input_data": input, "csrf_token": self.document["csrf_token"] }).to_string();
        let reply = self.connection.send_patiently(&request("POST", href, "", &body)).await?;
        let status = reply.status;
        self.token = reply.token().or(self.token.take());
        let document: Value = serde_json::from_slice(reply.body)?;
        let error = format!("{action} was answered with {status} {}", document["error"]["code"]);
        if status == 200 || document["actions"].get(action).is_some() {
            self.document = document;
        }
        if status == 200 { Ok(()) } else { Err(error.into()) }
    }

    /// Skips what can be skipped until the end.
    pub(crate) async fn finish(&mut self) -> Result<(), Failure> {
        while self.state() != "success" {
            self.act("skip", &json!({})).await?;
        }
        Ok(())
    }
}
