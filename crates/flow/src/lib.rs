//! The flow engine: states, actions, inputs, history and the wire format of the Flow API (spec 01).
//!
//! Pure: no I/O, no clock, no accounts. A flow is a [`Progress`] that actions move on; what the client sees
//! is a [`Document`] rendered from declarations ([`Input`], [`Graph`]); what it sends is a [`Request`].

mod document;
mod error;
mod graph;
mod input;
mod progress;
mod request;

pub use document::{ActionDocument, Document, ErrorDocument, InputDocument, Payload};
pub use error::{FlowError, InputError};
pub use graph::{Edge, Graph};
pub use input::{Allowed, Input, InputErrors, Inputs, is_email};
pub use progress::{FlowData, Progress, Rejection, StateName};
pub use request::{Body, Malformed, Request, Target};
