//! One flow under way: the last document, what was proven so far, and what `back` has to lead to.

use std::collections::BTreeSet;

use inkan_auth::FlowKind;
use serde_json::{Value, json};

use crate::{
    candidates::candidate,
    person::{Has, Person, base32},
    wire::Doc,
    world::{ALL, World},
};

/// Who comes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Situation {
    pub(crate) name: &'static str,
    pub(crate) flow: FlowKind,
    pub(crate) has: Has,
    /// There is an account. In registration: somebody else has the address already.
    pub(crate) exists: bool,
}

const NOTHING: Has = Has {
    address: false,
    verified: false,
    name: false,
    password: false,
    legacy: false,
    passkey: false,
    security_key: false,
    totp: false,
    codes: false,
    trusted: false,
};
const MAIL: Has = Has { address: true, verified: true, ..NOTHING };
const MAIL_AND_PASSWORD: Has = Has { password: true, ..MAIL };

const fn login(name: &'static str, has: Has) -> Situation {
    Situation { name, flow: FlowKind::Login, has, exists: true }
}

pub(crate) const UNKNOWN: Situation = Situation { name: "unknown", exists: false, ..login("unknown", MAIL) };
pub(crate) const FREE: Situation =
    Situation { name: "free identifiers", flow: FlowKind::Registration, has: MAIL, exists: false };
pub(crate) const TAKEN: Situation = Situation { name: "taken address", exists: true, ..FREE };

/// An account with everything there is.
pub(crate) const EVERYTHING: Situation = login("everything", Has { trusted: false, ..ALL });
/// An account with an authenticator app and recovery codes.
pub(crate) const APP: Situation =
    login("address, password and app", Has { totp: true, codes: true, ..MAIL_AND_PASSWORD });

/// All account situations, `unknown` before the known ones and `free` before `taken`.
pub(crate) const SITUATIONS: [Situation; 20] = [
    UNKNOWN,
    login("address, unverified", Has { verified: false, ..MAIL }),
    login("address, verified", MAIL),
    login("address and password", Has { password: true, ..MAIL }),
    login("name and password", Has { name: true, password: true, ..NOTHING }),
    login("name only", Has { name: true, ..NOTHING }),
    login("name and address", Has { name: true, ..MAIL }),
    login("name, address and password", Has { name: true, password: true, ..MAIL }),
    login("address and imported password", Has { password: true, legacy: true, ..MAIL }),
    EVERYTHING,
    login("address and passkey", Has { passkey: true, ..MAIL }),
    login("name and passkey", Has { name: true, passkey: true, ..NOTHING }),
    APP,
    login("address, password and key", Has { security_key: true, ..MAIL_AND_PASSWORD }),
    login(
        "name, password, app, key",
        Has { name: true, password: true, security_key: true, totp: true, codes: true, ..NOTHING },
    ),
    login("address and app", Has { totp: true, codes: true, ..MAIL }),
    login("address and key", Has { security_key: true, codes: true, ..MAIL }),
    login("trusted device", Has { totp: true, codes: true, trusted: true, ..MAIL_AND_PASSWORD }),
    FREE,
    TAKEN,
];

/// What matters about the way so far.
pub(crate) type Facts = BTreeSet<&'static str>;

pub(crate) struct Run<'w> {
    pub(crate) world: &'w World,
    pub(crate) situation: Situation,
    pub(crate) person: Person,
    /// Somebody else, whose identifiers are taken.
    pub(crate) other: Person,
    pub(crate) id: String,
    pub(crate) doc: Doc,
    /// The document of the current state as it was shown first, without errors of rejected actions.
    pub(crate) entry: Doc,
    pub(crate) facts: Facts,
    /// Where `back` leads to.
    pub(crate) stack: Vec<(Doc, Facts)>,
    pub(crate) stale_token: String,
    /// The options for an authenticator that were shown last in this state.
    pub(crate) options: Option<Value>,
}

impl<'w> Run<'w> {
    pub(crate) async fn start(world: &'w World, situation: Situation) -> Result<Self, String> {
        let other = world.other().await;
        let registration = situation.flow == FlowKind::Registration;
        let mut person = world.person(situation.has, situation.exists && !registration).await;
        if registration && situation.exists {
            person.address.clone_from(&other.address);
        }
        if !situation.has.trusted {
            // The device of somebody else, also passed off as one's own.
            let token = other.cookie.split(':').nth(1).unwrap_or_default();
            let user = person.user.map(|user| user.to_string()).unwrap_or_default();
            person.cookie = format!("{user}:{token}|{}", other.cookie);
        }
        Self::of(world, situation, person, other).await
    }

    /// The same, for somebody who is there already.
    pub(crate) async fn of(
        world: &'w World,
        situation: Situation,
        person: Person,
        other: Person,
    ) -> Result<Self, String> {
        let answer = world.send(&world.cx_of(&person), situation.flow, "", &Value::Null).await;
        let doc = Doc::read(situation.flow, &answer)?;
        let id = doc.flow_id().ok_or("a new flow without actions")?;
        Ok(Self {
            world,
            situation,
            person,
            other,
            id,
            entry: doc.clone(),
            doc,
            facts: Facts::new(),
            stack: Vec::new(),
            stale_token: String::new(),
            options: None,
        })
    }

    /// Sends something and does not look at what comes of it.
    pub(crate) async fn post(
        &self,
        flow: FlowKind,
        action: &str,
        token: &str,
        data: &Value,
    ) -> Result<Doc, String> {
        let query = format!("action={action}%40{}", self.id);
        let body = json!({ "csrf_token": token, "input_data": data });
        let answer = self.world.send(&self.world.cx_of(&self.person), flow, &query, &body).await;
        Doc::read(flow, &answer)
    }

    /// Sends an action with the current token and takes over what is answered. `label` says what the data mean.
    pub(crate) async fn act(&mut self, action: &str, label: &str, data: &Value) -> Result<(), String> {
        let token = self.doc.token().to_owned();
        let doc = self.post(self.situation.flow, action, &token, data).await?;
        if doc.is_detached() {
            return Err(format!("detached: {}", doc.body));
        }
        self.take_over(action, label, doc);
        Ok(())
    }

    /// Sends what the candidate of this name is.
    pub(crate) async fn choose(&mut self, action: &str, label: &str) -> Result<(), String> {
        let found = candidate(self, action, label).await;
        let found = found.ok_or_else(|| format!("there is no {action}[{label}]"))?;
        self.act(action, label, &found.data).await
    }

    /// The flow went on, or refused, with this answer.
    pub(crate) fn take_over(&mut self, action: &str, label: &str, doc: Doc) {
        self.stale_token = self.doc.token().to_owned();
        let before = std::mem::replace(&mut self.doc, doc);
        let payload = &self.doc.body["payload"];
        let shown = ["request_options", "creation_options"].into_iter().find_map(|name| payload.get(name));
        if shown.is_some() || self.doc.state() != before.state() {
            self.options = shown.cloned();
        }
        if self.doc.status != 200 {
            if self.doc.state() == "error" {
                self.entry = self.doc.clone();
            }
            return;
        }
        if let Some(codes) = self.doc.body["payload"]["recovery_codes"].as_array() {
            self.person.codes = codes.iter().filter_map(|code| Some(code.as_str()?.to_owned())).collect();
        }
        let entry = std::mem::replace(&mut self.entry, self.doc.clone());
        let facts = self.facts.clone();
        self.learn(action, label, &before);
        if action == "back" {
            self.stack.pop();
        } else if self.doc.state() != before.state() {
            self.stack.push((entry, facts));
        }
    }

    /// What an accepted action means. Only the right credentials prove anything.
    fn learn(&mut self, action: &str, label: &str, before: &Doc) {
        let came_from = self.stack.last().map_or("", |(doc, _)| doc.state());
        let second = before.state() == "login_passkey" && came_from == "login_security_key";
        let key = came_from == "mfa_security_key_creation";
        let now = self.world.app.clock.now();
        let facts = &mut self.facts;
        match (action, label) {
            ("back", _) => *facts = self.stack.last().map(|(_, facts)| facts.clone()).unwrap_or_default(),
            ("register_client_capabilities", "true") => {
                facts.extend(["webauthn", "conditional", "platform"]);
            }
            ("register_client_capabilities", "conditional") => facts.extend(["webauthn", "conditional"]),
            ("register_client_capabilities", "webauthn") => drop(facts.insert("webauthn")),
            ("webauthn_verify_assertion_response", "other's") => {
                facts.extend(["as other", "passkey proven"]);
            }
            ("webauthn_verify_assertion_response", _) if second => {
                facts.insert("security key proven");
            }
            ("webauthn_verify_assertion_response", "right") => drop(facts.insert("passkey proven")),
            ("webauthn_verify_attestation_response", "right") => {
                facts.insert(if key { "security key added" } else { "passkey added" });
            }
            ("otp_code_validate", "right" | "right, with blanks") => {
                facts.insert("app proven");
                self.person.used_step = self.person.next_step(now);
            }
            ("recovery_code", "right" | "right, shouted") => drop(facts.insert("recovery code proven")),
            ("otp_code_verify", "right") => {
                facts.insert("app added");
                let shown = before.body["payload"]["otp_secret"].as_str();
                self.person.secret = shown.and_then(base32).unwrap_or_default();
                self.person.used_step = 0;
                self.person.used_step = self.person.next_step(now);
            }
            ("trust_device", _) => drop(facts.insert("trusted")),
            ("continue_with_login_identifier", "name") => drop(facts.insert("by name")),
            ("continue_with_login_identifier", _) => drop(facts.insert("by mail")),
            ("continue_to_passcode_confirmation_recovery", _) => drop(facts.insert("recovering")),
            ("password_login", "right") => drop(facts.insert("password proven")),
            ("password_recovery", _) => drop(facts.insert("password replaced")),
            ("register_password", _) => drop(facts.insert("password set")),
            ("email_address_set", "taken") => drop(facts.insert("adding taken")),
            ("email_address_set", _) if self.doc.state() != "passcode_confirmation" => {
                facts.insert("address added");
            }
            ("email_address_set", _) => drop(facts.insert("adding free")),
            ("username_create" | "username_set", _) => drop(facts.insert("name added")),
            ("remember_me", "true") => drop(facts.insert("remember")),
            ("remember_me", _) => drop(facts.remove("remember")),
            ("resend_passcode", _) => drop(facts.insert("resent")),
            ("register_login_identifier", "mail") => drop(facts.insert("gave mail")),
            ("register_login_identifier", "name") => drop(facts.insert("gave name")),
            ("register_login_identifier", _) => facts.extend(["gave mail", "gave name"]),
            ("verify_passcode", "right") => {
                let adding = facts.contains("adding free") || facts.contains("adding taken");
                facts.insert(if adding { "addition proven" } else { "code proven" });
                facts.remove("resent");
            }
            _ => {}
        }
    }

    /// The ceremony is that of a second factor.
    pub(crate) fn is_second_factor(&self) -> bool {
        let before = self.stack.last().map_or("", |(doc, _)| doc.state());
        self.doc.state() == "login_passkey" && before == "login_security_key"
    }

    /// The ceremony makes a security key, not a passkey.
    pub(crate) fn makes_security_key(&self) -> bool {
        self.stack.last().is_some_and(|(doc, _)| doc.state() == "mfa_security_key_creation")
    }

    /// Only passkeys of the identified account are accepted; of no account there are none.
    pub(crate) fn is_bound(&self) -> bool {
        let identified = self.facts.contains("by mail") || self.facts.contains("by name");
        identified && self.world.config().privacy.only_show_actual_login_methods
    }

    /// The secret of an app that is shown.
    pub(crate) fn shown_secret(&self) -> Option<[u8; 20]> {
        base32(self.doc.body["payload"]["otp_secret"].as_str()?)
    }

    pub(crate) fn knows(&self, facts: &[&str]) -> bool {
        facts.iter().any(|fact| self.facts.contains(fact))
    }

    /// Where the codes of this flow go.
    pub(crate) fn target(&self) -> String {
        if self.facts.contains("adding taken") {
            self.other.address.clone()
        } else if self.facts.contains("adding free") {
            self.addition()
        } else {
            self.person.address.clone()
        }
    }

    /// An address that nobody has.
    pub(crate) fn addition(&self) -> String {
        format!("a{}@walk.example", self.person.number)
    }

    /// A password that nobody has.
    pub(crate) fn new_password(&self) -> String {
        format!("New-Secret-{}", self.person.number)
    }

    /// What a state is, whatever the way to it: what is behind a state that offers no way back does not matter.
    pub(crate) fn key(&self) -> String {
        self.key_with(&self.facts)
    }

    /// The same, whichever factors were used.
    pub(crate) fn coarse_key(&self) -> String {
        let coarse = |fact: &'static str| match fact {
            "by mail" | "by name" | "resent" | "remember" | "code proven" | "password proven"
                if self.is_inside() =>
            {
                "inside"
            }
            "app proven" | "security key proven" | "recovery code proven" => "second factor proven",
            "app added" | "security key added" => "second factor added",
            other => other,
        };
        self.key_with(&self.facts.iter().map(|fact| coarse(fact)).collect())
    }

    /// Something was proven, so that no stranger gets here.
    pub(crate) fn is_inside(&self) -> bool {
        self.knows(&["code proven", "password proven", "passkey proven"])
    }

    fn key_with(&self, facts: &Facts) -> String {
        let mut back = Vec::new();
        let mut at = &self.entry;
        for (doc, _) in self.stack.iter().rev() {
            if !at.offers("back") {
                break;
            }
            back.push(doc.state());
            at = doc;
        }
        format!("{} {facts:?} {back:?}", self.entry.outline())
    }
}
