//! `cargo xtask score`: the security and reliability score. Each of its items is an attack or a fault; the tests of item
//! 13 are those whose name starts with `s013_`. The table lies in `score.tsv`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::{
    Failure,
    postgres::{Cluster, URL_VARIABLE},
    process::{capture, cargo, output},
};

const TABLE: &str = include_str!("../score.tsv");

/// Whether the tests are run or only looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Run the tests.
    Run,
    /// Only see which exist.
    ListOnly,
}

/// One line of the table.
#[derive(Debug)]
struct Item {
    number: u16,
    weight: u32,
    title: String,
    scope: Scope,
}

/// How far an item applies to the product as it is today.
#[derive(Debug, PartialEq, Eq)]
enum Scope {
    Whole,
    /// Tests exist for a part; counted only when the named rest is there.
    Partial(String),
    NotApplicable(String),
}

/// What was found out about an item.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Verdict {
    Pass,
    Fail,
    Missing,
    Partial,
    NotApplicable,
}

/// The tests of each item: name and, if it ran, whether it passed.
type Tests = BTreeMap<u16, BTreeMap<String, Option<bool>>>;

/// Prints the score; `Err` if a test of it fails.
pub(crate) fn run(mode: Mode) -> Result<(), Failure> {
    let items = parse_table(TABLE)?;
    let listing =
        capture(cargo().args(["test", "--workspace", "--quiet", "--", "--list", "--format=terse"]))?;
    let mut tests = Tests::new();
    for name in listing.lines().filter_map(|line| line.strip_suffix(": test")) {
        if let Some(number) = item_number(name) {
            tests.entry(number).or_default().insert(name.to_owned(), None);
        }
    }
    if mode == Mode::Run && !tests.is_empty() {
        run_tests(&mut tests)?;
    }
    print(&items, &tests, mode)
}

fn run_tests(tests: &mut Tests) -> Result<(), Failure> {
    let cluster = Cluster::start()?;
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast", "--"]);
    command.args(tests.keys().map(|number| format!("s{number:03}_")));
    command.env(URL_VARIABLE, cluster.url());
    let output = output(&mut command)?;
    let output = String::from_utf8_lossy(&output.stdout);
    let mut detail = false;
    for line in output.lines() {
        detail = (detail || line == "failures:") && !line.starts_with("test result:");
        if detail {
            println!("{line}");
        }
        if let Some((name, passed)) = test_result(line)
            && let Some(number) = item_number(name)
        {
            // The same name in two crates: one failure is a failure of both.
            let outcome = tests.entry(number).or_default().entry(name.to_owned()).or_insert(None);
            *outcome = Some(passed && outcome.unwrap_or(true));
        }
    }
    Ok(())
}

fn print(items: &[Item], tests: &Tests, mode: Mode) -> Result<(), Failure> {
    let nothing = BTreeMap::new();
    let mut total = 0;
    let mut passed = 0;
    let mut open_gates = Vec::new();
    let mut failed = Vec::new();
    for item in items {
        let tests = tests.get(&item.number).unwrap_or(&nothing);
        let verdict = verdict(item, tests, mode);
        let note = match &item.scope {
            Scope::Partial(rest) => format!(" (until there is: {rest})"),
            Scope::NotApplicable(reason) => format!(" ({reason})"),
            Scope::Whole => String::new(),
        };
        println!("{:>3}  {}  {:<7}  {}{note}", item.number, item.weight, verdict.to_string(), item.title);
        failed.extend(
            tests.iter().filter(|(_, passed)| **passed == Some(false)).map(|(name, _)| name.as_str()),
        );
        if verdict == Verdict::NotApplicable {
            continue;
        }
        total += item.weight;
        if verdict == Verdict::Pass {
            passed += item.weight;
        } else if item.weight == 3 {
            open_gates.push(item.number.to_string());
        }
    }
    let word = if mode == Mode::Run { "passed" } else { "with tests (not run)" };
    println!("\nscore: weight {passed} of {total} {word}");
    println!("open gate items ({}): {}", open_gates.len(), open_gates.join(" "));
    let known: BTreeSet<u16> = items.iter().map(|item| item.number).collect();
    if let Some(number) = tests.keys().find(|number| !known.contains(number)) {
        return Err(format!("tests are named after item {number}, which the table does not have"));
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

fn verdict(item: &Item, tests: &BTreeMap<String, Option<bool>>, mode: Mode) -> Verdict {
    let passed =
        |outcome: &Option<bool>| *outcome == Some(true) || (mode == Mode::ListOnly && outcome.is_none());
    match &item.scope {
        Scope::NotApplicable(_) => Verdict::NotApplicable,
        _ if tests.is_empty() => Verdict::Missing,
        _ if !tests.values().all(passed) => Verdict::Fail,
        Scope::Partial(_) => Verdict::Partial,
        Scope::Whole => Verdict::Pass,
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "FAIL",
            Self::Missing => "missing",
            Self::Partial => "partial",
            Self::NotApplicable => "n/a",
        })
    }
}

/// Reads `number <tab> weight <tab> title <tab> scope`; scope: empty, `n/a: reason` or `partial: what is to come`.
fn parse_table(table: &str) -> Result<Vec<Item>, Failure> {
    let lines = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| parse_item(line).ok_or_else(|| format!("score.tsv: {line}"))).collect()
}

fn parse_item(line: &str) -> Option<Item> {
    let mut columns = line.split('\t');
    let (number, weight, title) = (columns.next()?, columns.next()?, columns.next()?);
    let scope = match columns.next().unwrap_or_default().split_once(": ") {
        None => Scope::Whole,
        Some(("n/a", reason)) => Scope::NotApplicable(reason.to_owned()),
        Some(("partial", rest)) => Scope::Partial(rest.to_owned()),
        Some(_) => return None,
    };
    Some(Item { number: number.parse().ok()?, weight: weight.parse().ok()?, title: title.to_owned(), scope })
}

/// The item a test belongs to: 13 for `passcodes::s013_guessing::sqlite` too, because a test that is compiled once per
/// database has the name of the database last.
fn item_number(test: &str) -> Option<u16> {
    test.rsplit("::").take(2).find_map(|segment| {
        let digits = segment.strip_prefix('s')?.get(..4)?.strip_suffix('_')?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    })
}

/// Reads `test name ... ok`. Ignored tests have no result: an item whose test does not run is not passed.
fn test_result(line: &str) -> Option<(&str, bool)> {
    let (name, result) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    match result {
        "ok" => Some((name, true)),
        failed if failed.starts_with("FAILED") => Some((name, false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_version_1_of_the_list() {
        let items = parse_table(TABLE).unwrap();
        let with = |weight| items.iter().filter(|item| item.weight == weight).count();
        let left_out: Vec<u16> = items
            .iter()
            .filter(|item| matches!(item.scope, Scope::NotApplicable(_)))
            .map(|item| item.number)
            .collect();

        assert!(items.iter().map(|item| item.number).eq(1..=128));
        assert_eq!((with(3), with(2), with(1)), (78, 37, 13));
        assert_eq!(items.iter().map(|item| item.weight).sum::<u32>(), 321);
        assert_eq!(left_out, [62, 85, 86, 87, 88, 119, 126]);
    }

    #[test]
    fn an_item_is_recognised_by_the_name_of_its_test() {
        assert_eq!(item_number("limits::s013_code_guessing"), Some(13));
        assert_eq!(item_number("limits::s013_code_guessing::postgres"), Some(13));
        assert_eq!(item_number("s128_claim"), Some(128));
        assert_eq!(item_number("limits::sessions_end"), None);
        assert_eq!(item_number("s13_short"), None);
    }

    #[test]
    fn results_are_read_from_the_output_of_the_test_runner() {
        assert_eq!(test_result("test a::s001_x ... ok"), Some(("a::s001_x", true)));
        assert_eq!(test_result("test a::s001_x - should panic ... ok"), Some(("a::s001_x", true)));
        assert_eq!(test_result("test a::s001_x ... FAILED"), Some(("a::s001_x", false)));
        assert_eq!(test_result("test a::s001_x ... ignored, slow"), None);
        assert_eq!(test_result("test result: ok. 3 passed"), None);
    }

    #[test]
    fn a_missing_failed_or_ignored_test_does_not_pass() {
        let item = |scope| Item { number: 1, weight: 3, title: String::new(), scope };
        let tests = |outcome| BTreeMap::from([("s001_x".to_owned(), outcome)]);
        let part = || Scope::Partial("REST".to_owned());

        assert_eq!(verdict(&item(Scope::Whole), &BTreeMap::new(), Mode::Run), Verdict::Missing);
        assert_eq!(verdict(&item(Scope::Whole), &tests(None), Mode::Run), Verdict::Fail);
        assert_eq!(verdict(&item(Scope::Whole), &tests(Some(true)), Mode::Run), Verdict::Pass);
        assert_eq!(verdict(&item(part()), &tests(Some(true)), Mode::Run), Verdict::Partial);
        assert_eq!(verdict(&item(part()), &tests(Some(false)), Mode::Run), Verdict::Fail);
    }
}
