//! What a session token says (spec 05, sections 2.2 to 2.5).

use inkan_base::{SessionId, Timestamp};
use inkan_config::Config;
use inkan_store::Account;
use inkan_template::claims::{CompiledClaims, Email, UserData};
use serde_json::{Map, Value, json};

/// The claims of a new token. Custom claims first, so that none can take the place of a built-in one.
pub(super) fn token_claims(
    config: &Config,
    custom: &CompiledClaims,
    account: &Account,
    session: SessionId,
    amr: &[&str],
    (issued_at, expires_at): (Timestamp, Timestamp),
) -> Map<String, Value> {
    let evaluated = custom.evaluate(&user_data(account));
    for (claim, reason) in &evaluated.failures {
        tracing::warn!(claim = %claim, reason = %reason, "a custom claim could not be made and is left out");
    }
    let mut claims = evaluated.claims;
    claims.insert("sub".to_owned(), json!(account.user.id));
    claims.insert("iat".to_owned(), issued_at.seconds().into());
    claims.insert("exp".to_owned(), expires_at.seconds().into());
    claims.insert("aud".to_owned(), json!(config.audience()));
    claims.insert("session_id".to_owned(), json!(session));
    if !config.session.issuer.is_empty() {
        claims.insert("iss".to_owned(), config.session.issuer.as_str().into());
    }
    if let Some(email) = account.primary_email() {
        let email = json!({"address": email.address, "is_primary": true, "is_verified": email.verified});
        claims.insert("email".to_owned(), email);
    }
    if let Some(username) = &account.username {
        claims.insert("username".to_owned(), username.username.as_str().into());
    }
    if !amr.is_empty() {
        claims.insert("amr".to_owned(), json!(amr));
    }
    claims
}

/// The `claims` object of answers: the same under other names (spec 05, section 2.3).
pub(super) fn claims_object(
    token: &Map<String, Value>,
    issued_at: Timestamp,
    expires_at: Timestamp,
) -> Value {
    let mut object = Map::new();
    for (name, value) in token {
        let name = match name.as_str() {
            "sub" => "subject",
            "aud" => "audience",
            "iss" => "issuer",
            "iat" | "exp" | "nbf" | "jti" => continue,
            other => other,
        };
        object.entry(name.to_owned()).or_insert_with(|| value.clone());
    }
    object.insert("issued_at".to_owned(), issued_at.to_string().into());
    object.insert("expiration".to_owned(), expires_at.to_string().into());
    Value::Object(object)
}

fn user_data(account: &Account) -> UserData {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    UserData {
        user_id: account.user.id.to_string(),
        email: account.primary_email().map(|email| Email {
            address: email.address.clone(),
            is_primary: true,
            is_verified: email.verified,
        }),
        username: account.username.as_ref().map(|username| username.username.clone()).unwrap_or_default(),
        name: text(&account.user.name),
        given_name: text(&account.user.given_name),
        family_name: text(&account.user.family_name),
        picture: text(&account.user.picture),
        public_metadata: None,
        unsafe_metadata: None,
    }
}
