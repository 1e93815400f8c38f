//! `cargo xtask e2e`: the web components and other clients against the server as a developer builds it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    Failure, machine,
    process::{capture, cargo, root, run as run_command},
};

/// Builds the server and runs the suite, or the tests whose name contains the filter.
pub(crate) fn run(filter: Option<&str>) -> Result<(), Failure> {
    machine::ready_for_browsers()?;
    run_command(cargo().args(["build", "--quiet", "--package", "inkan"]))?;
    let suite = root().join("e2e");
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec"]);
    if let Some(filter) = filter {
        node.arg(format!("--test-name-pattern={filter}"));
    }
    node.args(test_files(&suite)?).current_dir(&suite).env("INKAN_BINARY", target()?.join("debug/inkan"));
    run_command(&mut node)
}

/// The files are named one by one, because versions of Node.js differ in how they look into directories.
fn test_files(suite: &Path) -> Result<Vec<PathBuf>, Failure> {
    let folder = suite.join("tests");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    files.sort();
    if files.is_empty() { Err(format!("no tests in {}", folder.display())) } else { Ok(files) }
}

/// The directory in which cargo builds.
pub(crate) fn target() -> Result<PathBuf, Failure> {
    let metadata = capture(cargo().args(["metadata", "--no-deps", "--format-version=1", "--offline"]))?;
    let metadata: Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .ok_or_else(|| "cargo metadata: no target".to_owned())
}
