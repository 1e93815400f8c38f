//! The generated files are up to date.

use std::path::PathBuf;

use crate::{Config, reference_markdown};

#[track_caller]
fn is_current(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "docs/reference/{name} is stale: UPDATE_DOCS=1 cargo test -p inkan-config");
}

#[test]
fn the_reference_is_current() {
    is_current("configuration.md", &reference_markdown());
}

#[test]
fn the_schema_is_current() {
    let schema = serde_json::to_string_pretty(&Config::json_schema()).unwrap();
    is_current("config.schema.json", &(schema + "\n"));
}

#[test]
fn every_setting_is_described() {
    for setting in crate::load::keys::SETTINGS.iter() {
        assert!(!setting.key.doc.is_empty(), "{} has no description", setting.path);
    }
}
