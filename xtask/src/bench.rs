//! `cargo xtask bench`: builds server and load tool as operators get them and runs the suite. What follows the command goes
//! to the load tool (`--quick`, `--scenario NAME`, `--database NAME`, `--out DIRECTORY`).

use std::process::Command;

use crate::{
    Failure,
    e2e::target,
    machine,
    process::{cargo, run as run_command},
};

pub(crate) fn run(arguments: &[&str]) -> Result<(), Failure> {
    machine::ready_for_postgres()?;
    run_command(cargo().args([
        "build",
        "--quiet",
        "--release",
        "--package",
        "inkan",
        "--package",
        "inkan-bench",
    ]))?;
    let release = target()?.join("release");
    let mut suite = Command::new(release.join("inkan-bench"));
    suite.arg("suite").arg("--server").arg(release.join("inkan")).args(arguments);
    run_command(&mut suite)
}
