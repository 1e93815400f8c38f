//! Crates that must not be built into the server: one TLS and crypto provider (aws-lc-rs), one HTTP client.

use std::collections::BTreeSet;

use crate::{
    Failure,
    process::{capture, cargo},
};

const BANNED: [(&str, &str); 4] = [
    ("ring", "aws-lc-rs is the crypto provider"),
    ("openssl-sys", "rustls and aws-lc-rs are used instead"),
    ("native-tls", "rustls is used instead"),
    ("rsa", "RUSTSEC-2023-0071: its private key operations leak by time"),
];

/// Only one version of each may be built in.
const SINGLE: [&str; 2] = ["reqwest", "rustls"];

/// One violation for each banned crate in the tree that is built, with the features that are really on.
pub(super) fn check() -> Result<Vec<String>, Failure> {
    let mut command = cargo();
    command.args(["tree", "--workspace", "--edges=normal,build", "--target=x86_64-unknown-linux-gnu"]);
    command.args(["--prefix=none", "--format={p}", "--offline", "--locked"]);
    Ok(violations(&capture(&mut command)?))
}

fn violations(tree: &str) -> Vec<String> {
    let packages: BTreeSet<(&str, &str)> = tree
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()?))
        })
        .collect();
    let banned = BANNED.iter().filter(|(name, _)| packages.iter().any(|(package, _)| package == name));
    let mut violations: Vec<String> =
        banned.map(|(name, why)| format!("banned crate {name}: {why}")).collect();
    for name in SINGLE {
        let versions: Vec<&str> =
            packages.iter().filter(|(package, _)| *package == name).map(|(_, version)| *version).collect();
        if versions.len() > 1 {
            violations.push(format!("more than one {name}: {}", versions.join(", ")));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banned_crates_and_second_versions_are_found() {
        let tree =
            "inkan v0.1.0 (/src)\nreqwest v0.13.1\nreqwest v0.13.1 (*)\nring-buffer v1.0.0\n\nserde v1.0.0\n";

        assert!(violations(tree).is_empty());
        assert_eq!(violations(&format!("{tree}ring v0.17.8\nreqwest v0.12.0\n")).len(), 2);
    }
}
