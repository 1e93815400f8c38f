//! The command line, as a program (spec 09 D).

use std::process::{Command, Output};

use inkan_test_support::temporary_directory;
use serde_json::Value;

fn inkan(config: &str, arguments: &[&str]) -> Output {
    let directory = temporary_directory();
    let file = directory.path().join("config.yaml");
    std::fs::write(&file, format!("data_dir: {}\n{config}", directory.path().join("data").display()))
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkan"));
    command.args(arguments).current_dir(directory.path()).env_clear();
    if !arguments.contains(&"--config") {
        command.arg("--config").arg(&file);
    }
    command.output().unwrap()
}

fn texts(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn s122_a_broken_configuration_starts_nothing_and_every_problem_is_named() {
    let broken = "emial: {}\nsession: { lifespan: soon, cookie: { secure: false, same_site: none } }\n";
    for arguments in [&["config", "check"][..], &["serve"], &[]] {
        let (code, out, err) = texts(&inkan(broken, arguments));
        assert_eq!((code, out.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(err.contains("emial") && err.contains("email") && err.contains("session.lifespan"), "{err}");
    }
    let (code, _, err) = texts(&inkan("", &["serve", "--config", "/nowhere/config.yaml"]));
    assert!(code == Some(1) && err.contains("/nowhere/config.yaml"), "{err}");
}

#[test]
fn s122_a_check_looks_at_whom_to_trust_as_well() {
    for (settings, message) in [
        ("mds_file: /nowhere/blob.jwt", "webauthn.attestation.mds_file: /nowhere/blob.jwt: No such file"),
        ("trust_anchors: [nonsense]", "webauthn.attestation.trust_anchors[0] is neither"),
    ] {
        let config = format!("webauthn: {{ attestation: {{ {settings} }} }}");
        let (code, out, err) = texts(&inkan(&config, &["config", "check"]));
        assert!(code == Some(1) && out.is_empty() && err.contains(message), "{err}");
    }
}

#[test]
fn usage_errors_end_with_one() {
    for arguments in [
        &["unknown"][..],
        &["serve", "everything"],
        &["flows", "--nothing"],
        &["isready"],
        &["flows", "nothing"],
    ] {
        assert_eq!(inkan("", arguments).status.code(), Some(1), "{arguments:?}");
    }
    assert_eq!(inkan("", &["--help"]).status.code(), Some(0));
}

#[test]
fn commands_print_data() {
    let (code, out, err) = texts(&inkan("", &["config", "check"]));
    assert_eq!((code, out.as_str()), (Some(0), "The configuration is good.\n"), "{err}");
    assert!(texts(&inkan("", &["version"])).1.starts_with('v'));
    assert!(texts(&inkan("", &["flows", "login"])).1.starts_with("stateDiagram-v2\n    [*] --> preflight"));
    let schema: Value = serde_json::from_slice(&inkan("", &["config", "schema"]).stdout).unwrap();
    assert_eq!(schema["type"], "object");
    let key: Value = serde_json::from_slice(&inkan("", &["jwk", "create"]).stdout).unwrap();
    assert_eq!((&key["kty"], &key["alg"]), (&"RSA".into(), &"RS256".into()));
    let (code, out, _) = texts(&inkan("secret_keys: [do-not-show-this-secret]\n", &["config", "show"]));
    assert!(code == Some(0) && !out.contains("do-not-show-this-secret"), "{out}");
}

#[test]
fn the_database_is_made_and_cleaned_up() {
    assert_eq!(inkan("", &["migrate", "up"]).status.code(), Some(0));
    let (code, out, _) = texts(&inkan("", &["cleanup", "--run"]));
    let nothing = [
        "flows",
        "passcodes",
        "webauthn_challenges",
        "second_factor_attempts",
        "trusted_devices",
        "sessions",
        "audit_records",
        "outbox",
    ]
    .map(|table| format!("{table} 0\n"));
    assert_eq!((code, out), (Some(0), nothing.concat()));
    assert_eq!(texts(&inkan("", &["cleanup"])).1, "");
    let nothing_there = "server: { public: { address: '127.0.0.1:1' } }\n";
    assert_eq!(inkan(nothing_there, &["isready", "public"]).status.code(), Some(1));
}
