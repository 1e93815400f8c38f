//! What must have been proven before there is a session. The proof is a type that only the checks can make, so that no path
//! leads around them (DESIGN, section 4).

use inkan_config::Config;
use inkan_flow::FlowError;
use inkan_store::{Account, StoreError};

use super::{
    Data, FlowKind, Outcome, SecondProof, State, Step,
    login::owned,
    registration::can_return,
    schedule::{self, Enrolment, Usage},
};
use crate::accounts::{device, otp, webauthn};

/// Every factor that tenant and user demand was verified in this flow, and the account can be entered again.
pub(crate) struct AllFactors(());

/// What is in the way of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Something that is asked for in this state.
    Step(State),
    /// It cannot be had in this flow.
    Hopeless(FlowError),
}

impl Missing {
    const NOT_PERMITTED: Self = Self::Hopeless(FlowError::OperationNotPermitted);

    /// What happens instead of success.
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Step(state) => Outcome::go_for_good([state]),
            Self::Hopeless(error) => Outcome::Fail(error),
        }
    }
}

/// A sign-in: what the flow has proven still holds for the account as it is now, nothing that is demanded is missing.
pub(crate) async fn signed_in(
    step: &mut Step<'_, '_>,
    account: &Account,
) -> Result<Result<AllFactors, Missing>, StoreError> {
    let data = &step.progress.data;
    if data.login_method.is_none() || data.recovery_pending || !first_factor_holds(data, account) {
        return Ok(Err(Missing::NOT_PERMITTED));
    }
    step.data().owned = owned(account);
    match second_factor(step, account).await? {
        Some(missing) => Ok(Err(missing)),
        None => Ok(demanded(step.config(), FlowKind::Login, &step.progress.data)),
    }
}

/// A registration, looked at before the account is created: signing up is allowed (still, when it was switched off meanwhile),
/// the address is proven where that is required, the account will have what is demanded, and a way in.
pub(crate) fn registered(config: &Config, data: &Data) -> Result<AllFactors, Missing> {
    let verified = data.email_verified || !config.email.require_verification || data.address.is_none();
    if !config.account.allow_signup || !verified {
        return Err(Missing::NOT_PERMITTED);
    }
    if !can_return(config, data, data.owned) {
        return Err(match schedule::passkeys(config, data) {
            true => Missing::Step(State::OnboardingCreatePasskey),
            false => Missing::NOT_PERMITTED,
        });
    }
    demanded(config, FlowKind::Registration, data)
}

/// The credentials and the second factor that the account must have.
fn demanded(config: &Config, flow: FlowKind, data: &Data) -> Result<AllFactors, Missing> {
    if flow == FlowKind::Registration && schedule::passkey_impossible(config, data) {
        return Err(Missing::Hopeless(FlowError::PlatformAuthenticatorRequired));
    }
    if let Some(state) = schedule::missing_credential(config, flow, data) {
        return Err(Missing::Step(state));
    }
    match schedule::enrolment(config, flow, data) {
        Enrolment::Due if !config.mfa.optional => Err(Missing::Step(State::MfaMethodChooser)),
        Enrolment::Impossible => Err(Missing::Hopeless(FlowError::PlatformAuthenticatorRequired)),
        _ => Ok(AllFactors(())),
    }
}

/// The first factor was proven for this account, and nothing it rests on has changed since (spec 00, decision 8).
pub(crate) fn first_factor_holds(data: &Data, account: &Account) -> bool {
    let Some(proof) = &data.proof else { return false };
    // Compared for equality: clocks of two nodes differ, and a clock can be set back.
    let password_set_at = account.password.as_ref().map(|password| password.updated_at);
    let address_owned = proof
        .address
        .as_ref()
        .is_none_or(|address| account.emails.iter().any(|email| &email.address == address));
    data.user == Some(account.user.id) && password_set_at == proof.password_set_at && address_owned
}

/// Whether a second factor has to be proven before anything else, by the account as it is now (spec 02, L4); and the passkey
/// that was the first factor must still be there.
pub(crate) async fn second_factor(
    step: &mut Step<'_, '_>,
    account: &Account,
) -> Result<Option<Missing>, StoreError> {
    if let Some(credential) = step.progress.data.proof.as_ref().and_then(|proof| proof.credential.clone())
        && !webauthn::belongs_to(step, account, &credential).await?
    {
        return Ok(Some(Missing::NOT_PERMITTED));
    }
    let data = super::Data { owned: owned(account), ..step.progress.data.clone() };
    let missing = match schedule::mfa_usage(step.config(), &data) {
        Usage::None => return Ok(None),
        Usage::Ask(state) => Missing::Step(state),
        Usage::Impossible => Missing::Hopeless(FlowError::PlatformAuthenticatorRequired),
    };
    let holds = match &data.second_factor {
        None => false,
        Some(SecondProof::Totp(id)) => otp::is_current(step, account.user.id, *id).await?,
        Some(SecondProof::SecurityKey(credential)) => webauthn::belongs_to(step, account, credential).await?,
        Some(SecondProof::TrustedDevice(id)) => device::is_trusted(step, *id).await?,
        Some(SecondProof::RecoveryCode | SecondProof::Settled) => true,
    };
    Ok((!holds).then_some(missing))
}

impl Step<'_, '_> {
    /// The locked account, if all factors that it demands were proven for it and still hold. Else what to do instead: end, or
    /// ask for the second factor that was set up meanwhile and come back.
    pub(crate) async fn proven_account(&mut self) -> Result<Result<Account, Outcome>, StoreError> {
        let Some(account) = self.first_proven_account().await? else {
            return Ok(Err(Outcome::Fail(FlowError::OperationNotPermitted)));
        };
        Ok(match second_factor(self, &account).await? {
            None => Ok(account),
            Some(Missing::Hopeless(error)) => Err(Outcome::Fail(error)),
            Some(Missing::Step(state)) => {
                self.data().owned = owned(&account);
                Err(Outcome::go_for_good([state, self.progress.state]))
            }
        })
    }

    /// As [`Step::proven_account`], for adding a second factor. One that was set up meanwhile is asked for, and then there is
    /// nothing left to be set up: the flow does not come back.
    pub(crate) async fn account_to_secure(&mut self) -> Result<Result<Account, Outcome>, StoreError> {
        Ok(match self.proven_account().await? {
            Err(Outcome::Go { next, .. }) => Err(Outcome::go_for_good(&next[..1])),
            other => other,
        })
    }

    /// The locked account, if the first factor was proven for it and still holds.
    pub(crate) async fn first_proven_account(&mut self) -> Result<Option<Account>, StoreError> {
        let account = self.locked_account().await?;
        Ok(account.filter(|account| first_factor_holds(&self.progress.data, account)))
    }
}
