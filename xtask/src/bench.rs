//! `cargo xtask bench`, `crash-test` and `soak`: build server and load tool, as operators get them (with `--debug` as
//! developers do), and run a part of the load tool. What follows the command goes to the load tool.

use std::process::Command;

use crate::{
    Failure,
    e2e::target,
    machine,
    process::{cargo, run as run_command},
};

/// Runs a command of the load tool.
pub(crate) fn run(part: &str, arguments: &[&str]) -> Result<(), Failure> {
    machine::ready_for_postgres()?;
    let debug = arguments.contains(&"--debug");
    let mut build = cargo();
    build.args(["build", "--quiet", "--package", "inkan", "--package", "inkan-bench"]);
    if !debug {
        build.arg("--release");
    }
    run_command(&mut build)?;
    let programs = target()?.join(if debug { "debug" } else { "release" });
    let mut tool = Command::new(programs.join("inkan-bench"));
    tool.arg(part).arg("--server").arg(programs.join("inkan"));
    run_command(tool.args(arguments.iter().filter(|argument| **argument != "--debug")))
}
