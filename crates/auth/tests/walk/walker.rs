//! Breadth-first over the states that one situation can reach under one configuration.
//!
//! A state is reached by replaying its path with a fresh person. There, everything that must be refused is tried one after
//! the other on the same flow, which has to stay as it is; everything that is accepted gets a replay of its own and may lead
//! to a new state.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use inkan_auth::FlowKind;
use inkan_config::Attachment;
use serde_json::json;

use crate::{
    again,
    candidates::{ACTIONS, Candidate, candidates},
    matrix::Setting,
    proofs::{self, TOO_LATE, USES_UP},
    rules::{Rules, has_now},
    run::{Run, Situation},
    success,
    world::World,
};

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// Which promise.
    pub(crate) check: &'static str,
    pub(crate) config: String,
    pub(crate) situation: &'static str,
    pub(crate) path: String,
    pub(crate) detail: String,
}

/// What asks for another challenge.
const AGAIN: [&str; 2] = ["webauthn_generate_request_options", "webauthn_generate_creation_options"];

/// From, action, to.
pub(crate) type Edge = (FlowName, String, String, String);
type FlowName = &'static str;
type Path = Vec<(String, &'static str)>;

/// What one walk saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) states: usize,
    pub(crate) transitions: usize,
    pub(crate) edges: BTreeSet<Edge>,
    pub(crate) violations: Vec<Violation>,
    /// What a stranger sees, by path and submission.
    pub(crate) shapes: BTreeMap<String, String>,
    pub(crate) successes: usize,
}

pub(crate) struct Walker<'w> {
    world: &'w World,
    setting: &'w Setting,
    situation: Situation,
    known: BTreeSet<String>,
    /// States of this configuration for which it was tried already what is not on offer.
    tried: &'w RefCell<BTreeSet<String>>,
    open: VecDeque<Path>,
    pub(crate) seen: Seen,
}

fn path_text(path: &Path, action: &str, label: &str) -> String {
    let mut steps: Vec<String> = path.iter().map(|(action, label)| format!("{action}[{label}]")).collect();
    steps.push(format!("{action}[{label}]"));
    steps.join(" > ")
}

impl<'w> Walker<'w> {
    pub(crate) fn new(
        world: &'w World,
        setting: &'w Setting,
        situation: Situation,
        tried: &'w RefCell<BTreeSet<String>>,
    ) -> Self {
        Self {
            tried,
            world,
            setting,
            situation,
            known: BTreeSet::new(),
            open: VecDeque::from([Path::new()]),
            seen: Seen::default(),
        }
    }

    pub(crate) async fn walk(mut self) -> Seen {
        while let Some(path) = self.open.pop_front() {
            if let Err(detail) = self.visit(&path).await {
                self.report("flow_goes_on", &path_text(&path, "", ""), detail);
            }
        }
        self.check_reachability();
        self.seen
    }

    fn report(&mut self, check: &'static str, path: &str, detail: String) {
        self.seen.violations.push(Violation {
            check,
            config: self.setting.name.clone(),
            situation: self.situation.name,
            path: path.to_owned(),
            detail,
        });
    }

    async fn replay(&self, path: &Path) -> Result<Run<'w>, String> {
        let mut run = Run::start(self.world, self.situation).await?;
        for (action, label) in path {
            run.choose(action, label).await?;
        }
        Ok(run)
    }

    async fn visit(&mut self, path: &Path) -> Result<(), String> {
        let mut run = self.replay(path).await?;
        let key = self.key(&run);
        if path.is_empty() {
            self.known.insert(key.clone());
        } else if !self.known.contains(&key) {
            self.report("replays_are_deterministic", &path_text(path, "", ""), key.clone());
        }
        self.seen.states += 1;
        self.check_dead_end(&run, path);
        let kind = if self.setting.is_default() { &key } else { &run.entry.outline() };
        let new = self.tried.borrow_mut().insert(format!("{:?} {kind}", self.situation.flow));
        if new {
            self.check_not_offered(&run, path).await?;
        }
        let actions: Vec<String> = run.doc.actions().into_iter().map(str::to_owned).collect();
        let mut offers = Vec::new();
        for action in &actions {
            if !ACTIONS.contains(&action.as_str()) {
                self.report("actions_are_known", &path_text(path, action, ""), "not in the list".into());
            }
            offers.push((action, candidates(&run, action).await));
        }
        // What strangers can see is compared path by path; behind that, wrong input is tried once in every kind of state.
        let inside = format!("inside {} {}", self.situation.name, run.entry.outline());
        let again = run.is_inside() && !self.tried.borrow_mut().insert(inside);
        for (action, all) in offers.iter().filter(|_| !again) {
            for candidate in all.iter().filter(|candidate| !candidate.accepted) {
                self.refused(&mut run, path, action, candidate).await?;
            }
        }
        self.tries_again(&mut run, path).await?;
        for (action, all) in &offers {
            for candidate in all.iter().filter(|candidate| candidate.accepted) {
                self.accepted(path, &key, action, candidate.label).await?;
            }
        }
        Ok(())
    }

    /// `w06`, `l11`: what is refused leaves state, offered actions and the way back as they are.
    async fn refused(
        &mut self,
        run: &mut Run<'_>,
        path: &Path,
        action: &str,
        candidate: &Candidate,
    ) -> Result<(), String> {
        let text = path_text(path, action, candidate.label);
        run.act(action, candidate.label, &candidate.data).await.map_err(|e| format!("{text}: {e}"))?;
        self.seen.transitions += 1;
        self.seen.shapes.insert(text.clone(), run.doc.shape());
        if run.doc.status == 200 || run.doc.session.is_some() {
            self.report("wrong_input_is_refused", &text, run.doc.shape());
            return Err("cannot go on".into());
        }
        if !(400..500).contains(&run.doc.status) {
            self.report("no_5xx", &text, run.doc.body.to_string());
        }
        let expected = match (run.doc.status, run.doc.error()) {
            (400, "form_data_invalid_error") => input_error(run, action),
            (401, "passcode_max_attempts_reached") => action == "verify_passcode",
            (401, "passkey_invalid") => action.starts_with("webauthn_verify_"),
            (401, "webauthn_credential_invalid_mfa_only") => candidate.label == "security key",
            _ => false,
        };
        if !expected {
            self.report("refusals_say_what_is_wrong", &text, run.doc.body.to_string());
        }
        let (mut outline, before) = (run.doc.outline(), run.entry.outline());
        let used_up = [USES_UP, TOO_LATE].contains(&candidate.label);
        if run.doc.state() != "login_init" && (used_up || candidate.label == proofs::UNKNOWN) {
            // The challenge is used up: another one can be asked for.
            let [request, creation] = AGAIN.map(|action| format!(" {action}()"));
            outline = outline.replace(&request, "").replace(&creation, "");
            if used_up && !AGAIN.iter().any(|again| run.doc.offers(again)) {
                self.report("another_challenge_can_be_had", &text, run.doc.outline());
            }
        }
        if outline != before {
            let detail = format!("{}\n    before: {before}", run.doc.outline());
            self.report("a_refused_action_changes_nothing", &text, detail);
        }
        Ok(())
    }

    /// `decision 28`: after a challenge was used up another one can be had, and the right answer to that is accepted.
    async fn tries_again(&mut self, run: &mut Run<'_>, path: &Path) -> Result<(), String> {
        let offered = AGAIN.into_iter().find(|again| run.doc.offers(again));
        let Some(again) = offered.filter(|again| !run.entry.offers(again)) else { return Ok(()) };
        let text = path_text(path, again, "again");
        let state = run.doc.state().to_owned();
        run.choose(again, "plain").await?;
        let verify = match again {
            "webauthn_generate_request_options" => "webauthn_verify_assertion_response",
            _ => "webauthn_verify_attestation_response",
        };
        if run.doc.state() != state || run.options.is_none() {
            self.report("another_challenge_can_be_had", &text, run.doc.outline());
        }
        let found = ["right", "passkey instead", "other's"];
        let all = candidates(run, verify).await;
        let right = all.into_iter().find(|one| one.accepted && found.contains(&one.label));
        let Some(right) = right else { return Ok(()) };
        let errors = Rules(self.world.config());
        run.act(verify, right.label, &right.data).await?;
        self.seen.transitions += 2;
        let dead = errors.dead_ends(run, verify, right.label);
        if run.doc.status != 200 && !dead.contains(&run.doc.error()) {
            self.report("another_challenge_can_be_had", &text, run.doc.body.to_string());
        }
        Ok(())
    }

    /// What the specification accepts is accepted, and leads somewhere.
    async fn accepted(
        &mut self,
        path: &Path,
        key: &str,
        action: &str,
        label: &'static str,
    ) -> Result<(), String> {
        let text = path_text(path, action, label);
        let mut run = self.replay(path).await?;
        if self.key(&run) != key {
            self.report("replays_are_deterministic", &text, run.key());
        }
        let from = run.doc.state().to_owned();
        let expected = run.stack.last().map(|(doc, _)| doc.without_token());
        run.choose(action, label).await.map_err(|e| format!("{text}: {e}"))?;
        self.seen.transitions += 1;
        self.seen.shapes.insert(text.clone(), run.doc.shape());
        let to = run.doc.state().to_owned();
        if to != from && action != "back" {
            let edge = (self.situation.flow.as_str(), from.clone(), action.to_owned(), to.clone());
            self.seen.edges.insert(edge);
        }
        if action == "back" && Some(run.doc.without_token()) != expected {
            let detail = format!("{}\n    expected: {expected:?}", run.doc.body);
            self.report("back_leads_to_the_document_before", &text, detail);
        }
        if run.doc.status != 200 {
            self.check_discontinuity(&run, action, label, &text);
            return Ok(());
        }
        for (check, detail) in success::problems(&run).await {
            self.report(check, &text, detail);
        }
        if to == "success" {
            self.seen.successes += usize::from(!run.facts.contains("as other"));
            self.returns(&run, &text).await?;
        }
        if self.leads_on(action, label) && self.known.insert(self.key(&run)) {
            let mut path = path.clone();
            path.push((action.to_owned(), label));
            self.open.push_back(path);
        }
        Ok(())
    }

    /// What a state is. Which of the factors were used is told apart under the defaults only; elsewhere it is enough that one was.
    fn key(&self, run: &Run<'_>) -> String {
        if self.setting.is_default() { run.key() } else { run.coarse_key() }
    }

    /// Which of the clients are worth a walk of their own.
    fn leads_on(&self, action: &str, label: &str) -> bool {
        let config = self.world.config();
        let rules = Rules(config);
        let platform = config.mfa.security_keys.authenticator_attachment == Attachment::Platform;
        match label {
            _ if action != "register_client_capabilities" => true,
            "true" => true,
            "nothing" => self.setting.factors && (config.passkey.enabled || rules.keys()),
            "conditional" => self.setting.factors && rules.keys() && platform,
            _ => false,
        }
    }

    /// The new account can be signed in to, once for each kind of account.
    async fn returns(&mut self, run: &Run<'_>, text: &str) -> Result<(), String> {
        let kind = format!("returns {:?}", has_now(run));
        if self.situation.flow != FlowKind::Registration || !self.tried.borrow_mut().insert(kind) {
            return Ok(());
        }
        self.world.clock.advance(Duration::from_mins(1));
        if let Err(detail) = again::sign_in(run).await {
            self.report("the_account_can_be_signed_in_to", text, detail);
        }
        Ok(())
    }

    /// Right input may end in an error only where the specification says so.
    fn check_discontinuity(&mut self, run: &Run<'_>, action: &str, label: &str, text: &str) {
        let expected = Rules(self.world.config()).dead_ends(run, action, label);
        let status = match run.doc.error() {
            "flow_discontinuity_error" => 500,
            _ => 401,
        };
        let found = expected.contains(&run.doc.error()) && run.doc.status == status;
        if !(found && run.doc.state() == "error" && run.doc.actions().is_empty()) {
            self.report("right_input_is_accepted", text, run.doc.body.to_string());
        }
    }

    fn check_dead_end(&mut self, run: &Run<'_>, path: &Path) {
        let rules = Rules(self.world.config());
        let (state, actions) = (run.doc.state(), run.doc.actions());
        let goes_on = actions.iter().any(|action| !["back", "remember_me"].contains(action));
        let expected = match state {
            "success" | "error" => false,
            "login_init" => rules.can_identify() || rules.passkeys(&run.facts),
            "registration_init" => rules.can_sign_up(),
            _ => true,
        };
        if goes_on != expected {
            self.report("no_dead_ends", &path_text(path, "", ""), run.doc.outline());
        }
    }

    /// What is not on offer, a stale or no token, another endpoint: 403, detached, and nothing changes, as the rest of the
    /// visit shows, which goes on with the same token.
    async fn check_not_offered(&mut self, run: &Run<'_>, path: &Path) -> Result<(), String> {
        let token = run.doc.token();
        let here = self.situation.flow;
        let there = match here {
            FlowKind::Login => FlowKind::Registration,
            FlowKind::Registration => FlowKind::Login,
        };
        let data = json!({ "remember_me": true, "username": "somebody", "new_password": run.new_password() });
        let mut tries = Vec::new();
        for action in ACTIONS.iter().filter(|action| !run.doc.offers(action)) {
            tries.push((here, *action, token, "not offered"));
        }
        for action in run.doc.actions() {
            tries.push((here, action, run.stale_token.as_str(), "stale token"));
            tries.push((here, action, "", "no token"));
            tries.push((there, action, token, "other endpoint"));
        }
        for (flow, action, token, label) in tries {
            let doc = run.post(flow, action, token, &data).await?;
            self.seen.transitions += 1;
            if !(doc.status == 403 && doc.is_detached() && doc.error() == "operation_not_permitted_error") {
                let text = path_text(path, action, label);
                self.report("not_offered_is_refused", &text, doc.body.to_string());
            }
        }
        Ok(())
    }

    /// Success is reached if, and only if, the situation allows it.
    fn check_reachability(&mut self) {
        let rules = Rules(self.world.config());
        let free = !self.situation.exists;
        let expected = match self.situation.flow {
            FlowKind::Login => self.situation.exists && rules.can_sign_in(self.situation.has),
            FlowKind::Registration => {
                rules.can_register(false, true)
                    || (free && (rules.can_register(true, false) || rules.can_register(true, true)))
            }
        };
        if expected != (self.seen.successes > 0) {
            let detail = format!("expected {expected}, reached {} times", self.seen.successes);
            self.report("success_iff_possible", "", detail);
        }
    }
}

/// One of the inputs says what is wrong with it.
fn input_error(run: &Run<'_>, action: &str) -> bool {
    let inputs = run.doc.body["actions"][action]["inputs"].as_object();
    inputs.into_iter().flatten().any(|(_, input)| input["error"]["code"].is_string())
}
