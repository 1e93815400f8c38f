//! The start of a flow: nothing is stored (spec 00, decision 7).
//!
//! The id says when the flow was started, and the first token is a keyed digest of id, flow and tenant; so the first action
//! can tell a flow that was started here from an invented one.
//!
//! Besides these two the document of a start is always the same, so it is rendered once and then filled in.

use std::{sync::OnceLock, time::Duration};

use inkan_base::{FlowId, TenantId, Timestamp};
use inkan_crypto::{Keyring, same, token32_from};
use inkan_flow::{Document, Payload, StateName as _};

use super::{Answer, FlowKind, Progress, State};
use crate::App;

/// How long a flow lives (spec 01, section 3).
pub(super) const LIFETIME: Duration = Duration::from_hours(24);

/// A flow before its first action.
pub(super) fn progress(flow: FlowKind) -> Progress {
    Progress::start(State::Preflight, vec![first_screen(flow)])
}

/// The screen after `preflight`.
pub(super) const fn first_screen(flow: FlowKind) -> State {
    match flow {
        FlowKind::Login => State::LoginInit,
        FlowKind::Registration => State::RegistrationInit,
    }
}

/// The first token of a flow.
pub(super) fn csrf_token(keyring: &Keyring, tenant: TenantId, flow: FlowKind, id: FlowId) -> String {
    let parts = [tenant.0.as_bytes().as_slice(), flow.as_str().as_bytes(), id.0.as_bytes()];
    token32_from(&keyring.mac(PURPOSE, &parts))
}

/// Whether `token` is the first one of this flow, made with any of the secrets.
pub(super) fn is_first_token(
    keyring: &Keyring,
    tenant: TenantId,
    flow: FlowKind,
    id: FlowId,
    token: &str,
) -> bool {
    let parts = [tenant.0.as_bytes().as_slice(), flow.as_str().as_bytes(), id.0.as_bytes()];
    let fits = |mac| same(token32_from(&mac).as_bytes(), token.as_bytes());
    keyring.macs(PURPOSE, &parts).fold(false, |found, mac| fits(mac) | found)
}

/// Of the digest that a first token is made from.
const PURPOSE: &str = "flow-start";

/// When a flow with this id was started, if it was.
pub(super) fn started_at(id: FlowId) -> Option<Timestamp> {
    let (seconds, nanos) = id.0.get_timestamp()?.to_unix();
    let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))?;
    Some(Timestamp::from_micros(micros))
}

/// The documents of new flows, made when the first one starts.
#[derive(Debug, Default)]
pub(crate) struct Starts {
    login: OnceLock<Template>,
    registration: OnceLock<Template>,
}

/// A document in pieces.
#[derive(Debug)]
struct Template {
    pieces: Vec<Piece>,
    length: usize,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Token,
    Id,
}

/// Stand in for the two where the document is cut. Never sent: every place is filled in.
const ANY_ID: FlowId = FlowId(uuid::Uuid::max());
const ANY_TOKEN: &str = "{32 characters, to be filled in}";

impl App {
    /// Starts a flow, as [`App::flow`] does when no action is asked for. Needs no database, so it does not wait for anything.
    pub fn start_flow(&self, flow: FlowKind, tenant: TenantId, now: Timestamp) -> Answer {
        match flow {
            FlowKind::Login => &self.metrics.started_logins,
            FlowKind::Registration => &self.metrics.started_registrations,
        }
        .increment(1);
        answer(self, flow, tenant, now)
    }
}

/// The first document of a new flow.
pub(super) fn answer(app: &App, flow: FlowKind, tenant: TenantId, now: Timestamp) -> Answer {
    let template = match flow {
        FlowKind::Login => &app.starts.login,
        FlowKind::Registration => &app.starts.registration,
    };
    let id = FlowId::ordered(now, &app.names);
    let token = csrf_token(&app.keyring, tenant, flow, id);
    Answer::start(template.get_or_init(|| template_of(app, flow)).fill(&token, id))
}

fn template_of(app: &App, flow: FlowKind) -> Template {
    let progress = progress(flow);
    let actions = app.actions(flow, ANY_ID, &progress, None);
    let token = ANY_TOKEN.to_owned();
    let document = Document::attached(progress.state.as_str(), token, Payload::new(), actions, None);
    Template::new(&String::from_utf8_lossy(&document.to_json()))
}

impl Template {
    fn new(document: &str) -> Self {
        let id = ANY_ID.to_string();
        let mut pieces = Vec::new();
        for (number, part) in document.split(ANY_TOKEN).enumerate() {
            if number > 0 {
                pieces.push(Piece::Token);
            }
            for (number, text) in part.split(&id).enumerate() {
                if number > 0 {
                    pieces.push(Piece::Id);
                }
                pieces.push(Piece::Text(text.to_owned()));
            }
        }
        Self { pieces, length: document.len() }
    }

    fn fill(&self, token: &str, id: FlowId) -> Vec<u8> {
        let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
        let id = id.0.hyphenated().encode_lower(&mut buffer);
        let mut body = Vec::with_capacity(self.length);
        for piece in &self.pieces {
            body.extend_from_slice(match piece {
                Piece::Text(text) => text.as_bytes(),
                Piece::Token => token.as_bytes(),
                Piece::Id => id.as_bytes(),
            });
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_in() {
        let template = Template::new(&format!("a{ANY_TOKEN}b{ANY_ID}{ANY_ID}c"));
        let id = FlowId(uuid::Uuid::from_u128(7));
        let filled = template.fill("token", id);
        assert_eq!(String::from_utf8(filled).unwrap(), format!("atokenb{id}{id}c"));
    }
}
