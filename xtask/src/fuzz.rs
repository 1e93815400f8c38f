//! `cargo xtask fuzz`: arbitrary bytes through everything that reads what a client sent, guided by coverage. Needs nightly Rust and
//! cargo-fuzz; the tests replay the committed corpus without either.
//!
//! What is found lies in `fuzz/corpus` (new inputs) and `fuzz/artifacts` (inputs that break something). An input that broke
//! something belongs into the committed corpus, so that the tests replay it.

use std::{path::PathBuf, process::Command};

use crate::{
    Failure,
    process::{find, output, root, run},
};

/// Each target, and the folder with its committed corpus.
const TARGETS: [(&str, &str); 4] = [
    ("webauthn_attestation", "crates/webauthn/corpus/attestation"),
    ("webauthn_assertion", "crates/webauthn/corpus/assertion"),
    ("webauthn_cbor", "crates/webauthn/corpus/cbor"),
    ("webauthn_client_data", "crates/webauthn/corpus/client_data"),
];

const DEFAULT_SECONDS: u32 = 60;

/// What is fuzzed, and for how long each.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    targets: Vec<(&'static str, &'static str)>,
    seconds: u32,
}

impl Options {
    /// `[target] [--seconds N]`
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self, Failure> {
        let mut options = Self { targets: TARGETS.to_vec(), seconds: DEFAULT_SECONDS };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if *argument == "--seconds" {
                let number = arguments.next().and_then(|number| number.parse().ok());
                options.seconds = number.ok_or("fuzz: --seconds needs a number")?;
            } else {
                options.targets.retain(|(name, _)| name == argument);
                if options.targets.is_empty() {
                    let known = TARGETS.map(|(name, _)| name).join(", ");
                    return Err(format!("fuzz: no target {argument:?}; there are {known}"));
                }
            }
        }
        Ok(options)
    }
}

/// Fuzzes one target after the other; `Err` with the first that breaks.
pub(crate) fn fuzz(options: &Options) -> Result<(), Failure> {
    let cargo = nightly_with_fuzz()?;
    for (target, corpus) in &options.targets {
        println!("fuzz: {target}, {} s", options.seconds);
        let mut command = Command::new(&cargo);
        command.current_dir(root()).args(["+nightly", "fuzz", "run", target]);
        let found = root().join("fuzz/corpus").join(target);
        std::fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
        command.arg(found).arg(root().join(corpus));
        command.args([
            "--",
            &format!("-max_total_time={}", options.seconds),
            "-max_len=65536",
            "-timeout=10",
        ]);
        // The toolchain that runs this program must not decide about the one below it.
        command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
        run(&mut command)?;
    }
    Ok(())
}

/// Cargo as rustup installs it; says what is missing.
fn nightly_with_fuzz() -> Result<PathBuf, Failure> {
    find("cargo-fuzz").ok_or("fuzz: cargo-fuzz is not installed; run `cargo install cargo-fuzz`")?;
    let rustup =
        find("rustup").ok_or("fuzz: needs nightly Rust, which rustup installs; rustup was not found")?;
    let toolchains = output(Command::new(rustup).args(["toolchain", "list"]))?;
    let toolchains = String::from_utf8_lossy(&toolchains.stdout).into_owned();
    if !toolchains.lines().any(|name| name.starts_with("nightly")) {
        return Err("fuzz: nightly Rust is not installed; run `rustup toolchain install nightly`".to_owned());
    }
    find("cargo").ok_or_else(|| "fuzz: cargo was not found".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_time_are_chosen() {
        let all = Options::parse(&[]).unwrap();
        assert_eq!((all.targets.len(), all.seconds), (4, DEFAULT_SECONDS));
        let one = Options::parse(&["webauthn_cbor", "--seconds", "5"]).unwrap();
        assert_eq!((one.targets[0].0, one.targets.len(), one.seconds), ("webauthn_cbor", 1, 5));
        assert!(Options::parse(&["webauthn_xml"]).is_err());
        assert!(Options::parse(&["--seconds"]).is_err());
    }

    #[test]
    fn every_target_has_a_corpus_and_a_program() {
        let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
        for (name, corpus) in TARGETS {
            assert!(root().join(corpus).is_dir(), "{corpus}");
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        }
    }
}
