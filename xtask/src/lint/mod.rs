//! `cargo xtask lint`: the rules of the house that no other tool checks. Works without network.

mod bans;
mod exceptions;
mod layers;
mod leftovers;
mod licences;
mod links;
mod manifests;
mod sizes;
mod source;

use std::{path::PathBuf, process::Command};

use serde_json::Value;

use crate::{
    Failure,
    process::{capture, cargo, root},
};
use exceptions::Exceptions;

/// Checks all rules and prints every violation.
pub(crate) fn run() -> Result<(), Failure> {
    let project = Project::read()?;
    let exceptions = Exceptions::read()?;
    let mut violations = Vec::new();
    violations.extend(licences::check(&project, &exceptions));
    violations.extend(bans::check()?);
    violations.extend(layers::check(&project));
    violations.extend(manifests::check(&project));
    violations.extend(sizes::check(&project, &exceptions));
    violations.extend(leftovers::check(&project));
    violations.extend(links::check(&project));
    violations.extend(exceptions.unused());
    for violation in &violations {
        println!("{violation}");
    }
    if violations.is_empty() {
        println!(
            "lint: {} packages and {} files, no violations",
            project.packages().len(),
            project.files.len()
        );
        Ok(())
    } else {
        Err(format!("lint: {} violations", violations.len()))
    }
}

/// What the rules look at.
struct Project {
    /// What `cargo metadata` says.
    metadata: Value,
    /// The project's text files with their path relative to the root; what git ignores is not among them.
    files: Vec<(PathBuf, String)>,
}

impl Project {
    fn read() -> Result<Self, Failure> {
        // Crates of other platforms are downloaded the first time; from then on no network is needed.
        let metadata =
            |mode: &[&str]| capture(cargo().args(["metadata", "--format-version=1", "--locked"]).args(mode));
        let metadata = metadata(&["--offline", "--quiet"]).or_else(|_| metadata(&[]))?;
        let metadata = serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
        let mut list = Command::new("git");
        list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root());
        let list = capture(&mut list)?;
        let paths = list.split('\0').filter(|path| !path.is_empty()).map(PathBuf::from);
        // What cannot be read is deleted but still known to git, or is no text.
        let files =
            paths.filter_map(|path| Some((path.clone(), std::fs::read_to_string(root().join(path)).ok()?)));
        Ok(Self { metadata, files: files.collect() })
    }

    fn packages(&self) -> &[Value] {
        self.metadata["packages"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The packages of this workspace.
    fn members(&self) -> impl Iterator<Item = &Value> {
        self.packages().iter().filter(|package| package["source"].is_null())
    }
}
