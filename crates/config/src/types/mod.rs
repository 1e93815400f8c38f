//! The types that settings are made of: secrets, durations, closed sets of words, redirect patterns, addresses.
//!
//! Each type knows how it is written in the file; its JSON Schema carries `x-kind` where the loader must treat it
//! differently from a plain scalar.

mod connection_url;
mod duration;
mod enums;
mod glob;
mod key_hash;
mod secret;

pub use connection_url::{ConnectionUrl, DatabaseTarget};
pub use duration::{DurationError, format_duration, parse_duration};
pub(crate) use duration::{
    DurationText, MillisNumber, NetworkText, SecondsNumber, as_duration, as_millis, as_seconds,
};
pub use enums::{
    AcquireOn, Attachment, Attestation, ConsoleStream, DeviceTrustPolicy, IpExtractor, JwtAlgorithm,
    KeyManagementType, LockStore, LogFormat, Nodes, PasscodeCharset, RateLimitStore, Retention, SameSite,
    SmtpTls, UserVerification,
};
pub use glob::{Glob, GlobError};
pub use key_hash::ApiKeyHash;
pub use secret::Secret;
