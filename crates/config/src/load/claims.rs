//! Custom claims that will be missing in tokens: found at start with a made-up user, instead of at the first sign-in.

use inkan_template::claims::{Email, UserData, check, evaluate};
use serde_json::json;

use crate::Config;

/// One line per claim that cannot be made even for a user who has everything.
pub(super) fn warnings(config: &Config) -> Vec<String> {
    let claims = &config.session.jwt_template.claims;
    let mut problems = check(claims);
    problems.extend(evaluate(claims, &sample()).failures);
    problems.dedup_by(|second, first| second.0 == first.0);
    let line =
        |(claim, problem)| format!("session.jwt_template.claims.{claim}: left out of tokens: {problem}");
    problems.into_iter().map(line).collect()
}

fn sample() -> UserData {
    let address = "somebody@example.com".to_owned();
    UserData {
        user_id: "00000000-0000-4000-8000-000000000000".to_owned(),
        email: Some(Email { address, is_primary: true, is_verified: true }),
        username: "somebody".to_owned(),
        name: "Some Body".to_owned(),
        given_name: "Some".to_owned(),
        family_name: "Body".to_owned(),
        picture: "https://example.com/somebody.png".to_owned(),
        public_metadata: Some(json!({})),
        unsafe_metadata: Some(json!({})),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_misspelt_field_is_told_at_start() {
        let yaml = r#"session: {jwt_template: {claims: {good: "{{.User.Name}}", bad: "{{.User.Emial}}", worse: "{{"}}}"#;
        let loaded = crate::Config::from_yaml_and_env(yaml, []).unwrap();
        let told = |claim: &str| loaded.warnings.iter().filter(|line| line.contains(claim)).count();
        assert_eq!((told(".good:"), told(".bad:"), told(".worse:")), (0, 1, 1), "{:?}", loaded.warnings);
    }
}
