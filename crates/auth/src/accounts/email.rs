//! Addresses.

use inkan_base::EmailId;
use inkan_flow::InputError;
use inkan_store::{Account, Email};

use crate::{
    events::Event,
    flows::{Failure, Step},
};

/// How an address was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Not at all: no verification is required.
    None,
    /// With a code that was sent to it.
    Passcode,
}

/// Whether mail can be sent to the address at all.
pub(crate) fn check(address: &str) -> Result<(), InputError> {
    if inkan_mail::is_deliverable(address) { Ok(()) } else { Err(InputError::invalid()) }
}

/// Gives an account an address; the first one is its primary one.
pub(crate) async fn add(
    step: &mut Step<'_, '_>,
    account: &Account,
    address: &str,
    proof: Proof,
) -> Result<(), Failure> {
    let user = account.user.id;
    let verified = proof == Proof::Passcode;
    let now = step.cx.now;
    let id = EmailId::random(step.app.rng.as_ref());
    let email = Email {
        id,
        user_id: user,
        address: address.to_owned(),
        verified,
        primary: account.primary_email().is_none(),
        created_at: now,
        updated_at: now,
    };
    step.tx.emails().create(&email).await?;
    step.tx.users().touch(user, now).await?;
    step.account_changed();
    step.record(Event::EmailCreated { user, address }).await?;
    if verified {
        step.record(Event::EmailVerified { user, address }).await?;
    }
    step.data().address.get_or_insert_with(|| address.to_owned());
    Ok(())
}
