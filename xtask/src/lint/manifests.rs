//! Manifests: versions and lints come from the workspace, and the lock file of the browser suite names no registry.

use std::path::Path;

use super::Project;

/// One violation for each manifest that goes its own way.
pub(super) fn check(project: &Project) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, text) in &project.files {
        match path.file_name().and_then(|name| name.to_str()) {
            Some("Cargo.toml") if path != Path::new("Cargo.toml") && !path.starts_with("fuzz") => {
                violations.extend(manifest(text).map(|what| format!("{}: {what}", path.display())));
            }
            Some("package-lock.json") if text.contains("\"resolved\"") => {
                violations.push(format!("{}: names the registry it was made with", path.display()));
            }
            _ => {}
        }
    }
    violations
}

fn manifest(text: &str) -> impl Iterator<Item = String> + '_ {
    let demanded = ["version.workspace = true", "license.workspace = true"];
    let missing = demanded.into_iter().filter(|line| !text.lines().any(|other| other.trim() == *line));
    let missing = missing.map(|line| format!("`{line}` is missing"));
    let lints = (!text.contains("[lints]\nworkspace = true"))
        .then(|| "the lints of the workspace are off".to_owned());
    missing.chain(lints).chain(own_versions(text))
}

fn own_versions(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut dependencies = false;
    text.lines().filter_map(move |line| {
        if line.starts_with('[') {
            dependencies = line.contains("dependencies");
            return None;
        }
        let (name, _) = line.split_once('=').filter(|_| dependencies && !line.starts_with('#'))?;
        (!line.contains("workspace = true"))
            .then(|| format!("the version of {} is not the workspace's", name.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_takes_everything_from_the_workspace() {
        let good = "[package]\nversion.workspace = true\nlicense.workspace = true\n\n[dependencies]\nserde = { workspace = true }\n\n[lints]\nworkspace = true\n";

        assert_eq!(manifest(good).count(), 0);
        assert_eq!(manifest(&good.replace("{ workspace = true }", "\"1\"")).count(), 1);
        assert_eq!(manifest(&good.replace("version.workspace = true", "version = \"1.0.0\"")).count(), 1);
        assert_eq!(manifest(&good.replace("[lints]\nworkspace = true", "")).count(), 1);
    }
}
