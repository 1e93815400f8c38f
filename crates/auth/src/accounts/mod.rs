//! Accounts: identifiers, credentials and what they look like to their owner. Used by flow states and, later, by other
//! dialects alike.

pub(crate) mod device;
pub(crate) mod email;
pub(crate) mod notification;
pub(crate) mod otp;
pub(crate) mod passcode;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod recovery_code;
pub(crate) mod second_factor;
pub(crate) mod username;
pub(crate) mod webauthn;

use inkan_store::{StoreError, Tx};

/// Whether accounts have the address and the user name, asked at once.
pub(crate) async fn taken(
    tx: &mut Tx<'_>,
    address: Option<&str>,
    name: Option<&str>,
) -> Result<(bool, bool), StoreError> {
    let address = match address {
        Some(address) => Some(tx.emails().ask_by_address(address).await?),
        None => None,
    };
    let name = match name {
        Some(name) => Some(tx.usernames().ask(name).await?),
        None => None,
    };
    let address = match address {
        Some(question) => tx.answer(question).await?.is_some(),
        None => false,
    };
    let name = match name {
        Some(question) => tx.answer(question).await?.is_some(),
        None => false,
    };
    Ok((address, name))
}
