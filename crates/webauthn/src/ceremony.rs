//! A ceremony: what was asked, and the checks that registration and sign-in have in common (WebAuthn §7.1 and §7.2).

use inkan_base::{Rng, RngExt, Timestamp};
use inkan_config::UserVerification;

use crate::{
    authenticator_data::AuthenticatorData, client_data::ClientData, input::BASE64URL, party::RelyingParty,
    refusal::Reason,
};
use base64::Engine;

/// The random value that ties a response to its options: kept by the server, answered once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// A new one.
    #[must_use]
    pub fn draw(rng: &dyn Rng) -> Self {
        Self(rng.bytes())
    }

    /// A stored one.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As it is stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As it stands in options and client data: base64url, 43 characters.
    #[must_use]
    pub fn to_text(&self) -> String {
        BASE64URL.encode(self.0)
    }
}

/// What was asked of the client, and when it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Ceremony<'a> {
    /// Who asked.
    pub party: &'a RelyingParty,
    /// The challenge of the options.
    pub challenge: &'a Challenge,
    /// The user verification of the options.
    pub user_verification: UserVerification,
    /// When the options stop being valid.
    pub expires_at: Timestamp,
    /// The time of the request that carries the response.
    pub now: Timestamp,
}

/// Which kind of ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Get,
}

/// Which credentials a policy accepts by their backup flags (WebAuthn §6.1.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackupPolicy {
    /// All.
    #[default]
    Any,
    /// Only those that never leave their authenticator.
    DeviceBound,
    /// Only those that survive the loss of their authenticator.
    BackedUp,
}

impl Ceremony<'_> {
    /// The checks of the client data: R5 to R11, A8 to A14, and our own time limit.
    pub(crate) fn check_client(&self, kind: Kind, client_data: &[u8]) -> Result<(), Reason> {
        if self.now >= self.expires_at {
            return Err(Reason::Expired);
        }
        ClientData::read(client_data)?.check(kind, self.challenge, self.party)
    }

    /// The checks of the authenticator data: R14 to R19, A15 to A18 and A20.
    pub(crate) fn check_authenticator(
        &self,
        data: &AuthenticatorData<'_>,
        presence: bool,
        backup: BackupPolicy,
    ) -> Result<(), Reason> {
        if data.rp_id_hash != self.party.id_hash() {
            return Err(Reason::RpId);
        }
        if presence && !data.user_present() {
            return Err(Reason::UserPresence);
        }
        if self.user_verification == UserVerification::Required && !data.user_verified() {
            return Err(Reason::UserVerification);
        }
        if data.backed_up() && !data.backup_eligible() {
            return Err(Reason::BackupFlags);
        }
        let accepted = match backup {
            BackupPolicy::Any => true,
            BackupPolicy::DeviceBound => !data.backup_eligible(),
            BackupPolicy::BackedUp => data.backed_up(),
        };
        if accepted { Ok(()) } else { Err(Reason::BackupPolicy) }
    }
}
