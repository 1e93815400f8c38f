//! Identifiers: one type per kind, so that a user's id is never passed where a session's is expected.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Rng, Timestamp};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident: $kind:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }

        ids!(@new $kind $name);
    )*};
    (@new random $name:ident) => {
        impl $name {
            /// A new random identifier (UUID version 4).
            #[must_use]
            pub fn random(rng: &dyn Rng) -> Self {
                let mut bytes = [0; 16];
                rng.fill(&mut bytes);
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }
        }
    };
    (@new ordered $name:ident) => {
        impl $name {
            /// A new time-ordered identifier (UUID version 7), for rows that are never shown to clients and for flows.
            #[must_use]
            pub fn ordered(now: Timestamp, rng: &dyn Rng) -> Self {
                let mut bytes = [0; 10];
                rng.fill(&mut bytes);
                let millis = u64::try_from(now.micros() / 1000).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
            }
        }
    };
}

ids! {
    /// A tenant. Without multi-tenancy there is exactly one: [`TenantId::DEFAULT`].
    TenantId: random;
    /// A user account; the `sub` claim of session tokens.
    UserId: random;
    /// An e-mail address of a user.
    EmailId: random;
    /// A user name.
    UsernameId: random;
    /// A password credential.
    PasswordId: random;
    /// The secret of a user's one-time password app.
    OtpSecretId: random;
    /// A device on which a user is not asked for a second factor.
    TrustedDeviceId: random;
    /// A session; the `session_id` claim of session tokens.
    SessionId: random;
    /// A one-time code that was sent by mail.
    PasscodeId: random;
    /// An audit record.
    AuditId: random;
    /// A flow (spec 00, decision 7: time-ordered).
    FlowId: ordered;
    /// A row of the outbox.
    OutboxId: ordered;
}

impl TenantId {
    /// The tenant that everything belongs to without multi-tenancy (spec 01, section 2).
    pub const DEFAULT: Self = Self(Uuid::from_u128(1));
}
