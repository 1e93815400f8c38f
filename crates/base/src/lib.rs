//! What every layer shares and no layer owns: identifiers, time and randomness.
//!
//! Time and randomness are parameters everywhere ([`Clock`], [`Rng`]); nothing else in the workspace reads the wall clock or
//! the operating system's random source (clippy `disallowed-methods`), so tests move time and repeat randomness.

mod host;
mod ids;
mod random;
mod time;

pub use host::{host_matches, same_host};
pub use ids::{
    AuditId, EmailId, FlowId, OtpSecretId, OutboxId, PasscodeId, PasswordId, SessionId, TenantId,
    TrustedDeviceId, UserId, UsernameId,
};
pub use random::{BufferedRng, OsRng, Rng, RngExt, SeededRng};
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
