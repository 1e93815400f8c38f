//! An account as its owner sees it: `payload.user` and `GET /me` (spec 02, section 13; spec 05, section 6.1).

use inkan_config::Config;
use inkan_store::{Account, WebauthnCredential};
use serde_json::{Value, json};

use super::webauthn;

/// The profile object. Empty parts are left out.
pub(crate) fn profile(config: &Config, account: &Account, credentials: &[WebauthnCredential]) -> Value {
    let user = &account.user;
    let mfa = &config.mfa;
    let mut profile = json!({
        "id": user.id,
        "user_id": user.id,
        "created_at": user.created_at.to_string(),
        "updated_at": user.updated_at.to_string(),
        "mfa_config": {
            "auth_app_set_up": account.factors.otp,
            "totp_enabled": mfa.enabled && mfa.totp.enabled,
            "security_keys_enabled": mfa.enabled && mfa.security_keys.enabled,
        },
    });
    let emails: Vec<Value> = account.emails.iter().map(email).collect();
    if !emails.is_empty() {
        profile["emails"] = emails.into();
    }
    for (member, shown, mfa_only) in
        [("passkeys", config.passkey.enabled, false), ("security_keys", mfa.security_keys.enabled, true)]
    {
        let of_kind = credentials.iter().filter(|credential| shown && credential.mfa_only == mfa_only);
        let documents: Vec<Value> = of_kind.map(webauthn::document).collect();
        if !documents.is_empty() {
            profile[member] = documents.into();
        }
    }
    if let Some(username) = &account.username {
        profile["username"] = json!({
            "id": username.id,
            "username": username.username,
            "created_at": username.created_at.to_string(),
            "updated_at": username.updated_at.to_string(),
        });
    }
    let names = [
        ("name", &user.name),
        ("given_name", &user.given_name),
        ("family_name", &user.family_name),
        ("picture", &user.picture),
    ];
    for (member, value) in names {
        if let Some(value) = value {
            profile[member] = value.as_str().into();
        }
    }
    profile
}

fn email(email: &inkan_store::Email) -> Value {
    json!({
        "id": email.id,
        "address": email.address,
        "is_verified": email.verified,
        "is_primary": email.primary,
    })
}
