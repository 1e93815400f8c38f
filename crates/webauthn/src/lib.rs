//! The WebAuthn relying party: options, verification of registrations and assertions, attestation, trust in authenticators. Pure:
//! bytes in, verdicts out; time and randomness are parameters, storage belongs to the caller.
//!
//! The rules are those of WebAuthn level 3, §7.1 and §7.2, as spec 05 §8 and spec 14, appendix B list them. Everything is read by
//! strict and bounded readers; signatures are verified by aws-lc-rs (docs/decisions/0013).
//!
//! 1. [`Challenge::draw`], [`RelyingParty::creation_options`] or [`RelyingParty::request_options`]; keep the challenge.
//! 2. [`verify_registration`], or [`parse_assertion`], find the credential, [`Assertion::verify`].
//! 3. Store what came back. A [`Refusal`] says whether the challenge is used up.

mod aaguid;
mod assertion;
mod attestation;
mod authenticator_data;
mod cbor;
mod ceremony;
mod certificate;
mod client_data;
mod cose;
pub mod fuzz;
mod input;
mod options;
mod party;
mod refusal;
mod registration;
mod trust;

pub use aaguid::aaguid_name;
pub use assertion::{Assertion, AssertionPolicy, Audience, StoredCredential, Verified, parse_assertion};
pub use attestation::Format;
pub use ceremony::{BackupPolicy, Ceremony, Challenge};
pub use cose::Algorithm;
pub use input::response_input;
pub use options::{
    AssertionRequest, CreationOptions, CreationRequest, CredentialKind, Descriptor, RequestOptions,
    UserEntity, effective_timeout,
};
pub use party::{OriginError, RelyingParty};
pub use refusal::{Reason, Refusal, TrustFault};
pub use registration::{NewCredential, RegistrationPolicy, verify_registration};
pub use trust::{Metadata, MetadataError, Trust, TrustError, TrustJudgement};
