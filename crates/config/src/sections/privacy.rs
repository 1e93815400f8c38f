//! `privacy`: what strangers may learn about accounts. Spec 10 §6.2.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What strangers may learn about accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Privacy {
    /// Say at sign-in that an address is unknown and at registration that it is taken, instead of mailing the address.
    /// Gives up the protection against enumeration of accounts.
    pub show_account_existence_hints: bool,
    /// Offer only the methods that the identified account has; skips the chooser when there is just one.
    pub only_show_actual_login_methods: bool,
}
