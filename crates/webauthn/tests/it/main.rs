//! Every check of WebAuthn's relying party, each broken once. The names are those of the checks: `b1_rNN` for registrations,
//! `b2_aNN` for assertions (spec 14, appendix B).

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod algorithms;
mod assertion;
mod attestation;
mod fuzz;
mod options;
mod registration;
mod support;
mod trust;
mod vectors;
