//! Accounts: identifiers, credentials and what they look like to their owner. Used by flow states and, later, by other
//! dialects alike.

pub(crate) mod email;
pub(crate) mod notification;
pub(crate) mod passcode;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod username;
