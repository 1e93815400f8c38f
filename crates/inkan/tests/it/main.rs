//! The product over HTTP: the production wiring, on both databases. Tests replace the clock, the randomness, the cost of
//! password hashing and the mail server, nothing else. The modules mirror URLs and flow states.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what cannot be set up, sent or read has failed the test"
)]

#[macro_use]
mod support;

mod account;
mod admin;
mod attestation;
mod back;
mod cli;
mod clients;
mod cors;
mod docs;
mod engine;
mod faults;
mod limits;
mod login;
mod metrics;
mod mfa;
mod nodes;
mod passkey;
mod protocol;
mod registration;
mod round_trips;
mod security;
mod session;
mod sessions;
mod shutdown;
mod start;
mod tables;
