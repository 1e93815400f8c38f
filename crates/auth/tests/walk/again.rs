//! Signing in to an account that was just registered, with what was given to it: to success, and over the second factor if the
//! account has one.

use inkan_auth::FlowKind;
use serde_json::json;

use crate::{
    candidates::candidate,
    person::Person,
    rules::{Rules, has_now},
    run::{Run, Situation},
    success,
};

/// What is done, the first of these that is on offer. Everything that can be skipped is.
const STEPS: [(&str, &str); 20] = [
    ("register_client_capabilities", "true"),
    ("continue_with_login_identifier", "mail"),
    ("continue_with_login_identifier", "name"),
    ("continue_to_password_login", "plain"),
    ("password_login", "right"),
    ("verify_passcode", "right"),
    ("continue_to_passcode_confirmation", "plain"),
    ("otp_code_validate", "right"),
    ("skip", "plain"),
    ("webauthn_verify_assertion_response", "right"),
    ("webauthn_generate_request_options", "plain"),
    ("webauthn_verify_attestation_response", "right"),
    ("webauthn_generate_creation_options", "plain"),
    ("register_password", "good"),
    ("continue_to_otp_secret_creation", "plain"),
    ("otp_code_verify", "right"),
    ("continue_to_security_key_creation", "plain"),
    ("continue_to_password_registration", "plain"),
    ("username_create", "free"),
    ("email_address_set", "free"),
];

pub(crate) async fn sign_in(registered: &Run<'_>) -> Result<(), String> {
    let world = registered.world;
    let rules = Rules(world.config());
    let user = registered.doc.body["payload"]["user"]["user_id"].as_str().and_then(|id| id.parse().ok());
    let has = has_now(registered);
    let mut person = Person { has, user, codes_left: 10, ..registered.person.clone() };
    if registered.facts.contains("password set") {
        person.password = registered.new_password();
    }
    let situation = Situation { name: "just registered", flow: FlowKind::Login, has, exists: true };
    let by_passkey = !rules.can_sign_in(crate::person::Has { passkey: false, ..has });
    let mut run = Run::of(world, situation, person, registered.other.clone()).await?;
    for _ in 0..20 {
        if run.doc.session.is_some() {
            let mut problems = success::problems(&run).await.into_iter();
            return problems.next().map_or(Ok(()), |(check, detail)| Err(format!("{check}: {detail}")));
        }
        let (action, label) = next(&run, by_passkey).await.ok_or_else(|| run.doc.body.to_string())?;
        run.choose(action, label).await?;
        if run.doc.status != 200 {
            return Err(format!("{action}[{label}]: {}", run.doc.body));
        }
    }
    Err(format!("no end: {}", json!(run.doc.body)))
}

/// A security key goes before an app, as the server asks for it; a passkey only where nothing else is there.
async fn next(run: &Run<'_>, by_passkey: bool) -> Option<(&'static str, &'static str)> {
    for (action, label) in STEPS {
        let identifies = action == "continue_with_login_identifier";
        let possible = match run.doc.state() {
            "login_init" => identifies != by_passkey && (label != "right"),
            "login_passkey" => label == "right",
            "login_method_chooser" if !run.person.has.password => action != "continue_to_password_login",
            _ => true,
        };
        if possible && run.doc.offers(action) && candidate(run, action, label).await.is_some() {
            return Some((action, label));
        }
    }
    None
}
