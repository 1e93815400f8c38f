//! HTTP only: parse, call one use case of `inkan-auth`, render. No rule about accounts lives here.
//!
//! The way of a request:
//! 1. [`serve`] accepts connections within [`Limits`] and cuts slow ones.
//! 2. [`Edge`] does what is common to all answers: request id, client address, limits, CORS, panics, the access log.
//! 3. A router ([`public`], [`admin`]) finds the handler.
//!
//! Spec 01 §2, §14, §16–18; spec 05 §5–6; spec 11 §10–12; spec 13 §9.

pub mod admin;
pub mod public;

mod body;
mod client;
mod context;
mod cors;
mod edge;
mod error;
mod limits;
mod metrics;
mod pages;
mod routes;
mod server;
mod trace;

pub use edge::{Edge, Surface};
pub use error::ApiError;
pub use limits::Limits;
pub use routes::Routes;
pub use server::serve;
pub use trace::{RequestSpan, SpanStart, Tracer};
