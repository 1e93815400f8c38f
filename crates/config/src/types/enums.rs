//! Settings with a closed set of words. The peer leaves most of them unchecked (spec 10 §14.6); here every other
//! word is an error at start.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[schemars(inline)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// The word as it is written in the configuration.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// When a credential is asked for.
    AcquireOn {
        /// Always.
        Always = "always",
        /// Only when the other credential is not set up; if both are conditional, the user chooses.
        Conditional = "conditional",
        /// Never.
        Never = "never",
    }
}
words! {
    /// How long the session cookie stays in the browser.
    Retention {
        /// Until the browser is closed.
        Session = "session",
        /// As long as the session lives.
        Persistent = "persistent",
        /// The user decides (`remember_me`).
        Prompt = "prompt",
    }
}
words! {
    /// The `SameSite` attribute of the session cookie.
    SameSite {
        /// Never sent with cross-site requests.
        Strict = "strict",
        /// Sent with top-level navigations.
        Lax = "lax",
        /// Always sent; needs `secure`.
        None = "none",
    }
}
words! {
    /// The alphabet of passcodes.
    PasscodeCharset {
        /// Six digits.
        Numeric = "numeric",
        /// Six letters and digits without `0 1 O I l`.
        Alphanumeric = "alphanumeric",
    }
}
words! {
    /// The signature algorithm of new signing keys.
    JwtAlgorithm {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        RS256 = "RS256",
        /// ECDSA on P-256 with SHA-256.
        ES256 = "ES256",
        /// Ed25519.
        EdDSA = "EdDSA",
    }
}
words! {
    /// How many server processes share the database.
    Nodes {
        /// One.
        One = "one",
        /// Several; demands PostgreSQL, configured secrets and a shared rate-limit store.
        Many = "many",
    }
}
words! {
    /// Where the client address is taken from.
    IpExtractor {
        /// The peer of the connection.
        Direct = "direct",
        /// `X-Forwarded-For`, read from the right past the trusted proxies.
        XForwardedFor = "x_forwarded_for",
        /// `X-Real-IP`, believed from trusted proxies.
        XRealIp = "x_real_ip",
    }
}
words! {
    /// Where rate-limit windows are counted.
    RateLimitStore {
        /// In the process.
        InMemory = "in_memory",
        /// In the PostgreSQL database, shared by all nodes.
        Postgres = "postgres",
        /// In Redis, shared by all nodes.
        Redis = "redis",
    }
}
words! {
    /// Where flow locks are kept.
    LockStore {
        /// In the process.
        InMemory = "in_memory",
        /// In Redis, shared by all nodes.
        Redis = "redis",
    }
}
words! {
    /// Whether a device is remembered after a second factor.
    DeviceTrustPolicy {
        /// Silently.
        Always = "always",
        /// The user is asked.
        Prompt = "prompt",
        /// Never.
        Never = "never",
    }
}
words! {
    /// WebAuthn user verification.
    UserVerification {
        /// Demanded.
        Required = "required",
        /// Wished for.
        Preferred = "preferred",
        /// Not wished for.
        Discouraged = "discouraged",
    }
}
words! {
    /// WebAuthn attestation conveyance.
    Attestation {
        /// The authenticator's own statement.
        Direct = "direct",
        /// A statement that the browser may anonymise.
        Indirect = "indirect",
        /// None.
        None = "none",
    }
}
words! {
    /// WebAuthn authenticator attachment.
    Attachment {
        /// Built into the device.
        Platform = "platform",
        /// Roaming, such as a USB key.
        CrossPlatform = "cross-platform",
        /// Not restricted.
        NoPreference = "no_preference",
    }
}
words! {
    /// A stream of the console.
    ConsoleStream {
        /// Standard output.
        Stdout = "stdout",
        /// Standard error.
        Stderr = "stderr",
    }
}
words! {
    /// The form of log lines.
    LogFormat {
        /// One JSON object per line.
        Json = "json",
        /// For people.
        Text = "text",
    }
}
words! {
    /// Who holds the signing keys.
    KeyManagementType {
        /// The server, sealed in its database.
        Local = "local",
        /// AWS KMS.
        AwsKms = "aws_kms",
    }
}
words! {
    /// How the connection to the mail server is protected.
    SmtpTls {
        /// Port 465: `implicit`; any other port: STARTTLS if the server offers it.
        Auto = "auto",
        /// TLS from the first byte.
        Implicit = "implicit",
        /// STARTTLS or no mail.
        Starttls = "starttls",
        /// Never encrypted.
        None = "none",
    }
}
