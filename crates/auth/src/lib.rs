//! The domain: accounts, credentials, sessions and the flows through which people reach them.
//!
//! A request comes in as a [`Context`] and one call on [`App`]; everything it changes is one transaction of the store. Nothing
//! here knows HTTP beyond header values that the protocol prescribes.

mod accounts;
mod app;
mod context;
mod events;
pub mod flows;
pub mod limits;
pub mod metrics;
mod outbox;
mod sessions;

pub use app::{App, Parts, StartError};
pub use context::Context;
pub use flows::{Answer, FlowKind, FlowRequest, Outline, actions, graph};
pub use metrics::Metrics;
pub use outbox::OutboxWorker;
pub use sessions::{ValidSession, Validation};
