//! The start of a flow: nothing is stored (spec 00, decision 7).
//!
//! The id says when the flow was started, and the first token is a keyed digest of id, flow and tenant; so the first action
//! can tell a flow that was started here from an invented one.

use std::time::Duration;

use inkan_base::{FlowId, TenantId, Timestamp};
use inkan_crypto::{Keyring, same, token32_from};

use super::{FlowKind, Progress, State};

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
    let parts: [&[u8]; 3] = [tenant.0.as_bytes(), flow.as_str().as_bytes(), id.0.as_bytes()];
    token32_from(&keyring.mac("flow-start", &parts))
}

/// When a flow was started, if `token` shows that it was started here.
pub(super) fn started_at(
    keyring: &Keyring,
    tenant: TenantId,
    flow: FlowKind,
    id: FlowId,
    token: &str,
) -> Option<Timestamp> {
    let expected = csrf_token(keyring, tenant, flow, id);
    let (seconds, nanos) = id.0.get_timestamp()?.to_unix();
    let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))?;
    same(expected.as_bytes(), token.as_bytes()).then(|| Timestamp::from_micros(micros))
}
