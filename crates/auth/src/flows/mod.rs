//! The flows: `/login` (spec 02) and `/registration` (spec 03) on the engine of `inkan-flow` (spec 01).
//!
//! - `login` and `registration` are the tables: which states a flow has and which follow which;
//! - `states/` has one file per state: payload, actions, inputs, outcomes;
//! - `run` starts and continues flows: reads the request, checks it, runs one action in one transaction, renders the answer.

mod announced;
mod answer;
mod beginnings;
mod draw;
pub(crate) mod factors;
mod locks;
pub(crate) mod login;
mod recent;
pub(crate) mod registration;
mod run;
pub(crate) mod schedule;
mod screen;
mod start;
mod state;
mod states;
mod step;
mod stored;
mod success;

pub use answer::{Answer, FlowRequest, Outline};
pub(crate) use beginnings::Beginnings;
pub use draw::{actions, graph};
pub(crate) use locks::FlowLocks;
pub(crate) use recent::RecentFlows;
pub(crate) use screen::{
    Action, BACK, Failure, Outcome, Prepared, Screen, View, always, enter, limited, no_inputs, run as run_fn,
};
pub(crate) use start::Starts;
pub use state::{
    Capabilities, Ceremony, Data, FlowKind, LoginMethod, MfaMethod, NewCredentials, NewWebAuthn, Owned,
    Progress, Proof, Purpose, SecondProof, SentPasscode, State,
};
pub(crate) use step::{Preparation, Step};

/// The screens of a flow.
pub(crate) const fn screens(flow: FlowKind) -> &'static [&'static Screen] {
    match flow {
        FlowKind::Login => login::SCREENS,
        FlowKind::Registration => registration::SCREENS,
    }
}
