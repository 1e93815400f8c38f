//! One module per aggregate: its domain struct, and what can be done with it inside a transaction.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod emails;
pub(crate) mod flows;
pub(crate) mod meta;
pub(crate) mod otp_secrets;
pub(crate) mod outbox;
pub(crate) mod passcodes;
pub(crate) mod passwords;
pub(crate) mod recovery_codes;
pub(crate) mod second_factor_attempts;
pub(crate) mod sessions;
pub(crate) mod signing_keys;
pub(crate) mod trusted_devices;
pub(crate) mod usernames;
pub(crate) mod users;
pub(crate) mod webauthn_challenges;
pub(crate) mod webauthn_credentials;

/// Defines the borrowing handle of an aggregate.
macro_rules! handle {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<'t, 'a>(pub(crate) &'t mut $crate::Tx<'a>);
    };
}
pub(crate) use handle;

/// Bound of short texts that clients send (spec 11, section 1.1: longer ones are cut, not refused).
const SHORT_TEXT: usize = 255;

/// At most 255 characters of `text`.
fn cut(text: &str) -> &str {
    text.char_indices().nth(SHORT_TEXT).map_or(text, |(end, _)| &text[..end])
}
