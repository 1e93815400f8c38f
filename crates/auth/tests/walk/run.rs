//! One flow under way: the last document, what was proven so far, and what `back` has to lead to.

use std::collections::BTreeSet;

use inkan_auth::FlowKind;
use serde_json::{Value, json};

use crate::{
    candidates::candidates,
    wire::Doc,
    world::{Has, Person, World},
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

const NOTHING: Has = Has { address: false, verified: false, name: false, password: false, legacy: false };
const MAIL: Has = Has { address: true, verified: true, ..NOTHING };

const fn login(name: &'static str, has: Has) -> Situation {
    Situation { name, flow: FlowKind::Login, has, exists: true }
}

pub(crate) const UNKNOWN: Situation = Situation { name: "unknown", exists: false, ..login("unknown", MAIL) };
pub(crate) const FREE: Situation =
    Situation { name: "free identifiers", flow: FlowKind::Registration, has: MAIL, exists: false };
pub(crate) const TAKEN: Situation = Situation { name: "taken address", exists: true, ..FREE };

/// All account situations, `unknown` before the known ones and `free` before `taken`.
pub(crate) const SITUATIONS: [Situation; 11] = [
    UNKNOWN,
    login("address, unverified", Has { verified: false, ..MAIL }),
    login("address, verified", MAIL),
    login("address and password", Has { password: true, ..MAIL }),
    login("name and password", Has { name: true, password: true, ..NOTHING }),
    login("name only", Has { name: true, ..NOTHING }),
    login("name and address", Has { name: true, ..MAIL }),
    login("name, address and password", Has { name: true, password: true, ..MAIL }),
    login("address and imported password", Has { password: true, legacy: true, ..MAIL }),
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
}

impl<'w> Run<'w> {
    pub(crate) async fn start(world: &'w World, situation: Situation) -> Result<Self, String> {
        let other = world.other().await;
        let registration = situation.flow == FlowKind::Registration;
        let mut person = world.person(situation.has, situation.exists && !registration).await;
        if registration && situation.exists {
            person.address.clone_from(&other.address);
        }
        let answer = world.send(&world.cx(person.number), situation.flow, "", &Value::Null).await;
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
        let answer = self.world.send(&self.world.cx(self.person.number), flow, &query, &body).await;
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
        let all = candidates(self, action).await;
        let found = all.iter().find(|candidate| candidate.label == label);
        let found = found.ok_or_else(|| format!("there is no {action}[{label}]"))?;
        self.act(action, label, &found.data).await
    }

    /// The flow went on, or refused, with this answer.
    pub(crate) fn take_over(&mut self, action: &str, label: &str, doc: Doc) {
        self.stale_token = self.doc.token().to_owned();
        let before = std::mem::replace(&mut self.doc, doc);
        if self.doc.status != 200 {
            if self.doc.state() == "error" {
                self.entry = self.doc.clone();
            }
            return;
        }
        let entry = std::mem::replace(&mut self.entry, self.doc.clone());
        let facts = self.facts.clone();
        self.learn(action, label);
        if action == "back" {
            self.stack.pop();
        } else if self.doc.state() != before.state() {
            self.stack.push((entry, facts));
        }
    }

    /// What an accepted action means. Only the right password and the right code prove anything.
    fn learn(&mut self, action: &str, label: &str) {
        let facts = &mut self.facts;
        match (action, label) {
            ("back", _) => *facts = self.stack.last().map(|(_, facts)| facts.clone()).unwrap_or_default(),
            ("continue_with_login_identifier", "name") => drop(facts.insert("by name")),
            ("continue_with_login_identifier", _) => drop(facts.insert("by mail")),
            ("continue_to_passcode_confirmation_recovery", _) => drop(facts.insert("recovering")),
            ("password_login", "right") => drop(facts.insert("password proven")),
            ("password_recovery", _) => drop(facts.insert("password replaced")),
            ("register_password", _) => drop(facts.insert("password set")),
            ("email_address_set", "taken") => drop(facts.insert("adding taken")),
            ("email_address_set", _) => drop(facts.insert("adding free")),
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

    /// What a state is, whatever the way to it.
    pub(crate) fn key(&self) -> String {
        let back: Vec<&str> = self.stack.iter().map(|(doc, _)| doc.state()).collect();
        format!("{} {:?} {back:?}", self.entry.outline(), self.facts)
    }
}
