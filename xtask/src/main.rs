//! Developer commands: `cargo xtask <command>`.
//!
//! | command | what it does |
//! |---|---|
//! | `test [--fast] [filter]` | makes the machine ready, runs all tests on both databases, then the browser suite |
//! | `e2e [filter]` | builds the server and runs the browser suite against it |
//! | `bench [--quick] …` | load tests of the release build on both databases, beside a bare handler |
//! | `crash-test [--runs N] [--database NAME] [--debug]` | kills the server or its database under load, checks what was promised |
//! | `soak [--minutes N] [--database NAME] [--debug]` | a steady load; fails if memory or tables grow |
//! | `fuzz [target] [--seconds N]` | fuzzes what reads client input; needs nightly Rust and cargo-fuzz |
//! | `lint` | licences, banned crates, layers, sizes, left-overs |
//! | `score [--list-only]` | runs the tests of the security and reliability score and prints the table |

mod bench;
mod e2e;
mod fuzz;
mod lint;
mod machine;
mod postgres;
mod process;
mod score;
mod test;

use std::process::ExitCode;

/// What went wrong, as a sentence for the developer.
type Failure = String;

const USAGE: &str = "usage: cargo xtask <command>

  test [--fast] [filter]   all tests on both databases, then the browser suite
                           --fast or a filter: without browsers
  e2e [filter]             the browser suite alone
  bench [--quick] [--scenario NAME] [--database NAME] [--out DIRECTORY]
                           load tests of the release build, beside a bare handler
  crash-test [--runs N] [--database NAME] [--seed N] [--debug]
                           kills the server or its database under load and checks what was promised
  soak [--minutes N] [--database NAME] [--debug]
                           a steady load; fails if memory or tables grow
  fuzz [target] [--seconds N]
                           fuzzes what reads client input; needs nightly Rust and cargo-fuzz
  lint                     licences, banned crates, layers, sizes, left-overs
  score [--list-only]      the security and reliability score";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["test", rest @ ..] => test::Options::parse(rest).and_then(|options| test::run(&options)),
        ["e2e"] => e2e::run(None),
        ["e2e", filter] if !filter.starts_with('-') => e2e::run(Some(filter)),
        ["bench", rest @ ..] => bench::run("suite", rest),
        ["crash-test", rest @ ..] => bench::run("crash", rest),
        ["soak", rest @ ..] => bench::run("soak", rest),
        ["fuzz", rest @ ..] => fuzz::Options::parse(rest).and_then(|options| fuzz::fuzz(&options)),
        ["lint"] => lint::run(),
        ["score"] => score::run(score::Mode::Run),
        ["score", "--list-only"] => score::run(score::Mode::ListOnly),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
