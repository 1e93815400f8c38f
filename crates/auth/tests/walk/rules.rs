//! What the specification says about sign-in and sign-up, written down a second time and apart from the server: the walk
//! compares the two.

use inkan_config::Config;

use crate::world::{Has, Person};

/// The settings by the letters of spec 02.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a>(pub(crate) &'a Config);

impl Rules<'_> {
    /// E: addresses identify.
    pub(crate) fn by_mail(self) -> bool {
        self.0.email.enabled && self.0.email.use_as_login_identifier
    }

    /// U: user names identify.
    pub(crate) fn by_name(self) -> bool {
        self.0.username.enabled && self.0.username.use_as_login_identifier
    }

    /// Something can be done in `login_init`.
    pub(crate) fn can_identify(self) -> bool {
        (self.by_mail() || self.by_name()) && (self.0.password.enabled || self.0.email.use_for_authentication)
    }

    /// An identified account has no way on (spec 02, 5.2.2, steps 6 to 8).
    pub(crate) fn is_discontinued(self, person: &Person) -> bool {
        let only = self.0.privacy.only_show_actual_login_methods && person.user.is_some();
        let passcode = self.0.email.use_for_authentication && person.has.address;
        let password = self.0.password.enabled && (person.has.password || !only);
        !passcode && !password
    }

    /// With the right credentials, an account of this kind can be signed in to.
    pub(crate) fn can_sign_in(self, has: Has) -> bool {
        let (email, password) = (&self.0.email, &self.0.password);
        let identified = (self.by_mail() && has.address) || (self.by_name() && has.name);
        let only = self.0.privacy.only_show_actual_login_methods;
        let by_code = email.use_for_authentication && has.address;
        let by_password = password.enabled && has.password;
        let by_recovery = password.enabled && password.recovery && has.address && (has.password || !only);
        identified && (by_code || by_password || by_recovery)
    }

    pub(crate) fn asks_for_mail(self) -> bool {
        self.0.email.enabled && self.0.email.acquire_on_registration
    }

    pub(crate) fn asks_for_name(self) -> bool {
        self.0.username.enabled && self.0.username.acquire_on_registration
    }

    /// Something can be done in `registration_init`.
    pub(crate) fn can_sign_up(self) -> bool {
        self.0.account.allow_signup && (self.asks_for_mail() || self.asks_for_name())
    }

    /// Whether these identifiers may be submitted, as far as the configuration goes.
    pub(crate) fn accepts(self, mail: bool, name: bool) -> bool {
        let (email, username) = (&self.0.email, &self.0.username);
        let mail_ok = !self.asks_for_mail() || mail || email.optional;
        let name_ok = !self.asks_for_name() || name || username.optional;
        let any = (mail && self.asks_for_mail()) || (name && self.asks_for_name());
        mail_ok && name_ok && any
    }

    /// Whether somebody who submits these identifiers can complete the registration: they are accepted, and the account can be
    /// signed in to afterwards.
    pub(crate) fn can_register(self, mail: bool, name: bool) -> bool {
        self.can_sign_up() && self.accepts(mail, name) && self.can_return(mail, name)
    }

    /// An account with these identifiers, and a password if there are any, can be signed in to.
    pub(crate) fn can_return(self, mail: bool, name: bool) -> bool {
        let mail = mail && self.asks_for_mail() && self.by_mail();
        let name = name && self.asks_for_name() && self.by_name();
        (mail && self.0.email.use_for_authentication) || (self.0.password.enabled && (mail || name))
    }

    /// Taken addresses look free until somebody proves to own them.
    pub(crate) fn hides_taken_addresses(self) -> bool {
        self.0.email.require_verification && !self.0.privacy.show_account_existence_hints
    }

    /// Known and unknown addresses must look the same at sign-in.
    pub(crate) fn hides_unknown_addresses(self) -> bool {
        !self.0.privacy.show_account_existence_hints && !self.0.privacy.only_show_actual_login_methods
    }
}
