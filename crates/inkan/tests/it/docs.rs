//! The documentation speaks of what is there: `docs/flows/states.md` lists every state and action with tests that exist.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use inkan_auth::{FlowKind, actions};

/// A row of the table: state, action, tests (file, name).
struct Row {
    state: String,
    action: String,
    tests: Vec<(String, String)>,
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The rows of the tables, without those of later versions.
fn rows() -> Vec<Row> {
    let text = fs::read_to_string(project("docs/flows/states.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `") && !line.contains("| *later"));
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let tests = quoted(cells[2]).into_iter().map(|test| {
            let (file, name) = test.split_once(' ').unwrap_or_else(|| panic!("no test: {line}"));
            (file.to_owned(), name.to_owned())
        });
        let [state, action] = [cells[0], cells[1]].map(|cell| quoted(cell).remove(0));
        Row { state, action, tests: tests.collect() }
    })
    .collect()
}

#[test]
fn every_state_and_action_is_listed() {
    let listed: BTreeSet<(String, String)> = rows().into_iter().map(|row| (row.state, row.action)).collect();
    let there: BTreeSet<(String, String)> = FlowKind::ALL
        .into_iter()
        .flat_map(actions)
        .map(|(state, action)| (state.to_owned(), action.to_owned()))
        .collect();
    let missing: Vec<_> = there.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&there).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not in the table: {missing:#?}; not there: {gone:#?}");
}

#[test]
fn every_listed_test_exists() {
    for row in rows() {
        assert!(!row.tests.is_empty(), "no test for {} {}", row.state, row.action);
        for (file, name) in row.tests {
            let text = fs::read_to_string(project("crates/inkan/tests/it").join(&file));
            let text = text.unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(text.contains(&format!("fn {name}(")), "{file} has no test {name}");
        }
    }
}
