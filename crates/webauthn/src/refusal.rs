//! Why a response is refused. Outside, every reason looks the same; the audit log keeps the reason.

use std::fmt;

/// A response that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// What did not hold.
    pub reason: Reason,
    /// Whether the checks came as far as the signature (of an assertion) or the attestation statement. From there on the
    /// challenge is used up, whatever the outcome (spec 00, decision 28).
    pub signature_reached: bool,
}

/// What did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The response cannot be read; the part at fault.
    #[error("the {0} cannot be read")]
    Malformed(&'static str),
    /// The ceremony has taken longer than its time-out.
    #[error("the ceremony has expired")]
    Expired,
    /// The client data are of the other kind of ceremony.
    #[error("the client data are of another kind of ceremony")]
    Type,
    /// The challenge is not ours.
    #[error("the challenge is another one")]
    Challenge,
    /// The origin is not on the list.
    #[error("the origin is not allowed")]
    Origin,
    /// The ceremony ran in a frame of another site.
    #[error("the ceremony ran in a frame of another site")]
    CrossOrigin,
    /// The authenticator answered for another relying party.
    #[error("the answer is for another relying party")]
    RpId,
    /// Nobody touched the authenticator.
    #[error("user presence is missing")]
    UserPresence,
    /// The user was not verified although that was required.
    #[error("user verification is missing")]
    UserVerification,
    /// Backed up without being eligible for it.
    #[error("the backup flags contradict each other")]
    BackupFlags,
    /// The credential changed its backup eligibility.
    #[error("the backup eligibility has changed")]
    BackupEligibility,
    /// The policy does not accept the backup flags.
    #[error("the policy does not accept the backup flags")]
    BackupPolicy,
    /// The key's algorithm is not one that was offered.
    #[error("the algorithm was not offered")]
    Algorithm,
    /// The attestation statement does not hold by the rules of its format.
    #[error("the attestation statement does not hold: {0}")]
    Attestation(&'static str),
    /// The statement holds, but the model is not trusted.
    #[error("the authenticator is not trusted: {0}")]
    Trust(TrustFault),
    /// The credential is not in the list that was asked for.
    #[error("the credential was not asked for")]
    NotAllowed,
    /// The user handle is missing or another user's.
    #[error("the user handle is missing or another user's")]
    UserHandle,
    /// There is no such credential.
    #[error("there is no such credential")]
    UnknownCredential,
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature,
    /// The signature counter did not grow: the authenticator may be a copy.
    #[error("the signature counter did not grow")]
    Counter,
}

/// Why an authenticator model is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustFault {
    /// There is no statement, or one the credential signed itself.
    #[error("no certificate vouches for it")]
    NoCertificate,
    /// The chain does not end at a trusted root, or a certificate of it is not valid now.
    #[error("its certificate does not lead to a trusted root")]
    Chain,
    /// The model is not on the list of accepted ones, or the metadata do not know it.
    #[error("the model is unknown")]
    Model,
    /// The metadata report the model as revoked or compromised.
    #[error("the model is reported as compromised")]
    Compromised,
    /// The metadata are past their next update.
    #[error("the metadata are out of date")]
    Outdated,
}

impl Reason {
    /// A stable word for audit entries and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Expired => "expired",
            Self::Type => "type",
            Self::Challenge => "challenge",
            Self::Origin => "origin",
            Self::CrossOrigin => "cross_origin",
            Self::RpId => "rp_id",
            Self::UserPresence => "user_presence",
            Self::UserVerification => "user_verification",
            Self::BackupFlags => "backup_flags",
            Self::BackupEligibility => "backup_eligibility",
            Self::BackupPolicy => "backup_policy",
            Self::Algorithm => "algorithm",
            Self::Attestation(_) => "attestation",
            Self::Trust(_) => "trust",
            Self::NotAllowed => "not_allowed",
            Self::UserHandle => "user_handle",
            Self::UnknownCredential => "unknown_credential",
            Self::Signature => "signature",
            Self::Counter => "counter",
        }
    }

    /// Refused before the signature check.
    pub(crate) const fn early(self) -> Refusal {
        Refusal { reason: self, signature_reached: false }
    }

    /// Refused by or after the signature check.
    pub(crate) const fn late(self) -> Refusal {
        Refusal { reason: self, signature_reached: true }
    }
}

/// A structure that cannot be read; the part at fault is in [`Reason::Malformed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unreadable")
    }
}
