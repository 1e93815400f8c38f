//! Sessions (spec 05): a signed token for the client and a row on the server. A token without its row is worth nothing.

mod claims;
mod cookie;
mod issue;
mod validate;

pub(crate) use cookie::{removal as removal_cookie, session as session_cookie};
pub(crate) use issue::{Issued, Request, Token, issue, presented};
pub(crate) use validate::SessionCache;
pub use validate::{ValidSession, Validation};
