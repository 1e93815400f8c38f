//! The walk over the whole matrix, on all cores, and what must hold for all of it together.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fmt::Write as _,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use inkan_auth::{FlowKind, graph};

use crate::{
    beyond::beyond,
    matrix::{Matrix, Setting},
    rules::Rules,
    run::{EVERYTHING, FREE, SITUATIONS, Situation, TAKEN, UNKNOWN},
    walker::{Edge, Seen, Violation, Walker},
    world::World,
};

#[derive(Default)]
struct Totals {
    states: usize,
    transitions: usize,
    edges: BTreeSet<Edge>,
    violations: Vec<Violation>,
    compared: usize,
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a switch for developers: part of the names of the configurations to be walked"
)]
fn every_reachable_state_keeps_its_promises() {
    let mut matrix = Matrix::new();
    let only = std::env::var("INKAN_WALK_ONLY").unwrap_or_default();
    matrix.settings.retain(|setting| setting.name.contains(&only));
    let totals = walk_all(&matrix.settings);
    println!(
        "walk: {} configurations ({} refused, {} pairs impossible), {} states, {} transitions, {} edges, {} comparisons",
        matrix.settings.len(),
        matrix.refused.len(),
        matrix.uncovered_pairs,
        totals.states,
        totals.transitions,
        totals.edges.len(),
        totals.compared,
    );
    assert!(totals.violations.is_empty(), "{}", summary(&totals.violations));
    let drawn = drawn();
    let undrawn: Vec<&Edge> = totals.edges.difference(&drawn).collect();
    assert!(undrawn.is_empty(), "steps that the drawings do not have: {undrawn:#?}");
    let beyond = beyond();
    let missing: Vec<&Edge> =
        drawn.difference(&totals.edges).filter(|edge| !beyond.contains(*edge)).collect();
    assert!(!only.is_empty() || missing.is_empty(), "steps of the drawings that nobody can go: {missing:#?}");
    assert!(totals.compared > 0);
}

fn walk_all(settings: &[Setting]) -> Totals {
    let next = AtomicUsize::new(0);
    let totals = Mutex::new(Totals::default());
    let cores = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(setting) = settings.get(index) else { return };
                    runtime.block_on(walk_one(setting, index as u64, &totals));
                }
            });
        }
    });
    totals.into_inner().unwrap()
}

async fn walk_one(setting: &Setting, seed: u64, totals: &Mutex<Totals>) {
    let world = World::new(setting.config.clone(), seed).await;
    let mut all = Vec::new();
    let tried = RefCell::default();
    for situation in SITUATIONS.into_iter().filter(|situation| is_of_interest(setting, *situation)) {
        all.push((situation, Walker::new(&world, setting, situation, &tried).walk().await));
    }
    let (compared, differences) = compare(&world, setting, &all);
    let mut totals = totals.lock().unwrap();
    totals.compared += compared;
    totals.violations.extend(differences);
    for (_, seen) in all {
        totals.states += seen.states;
        totals.transitions += seen.transitions;
        totals.edges.extend(seen.edges);
        totals.violations.extend(seen.violations);
    }
}

/// Where identifiers and passwords are at stake, all kinds of them; where factors are, all kinds of those.
fn is_of_interest(setting: &Setting, situation: Situation) -> bool {
    let Situation { flow, has, exists, .. } = situation;
    let (config, everything) = (&setting.config, situation == EVERYTHING);
    let second = has.totp || has.security_key;
    match setting.factors {
        _ if flow == FlowKind::Registration || !exists => true,
        false => !has.passkey && !second,
        true if everything => true,
        true if second => config.mfa.enabled,
        true if has.passkey => config.passkey.enabled,
        true => !has.legacy && (!has.name || (has.password && !has.address)),
    }
}

/// Whoever does not know a secret sees the same for addresses with and without an account.
fn compare(
    world: &World,
    setting: &Setting,
    all: &[(crate::run::Situation, Seen)],
) -> (usize, Vec<Violation>) {
    let rules = Rules(world.config());
    let mut compared = 0;
    let mut differences = Vec::new();
    let stranger =
        |name: &str| all.iter().find(|(situation, _)| situation.name == name).map(|(_, seen)| seen);
    for (situation, seen) in all {
        let (hidden, other) = match situation.flow {
            FlowKind::Login => {
                (rules.hides_unknown_addresses() && situation.has.address, stranger(UNKNOWN.name))
            }
            // The stranger is the one with the taken address: only the owner of a free one gets a code.
            FlowKind::Registration => {
                (rules.hides_taken_addresses() && situation.name == FREE.name, stranger(TAKEN.name))
            }
        };
        let Some(other) = other.filter(|_| hidden) else { continue };
        for (path, shape) in other.shapes.iter().filter(|(path, _)| !path.contains("[name]")) {
            compared += 1;
            let found = seen.shapes.get(path);
            if found != Some(shape) {
                differences.push(Violation {
                    check: "strangers_cannot_tell_accounts_apart",
                    config: setting.name.clone(),
                    situation: situation.name,
                    path: path.clone(),
                    detail: format!("{found:?}\n    without an account (taken address): {shape}"),
                });
            }
        }
    }
    (compared, differences)
}

/// The steps of the drawings in the documentation.
fn drawn() -> BTreeSet<Edge> {
    let edges = |flow: FlowKind| {
        let edges = graph(flow).edges.into_iter();
        edges.map(move |edge| {
            (flow.as_str(), edge.from.to_owned(), edge.action.to_owned(), edge.to.to_owned())
        })
    };
    FlowKind::ALL.into_iter().flat_map(edges).collect()
}

/// The first violations of each kind, and how many there are.
fn summary(violations: &[Violation]) -> String {
    let mut text = format!("{} violations\n", violations.len());
    let checks: BTreeSet<&str> = violations.iter().map(|violation| violation.check).collect();
    for check in checks {
        let of_check: Vec<&Violation> = violations.iter().filter(|one| one.check == check).collect();
        let _ = writeln!(text, "{check}: {}", of_check.len());
        let shortest = of_check.iter().min_by_key(|one| one.config.len() + one.path.len()).into_iter();
        for one in shortest.chain(of_check.iter().take(3)) {
            let _ = writeln!(
                text,
                "  configuration: {}\n  account: {}\n  path: {}\n  {}\n",
                one.config, one.situation, one.path, one.detail
            );
        }
    }
    text
}
