//! What the specification says about sign-in and sign-up, written down a second time and apart from the server: the walk
//! compares the two.

use inkan_auth::FlowKind;
use inkan_config::{AcquireOn, Attachment, Config, DeviceTrustPolicy};

use crate::{
    person::{Has, Person},
    run::{Facts, Run},
    world::ALL,
};

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

    /// K and W: passkeys are on and the client can handle them.
    pub(crate) fn passkeys(self, facts: &Facts) -> bool {
        self.0.passkey.enabled && facts.contains("webauthn")
    }

    pub(crate) fn totp(self) -> bool {
        self.0.mfa.enabled && self.0.mfa.totp.enabled
    }

    pub(crate) fn keys(self) -> bool {
        self.0.mfa.enabled && self.0.mfa.security_keys.enabled
    }

    /// Security keys can be used with this client.
    fn keys_here(self, facts: &Facts) -> bool {
        let platform = self.0.mfa.security_keys.authenticator_attachment == Attachment::Platform;
        self.keys() && facts.contains("webauthn") && (!platform || facts.contains("platform"))
    }

    /// Has a second factor that is switched on.
    pub(crate) fn has_second_factor(self, has: Has) -> bool {
        (self.totp() && has.totp) || (self.keys() && has.security_key)
    }

    /// A second factor must be used at sign-in (spec 02, 6.3).
    pub(crate) fn asks_second_factor(self, has: Has, facts: &Facts) -> bool {
        let trusted = has.trusted && self.0.mfa.device_trust_policy != DeviceTrustPolicy::Never;
        self.has_second_factor(has) && !facts.contains("passkey proven") && !trusted
    }

    /// And this client cannot do what the account has.
    fn cannot_use_second_factor(self, has: Has, facts: &Facts) -> bool {
        self.asks_second_factor(has, facts) && !(self.totp() && has.totp) && !self.keys_here(facts)
    }

    /// A second factor must be there in the end (spec 02, 6.2; spec 03, 11.1 and section 20, item 10). `had`: what the account
    /// had before the flow, `has`: what it has now.
    pub(crate) fn demands_second_factor(self, flow: FlowKind, had: Has, has: Has) -> bool {
        let (mfa, email) = (&self.0.mfa, &self.0.email);
        let acquire = match flow {
            FlowKind::Login => mfa.acquire_on_login || had.totp || had.security_key,
            FlowKind::Registration => mfa.acquire_on_registration,
        };
        let by_code = email.enabled && email.use_for_authentication && has.address;
        let of_use = (self.0.password.enabled && has.password) || by_code;
        (self.totp() || self.keys()) && acquire && of_use && !mfa.optional
    }

    /// A passkey or password that must be there in the end is not (spec 02, 6.6 and 6.8; spec 03, section 20, items 1, 3, 4).
    pub(crate) fn lacks(self, flow: FlowKind, has: Has, facts: &Facts) -> Option<&'static str> {
        use AcquireOn::{Always, Conditional, Never};
        let (passkey, password) = (&self.0.passkey, &self.0.password);
        let (k, p) = match flow {
            FlowKind::Login if facts.contains("recovering") => (passkey.acquire_on_login, Never),
            FlowKind::Login => (passkey.acquire_on_login, password.acquire_on_login),
            FlowKind::Registration => (passkey.acquire_on_registration, password.acquire_on_registration),
        };
        // A new account does not get around a passkey with a client that cannot make one.
        let passkeys = passkey.enabled && (flow == FlowKind::Registration || self.passkeys(facts));
        let with_passkey = has.passkey && passkey.enabled;
        let with_password = has.password && password.enabled;
        let either = passkeys && password.enabled && k == Conditional && p == Conditional;
        let waived = either && (passkey.optional || password.optional);
        if passkeys && !passkey.optional && !with_passkey {
            let instead = with_password || waived;
            if k == Always || (k == Conditional && !instead) {
                return Some("passkey");
            }
        }
        if password.enabled && !password.optional && !with_password {
            let instead = with_passkey || waived;
            if p == Always || (p == Conditional && !instead) {
                return Some("password");
            }
        }
        None
    }

    /// A client without WebAuthn cannot register at all.
    fn cannot_make_passkey(self, facts: &Facts) -> bool {
        let (passkey, password) = (&self.0.passkey, &self.0.password);
        let instead = password.enabled && password.acquire_on_registration != AcquireOn::Never;
        let needed = match passkey.acquire_on_registration {
            AcquireOn::Always => true,
            AcquireOn::Conditional => !instead,
            AcquireOn::Never => false,
        };
        passkey.enabled && !passkey.optional && needed && !facts.contains("webauthn")
    }

    /// The errors in which a right input may end.
    pub(crate) fn dead_ends(self, run: &Run<'_>, action: &str, label: &str) -> Vec<&'static str> {
        let (flow, facts) = (run.situation.flow, &run.facts);
        let mut errors = Vec::new();
        let discontinued = match action {
            "continue_with_login_identifier" => self.is_discontinued(&run.person),
            "register_login_identifier" => {
                !self.can_return(label != "name", label != "mail") && !self.passkeys(facts)
            }
            _ => false,
        };
        if discontinued {
            errors.push("flow_discontinuity_error");
        }
        let had = had(run);
        let mut has = has_now(run);
        has.address |= action == "verify_passcode" && run.knows(&["adding free"]);
        has.password |= ["register_password", "password_recovery"].contains(&action);
        let enrol = self.demands_second_factor(flow, had, has)
            && !self.has_second_factor(has)
            && !self.totp()
            && !self.keys_here(facts);
        let unable = match flow {
            FlowKind::Login if action == "continue_with_login_identifier" => {
                self.only_passkey(&run.person) && !self.passkeys(facts)
            }
            FlowKind::Login => self.cannot_use_second_factor(had, facts),
            FlowKind::Registration => self.cannot_make_passkey(facts),
        };
        if enrol || unable {
            errors.push("platform_authenticator_required");
        }
        errors
    }

    /// The device becomes a trusted one (spec 02, section 12, and L24).
    pub(crate) fn trusts(self, run: &Run<'_>) -> bool {
        let mfa = &self.0.mfa;
        let used = run.knows(&["app proven", "security key proven", "recovery code proven"]);
        let changed = run.knows(&["password replaced", "app added", "security key added", "password set"]);
        let asked = self.has_second_factor(had(run)) && !run.facts.contains("passkey proven");
        let renewed = asked && had(run).trusted && !changed;
        mfa.enabled
            && match mfa.device_trust_policy {
                DeviceTrustPolicy::Never => false,
                DeviceTrustPolicy::Prompt => used && run.facts.contains("trusted"),
                DeviceTrustPolicy::Always => used || renewed,
            }
    }

    /// An identified account has no way on (spec 02, 5.2.2, steps 6 to 8).
    fn is_discontinued(self, person: &Person) -> bool {
        let only = self.0.privacy.only_show_actual_login_methods && person.user.is_some();
        let passcode = self.0.email.use_for_authentication && person.has.address;
        let password = self.0.password.enabled && (person.has.password || !only);
        !passcode && !password && !self.only_passkey(person)
    }

    /// A passkey is the only way on that is shown.
    fn only_passkey(self, person: &Person) -> bool {
        let only = self.0.privacy.only_show_actual_login_methods && person.user.is_some();
        only && person.has.passkey && self.0.passkey.enabled
    }

    /// With the right credentials, an account of this kind can be signed in to.
    pub(crate) fn can_sign_in(self, has: Has) -> bool {
        let (email, password) = (&self.0.email, &self.0.password);
        let identified = (self.by_mail() && has.address) || (self.by_name() && has.name);
        let only = self.0.privacy.only_show_actual_login_methods;
        let by_code = email.use_for_authentication && has.address;
        let by_password = password.enabled && has.password;
        let by_recovery = password.enabled && password.recovery && has.address && (has.password || !only);
        (identified && (by_code || by_password || by_recovery)) || (self.0.passkey.enabled && has.passkey)
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
    /// signed in to afterwards, with a passkey if there is no other way.
    pub(crate) fn can_register(self, mail: bool, name: bool) -> bool {
        let returns = self.can_return(mail, name) || self.0.passkey.enabled;
        self.can_sign_up() && self.accepts(mail, name) && returns
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

/// What the account that the flow is about had before.
pub(crate) fn had(run: &Run<'_>) -> Has {
    match run.situation.flow {
        FlowKind::Login if run.facts.contains("as other") => ALL,
        FlowKind::Login => run.person.has,
        FlowKind::Registration => Has::default(),
    }
}

/// What it has now, or will have, by what was done in the flow.
pub(crate) fn has_now(run: &Run<'_>) -> Has {
    let had = had(run);
    let (mail, name, verified) = match run.situation.flow {
        FlowKind::Login => {
            (run.knows(&["addition proven", "address added"]), run.knows(&["name added"]), false)
        }
        FlowKind::Registration => {
            let rules = Rules(run.world.config());
            let mail = run.knows(&["gave mail"]) && rules.asks_for_mail();
            let name = run.knows(&["gave name"]) && rules.asks_for_name();
            (mail, name, run.knows(&["code proven"]))
        }
    };
    let codes =
        run.world.config().mfa.recovery_codes.enabled && run.knows(&["app added", "security key added"]);
    Has {
        address: had.address || mail,
        verified: had.verified || verified,
        name: had.name || name,
        password: had.password || run.knows(&["password set", "password replaced"]),
        passkey: had.passkey || run.knows(&["passkey added"]),
        security_key: had.security_key || run.knows(&["security key added"]),
        totp: had.totp || run.knows(&["app added"]),
        codes: had.codes || codes,
        ..had
    }
}
