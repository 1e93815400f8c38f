//! What must have been proven before there is a session. The proof is a type that only the checks can make, so that no path
//! leads around them (DESIGN, section 4).

use inkan_config::Config;
use inkan_store::Account;

use super::{Data, registration::can_return};

/// Every factor that tenant and user demand was verified in this flow, and the account can be entered again.
pub(crate) struct AllFactors(());

/// A sign-in: what the flow has proven still holds for the account as it is now.
pub(crate) fn signed_in(data: &Data, account: &Account) -> Option<AllFactors> {
    let complete = data.login_method.is_some() && !data.recovery_pending;
    (complete && still_proven(data, account)).then_some(AllFactors(()))
}

/// A registration, looked at before the account is created: signing up is allowed (still, when it was switched off meanwhile),
/// the address is proven where that is required, and the account will have a way in.
pub(crate) fn registered(config: &Config, data: &Data) -> Option<AllFactors> {
    let verified = data.email_verified || !config.email.require_verification || data.address.is_none();
    let enterable = can_return(config, data, data.password_hash.is_some());
    (config.account.allow_signup && verified && enterable).then_some(AllFactors(()))
}

/// The first factor was proven for this account, and nothing it rests on has changed since (spec 00, decision 8).
pub(crate) fn still_proven(data: &Data, account: &Account) -> bool {
    let Some(proof) = &data.proof else { return false };
    // Compared for equality: clocks of two nodes differ, and a clock can be set back.
    let password_set_at = account.password.as_ref().map(|password| password.updated_at);
    let address_owned = proof
        .address
        .as_ref()
        .is_none_or(|address| account.emails.iter().any(|email| &email.address == address));
    data.user == Some(account.user.id) && password_set_at == proof.password_set_at && address_owned
}
