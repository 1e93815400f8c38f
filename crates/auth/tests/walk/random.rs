//! Random sequences of all actions, on offer or not, with all kinds of inputs (spec 14, item 1).

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use inkan_auth::FlowKind;
use inkan_base::{RngExt, SeededRng};
use serde_json::{Value, json};

use crate::{
    candidates::{ACTIONS, Candidate, candidates},
    matrix::{Matrix, Setting},
    proofs::TOO_LATE,
    run::{Run, SITUATIONS},
    success,
    wire::Doc,
    world::World,
};

/// Actions in all; `INKAN_WALK_ACTIONS` says otherwise.
const IN_ALL: usize = 100_000;
/// Actions per flow at the most.
const PER_FLOW: u32 = 24;
/// Actions under one configuration.
const PER_WORLD: usize = 2500;

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch for developers")]
fn s001_random_sequences_never_reach_a_session_without_proof() {
    let wanted = std::env::var("INKAN_WALK_ACTIONS").ok().and_then(|text| text.parse().ok());
    let wanted: usize = wanted.unwrap_or(IN_ALL);
    let settings = Matrix::new().settings;
    let (next, totals) = (AtomicUsize::new(0), Mutex::new(Totals::default()));
    let cores = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index * PER_WORLD >= wanted {
                        return;
                    }
                    let share = PER_WORLD.min(wanted - index * PER_WORLD);
                    let setting = &settings[index * 7 % settings.len()];
                    runtime.block_on(play(setting, index as u64, share, &totals));
                }
            });
        }
    });
    let totals = totals.into_inner().unwrap();
    println!(
        "random sequences: {} actions, {} flows, {} sessions",
        totals.actions, totals.flows, totals.sessions
    );
    assert_eq!(totals.actions, wanted);
    assert!(totals.sessions > 0, "the sequences are not good enough to sign in at all");
}

#[derive(Default)]
struct Totals {
    actions: usize,
    flows: usize,
    sessions: usize,
}

/// What a player knows besides the documents.
struct Player<'w> {
    world: &'w World,
    dice: SeededRng,
    /// Flows and their codes.
    codes: Vec<(String, String)>,
    /// What the flow did last; a repeat is answered with the same document for some seconds (spec 00, decision 22).
    last: (String, Value),
}

async fn play(setting: &Setting, seed: u64, share: usize, totals: &Mutex<Totals>) {
    let world = World::new(setting.config.clone(), seed).await;
    let mut player = Player {
        world: &world,
        dice: SeededRng::new(seed ^ 0xd1ce),
        codes: Vec::new(),
        last: Default::default(),
    };
    let mut left = share;
    let mut sum = Totals::default();
    while left > 0 {
        let situation = SITUATIONS[player.pick(SITUATIONS.len())];
        let mut run = Run::start(&world, situation).await.unwrap();
        let mut trail = Vec::new();
        player.last = Default::default();
        let steps = (left as u64).min(u64::from(1 + player.dice.below(PER_FLOW)));
        sum.flows += 1;
        for _ in 0..steps {
            left -= 1;
            sum.actions += 1;
            let (problem, done) = player.step(&mut run, &mut trail).await;
            assert!(problem.is_empty(), "{problem}\n{}\n{}\n{trail:#?}", setting.name, situation.name);
            sum.sessions += usize::from(run.doc.session.is_some() && done);
        }
    }
    let mut totals = totals.lock().unwrap();
    totals.actions += sum.actions;
    totals.flows += sum.flows;
    totals.sessions += sum.sessions;
}

impl Player<'_> {
    /// One action. Says what is wrong, and whether the flow went on.
    async fn step(&mut self, run: &mut Run<'_>, trail: &mut Vec<String>) -> (String, bool) {
        let flow = run.situation.flow;
        let (mut endpoint, mut token) = (flow, run.doc.token().to_owned());
        let (action, candidate) = match self.dice.below(20) {
            0..=12 => self.offered(run).await,
            13..=15 => self.any(run),
            16 => {
                token.clone_from(&run.stale_token);
                self.any(run)
            }
            17 => {
                endpoint = other(flow);
                self.offered(run).await
            }
            18 => self.foreign_code(run),
            _ => {
                let minutes = u64::from(self.dice.below(12));
                self.world.clock.advance(std::time::Duration::from_mins(minutes));
                self.offered(run).await
            }
        };
        trail.push(format!("{endpoint:?} {action}[{}] {}", candidate.label, candidate.data));
        let before = run.doc.clone();
        let doc = match run.post(endpoint, &action, &token, &candidate.data).await {
            Ok(doc) => doc,
            Err(problem) => return (problem, false),
        };
        if token == run.stale_token
            && self.last == (action.clone(), candidate.data.clone())
            && !doc.is_detached()
        {
            let same = doc.body == run.doc.body;
            return (if same { String::new() } else { format!("not the same answer: {}", doc.body) }, false);
        }
        let wrong = Self::judge(run, &before, endpoint, &token, &action, &doc);
        if !wrong.is_empty() || doc.is_detached() {
            return (wrong, false);
        }
        run.take_over(&action, candidate.label, doc);
        self.last = (action, candidate.data);
        if run.doc.state() == "passcode_confirmation" {
            let code = self.world.codes(&run.target()).await.into_iter().next().flatten();
            self.codes.extend(code.map(|code| (run.id.clone(), code)));
        }
        let problems = match run.doc.session {
            Some(_) => success::problems(run).await,
            None => Vec::new(),
        };
        (
            problems
                .into_iter()
                .next()
                .map(|(check, detail)| format!("{check}: {detail}"))
                .unwrap_or_default(),
            true,
        )
    }

    /// What must hold for every answer.
    fn judge(
        run: &Run<'_>,
        before: &Doc,
        endpoint: FlowKind,
        token: &str,
        action: &str,
        doc: &Doc,
    ) -> String {
        let discontinued = doc.error() == "flow_discontinuity_error";
        if doc.status >= 500 && !discontinued {
            return format!("5xx: {}", doc.body);
        }
        let admitted = endpoint == run.situation.flow && token == before.token() && before.offers(action);
        // A day is over only for flows that dawdle.
        let refused = doc.is_detached() && doc.status == 403;
        if !admitted && !refused {
            return format!("must be refused: {}", doc.body);
        }
        if admitted && doc.is_detached() && doc.status != 410 {
            return format!("must not be refused: {}", doc.body);
        }
        String::new()
    }

    async fn offered(&self, run: &Run<'_>) -> (String, Candidate) {
        let actions = run.doc.actions();
        let Some(action) = actions.get(self.pick(actions.len())) else { return self.any(run) };
        let mut all = candidates(run, action).await;
        // Too late only after all the others.
        all.retain(|candidate| candidate.label != TOO_LATE);
        let right: Vec<&Candidate> = all.iter().filter(|candidate| candidate.accepted).collect();
        let chosen = match self.dice.below(2) == 0 && !right.is_empty() {
            true => right[self.pick(right.len())],
            false => &all[self.pick(all.len())],
        };
        let mut chosen = chosen.clone();
        if chosen.label == "right, too late" {
            chosen.label = "right";
        }
        ((*action).to_owned(), chosen)
    }

    fn any(&self, run: &Run<'_>) -> (String, Candidate) {
        let action = ACTIONS[self.pick(ACTIONS.len())];
        let label = "anything";
        let right = run.person.password.as_str();
        let data = match self.dice.below(4) {
            0 => json!({}),
            1 => {
                json!({ "email": run.person.address, "username": run.person.name, "identifier": run.person.name })
            }
            2 => json!({
                "password": "Wrong-Secret-1",
                "new_password": right,
                "code": "000000",
                "otp_code": run.person.used_password(),
                "recovery_code": run.person.codes.last(),
            }),
            _ => Value::from_iter([
                ("code", json!([1])),
                ("password", json!({ "a": right })),
                ("email", json!(7)),
            ]),
        };
        (action.to_owned(), Candidate { label, data, accepted: false })
    }

    /// A code of another flow, and not by chance the code of this one.
    fn foreign_code(&self, run: &Run<'_>) -> (String, Candidate) {
        let own = |code: &str| self.codes.iter().any(|(flow, own)| *flow == run.id && own == code);
        let (flow, code) = match self.codes.get(self.pick(self.codes.len())) {
            Some((flow, code)) => (flow.as_str(), code.as_str()),
            None => ("", "000000"),
        };
        let code = if *flow == run.id || own(code) { "000000" } else { code };
        let data = json!({ "code": code });
        ("verify_passcode".to_owned(), Candidate { label: "code of another flow", data, accepted: false })
    }

    fn pick(&self, length: usize) -> usize {
        self.dice.below(u32::try_from(length).unwrap_or(u32::MAX)) as usize
    }
}

const fn other(flow: FlowKind) -> FlowKind {
    match flow {
        FlowKind::Login => FlowKind::Registration,
        FlowKind::Registration => FlowKind::Login,
    }
}
