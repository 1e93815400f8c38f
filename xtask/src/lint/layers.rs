//! Layers: a crate of this workspace uses only crates further down. For tests a crate may use any other.

use super::Project;

/// From the lowest to the highest.
const LAYERS: [&str; 13] = [
    "inkan-base",
    "inkan-flow",
    "inkan-template",
    "inkan-config",
    "inkan-store",
    "inkan-crypto",
    "inkan-mail",
    "inkan-webauthn",
    "inkan-federation",
    "inkan-auth",
    "inkan-api",
    "inkan-test-support",
    "inkan",
];

/// Outside the layers: they may use everything, nothing may use them.
const OUTSIDE: [&str; 2] = ["xtask", "inkan-bench"];

/// Used by tests only.
const TEST_ONLY: [&str; 1] = ["inkan-test-support"];

/// One violation for each dependency that points upwards.
pub(super) fn check(project: &Project) -> Vec<String> {
    let mut violations = Vec::new();
    let names: Vec<&str> = project.members().filter_map(|package| package["name"].as_str()).collect();
    for package in project.members() {
        let name = package["name"].as_str().unwrap_or_default();
        if OUTSIDE.contains(&name) {
            continue;
        }
        if layer(name).is_none() {
            violations.push(format!("{name} has no place among the layers"));
        }
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"] == "dev";
            if names.contains(&used) && !for_tests && !may_use(name, used) {
                violations.push(format!("{name} must not depend on {used}"));
            }
        }
    }
    violations
}

fn may_use(above: &str, below: &str) -> bool {
    !OUTSIDE.contains(&below) && !TEST_ONLY.contains(&below) && layer(below) < layer(above)
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| *layer == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_downwards() {
        assert!(may_use("inkan-api", "inkan-auth"));
        assert!(!may_use("inkan-auth", "inkan-api"));
        assert!(!may_use("inkan-auth", "inkan-auth"));
        assert!(!may_use("inkan", "inkan-test-support"));
        assert!(!may_use("inkan", "xtask"));
    }
}
