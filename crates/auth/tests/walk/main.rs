//! The walk: every state that `/login` and `/registration` can reach, under a matrix of configurations and for all kinds of
//! accounts, with everything that can be submitted there (DESIGN, section 3). Beside it: random sequences, arbitrary
//! requests, and single attacks on the flows. Everything drives [`inkan_auth::App::flow`] without HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]

mod again;
mod arbitrary;
mod attacks;
mod beyond;
mod candidates;
mod matrix;
mod person;
mod proofs;
mod random;
mod rules;
mod run;
mod steps;
mod success;
mod walk;
mod walker;
mod wire;
mod world;
