//! Every check of WebAuthn's relying party, each broken once. The names are those of the checks: `b1_rNN` for registrations,
//! `b2_aNN` for assertions (spec 14, appendix B).

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod algorithms;
mod options;
mod s053_attestation;
mod s053_registration;
mod s054_assertion;
mod s057_trust;
mod s058_fuzz;
mod s059_counter;
mod s060_origins;
mod s061_verification;
mod s127_conditional;
mod support;
mod vectors;
