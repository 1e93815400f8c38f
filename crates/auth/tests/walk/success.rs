//! What has to be true when an action was accepted, above all when there is a session.

use inkan_auth::FlowKind;
use inkan_base::UserId;

use crate::{
    rules::{Rules, had, has_now},
    run::Run,
};

type Problem = (&'static str, String);

/// What is wrong with the last answer of an accepted action.
pub(crate) async fn problems(run: &Run<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if run.doc.state() == "passcode_confirmation" {
        problems.extend(mail(run).await);
    }
    problems.extend(second_factor_first(run));
    let Some(token) = &run.doc.session else { return problems };
    let body = &run.doc.body["payload"];
    let user: Option<UserId> = body["user"]["user_id"].as_str().and_then(|id| id.parse().ok());
    let session = run.world.session(token).await;
    if user.is_none() || session.map(|(user, _)| user) != user {
        problems.push(("the_session_validates_and_is_the_users", format!("{session:?}, payload {body}")));
    }
    if body["claims"]["subject"].as_str() != user.map(|user| user.to_string()).as_deref() {
        problems.push(("the_claims_name_the_user", body.to_string()));
    }
    let Some(user) = user else { return problems };
    problems.extend(owned(run, user).await);
    problems.extend(told(run));
    match run.situation.flow {
        FlowKind::Login => problems.extend(signed_in(run, user)),
        FlowKind::Registration => problems.extend(registered(run, user).await),
    }
    problems
}

/// Codes go to those who may have them.
async fn mail(run: &Run<'_>) -> Option<Problem> {
    let codes = run.world.codes(&run.target()).await;
    let stranger = match run.situation.flow {
        FlowKind::Login => run.person.user.is_none() || run.facts.contains("adding taken"),
        FlowKind::Registration => run.situation.exists,
    };
    match codes.first() {
        None => Some(("a_mail_is_sent", String::new())),
        Some(code) if code.is_some() == stranger => {
            Some(("only_owners_get_codes", format!("stranger: {stranger}, code: {code:?}")))
        }
        Some(_) => None,
    }
}

/// Between the first factor and everything else comes the second, if one is asked for; a device is trusted only after that.
fn second_factor_first(run: &Run<'_>) -> Option<Problem> {
    let (rules, state) = (Rules(run.world.config()), run.doc.state());
    let first = run.knows(&["password proven", "code proven", "passkey proven"]);
    let second = run.knows(&SECOND);
    if run.situation.flow != FlowKind::Login || !first {
        return None;
    }
    let asking = ["login_otp", "login_security_key", "login_passkey", "error"].contains(&state);
    let asked = rules.asks_second_factor(had(run), &run.facts);
    if (asked && !second) != (asking && state != "error") && !(asking && state == "error") {
        return Some(("a_second_factor_comes_second", format!("{state} {:?}", run.facts)));
    }
    let prompt = run.world.config().mfa.device_trust_policy.to_string() == "prompt";
    if state == "device_trust" && !(second && prompt) {
        return Some(("trust_needs_a_second_factor", format!("{:?}", run.facts)));
    }
    None
}

/// The facts that say that a second factor was used.
const SECOND: [&str; 3] = ["app proven", "security key proven", "recovery code proven"];

fn signed_in(run: &Run<'_>, user: UserId) -> Vec<Problem> {
    let mut problems = Vec::new();
    let facts = &run.facts;
    let rules = Rules(run.world.config());
    let expected = if facts.contains("as other") { run.other.user } else { run.person.user };
    if expected != Some(user) {
        problems.push(("the_session_is_the_identified_users", format!("{user}")));
    }
    let proven = run.knows(&["code proven", "password proven", "passkey proven"]);
    let recovered =
        !facts.contains("recovering") || facts.contains("password replaced") && facts.contains("code proven");
    let second = !rules.asks_second_factor(had(run), facts) || run.knows(&SECOND);
    if !proven || !recovered || !second {
        problems.push(("no_session_without_proof", format!("{facts:?}")));
    }
    if run.doc.trusted != rules.trusts(run) {
        problems.push(("devices_are_trusted_when_due", format!("{} {facts:?}", run.doc.trusted)));
    }
    let (method, first) = if facts.contains("passkey proven") {
        ("passkey", "passkey")
    } else if facts.contains("recovering") || facts.contains("password proven") {
        ("password", "pwd")
    } else {
        ("passcode", "otp")
    };
    let mfa = [("app proven", "totp"), ("security key proven", "security_key"), (SECOND[2], "recovery_code")];
    let mfa = mfa.iter().find(|(fact, _)| facts.contains(fact)).map(|(_, method)| *method);
    let payload = &run.doc.body["payload"];
    let (last, amr) = (&payload["last_login"], &payload["claims"]["amr"]);
    if last["login_method"] != method || last["mfa_method"].as_str() != mfa {
        problems.push(("the_method_is_told", payload.to_string()));
    }
    if *amr != serde_json::json!([Some(first), mfa].into_iter().flatten().collect::<Vec<_>>()) {
        problems.push(("amr_is_what_was_proven", payload.to_string()));
    }
    problems
}

/// The account has what was demanded, and nothing that was not there or given.
async fn owned(run: &Run<'_>, user: UserId) -> Vec<Problem> {
    let (flow, rules, has) = (run.situation.flow, Rules(run.world.config()), has_now(run));
    let Some(account) = run.world.account(user).await else {
        return vec![("the_account_exists", format!("{user}"))];
    };
    let mut problems = Vec::new();
    let (before, factors) = (had(run), &account.factors);
    let count = |before: bool, fact: &str| i64::from(before) + i64::from(run.facts.contains(fact));
    let redeemed = i64::from(run.facts.contains("recovery code proven"));
    let codes = if before.codes { run.person.codes_left - redeemed } else { i64::from(has.codes) * 10 };
    let exact = factors.passkeys == count(before.passkey, "passkey added")
        && factors.security_keys == count(before.security_key, "security key added")
        && factors.otp == has.totp
        && account.password.is_some() == has.password
        && (factors.recovery_codes == codes || run.facts.contains("as other"));
    if !exact {
        problems.push(("the_account_has_what_was_given", format!("{has:?} {account:?}")));
    }
    if let Some(lack) = rules.lacks(flow, has, &run.facts) {
        problems.push(("what_is_required_is_there", format!("no {lack}: {:?}", run.facts)));
    }
    if rules.demands_second_factor(flow, before, has) && !rules.has_second_factor(has) {
        problems.push(("what_is_required_is_there", format!("no second factor: {:?}", run.facts)));
    }
    problems
}

/// What the owner is told about the account.
fn told(run: &Run<'_>) -> Option<Problem> {
    let (config, has) = (run.world.config(), has_now(run));
    let user = &run.doc.body["payload"]["user"];
    let listed = |name: &str| user[name].as_array().is_some_and(|list| !list.is_empty());
    let passkeys = has.passkey && config.passkey.enabled;
    let keys = has.security_key && config.mfa.security_keys.enabled;
    let right = listed("passkeys") == passkeys
        && listed("security_keys") == keys
        && user["mfa_config"]["auth_app_set_up"] == has.totp;
    (!right).then(|| ("the_profile_is_right", user.to_string()))
}

async fn registered(run: &Run<'_>, user: UserId) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (facts, config) = (&run.facts, run.world.config());
    let rules = Rules(config);
    let Some(account) = run.world.account(user).await else {
        return vec![("the_account_exists", format!("{user}"))];
    };
    let has = has_now(run);
    let (mail, name) = (has.address, has.name);
    let address = account.emails.first().map(|email| email.address.as_str());
    let username = account.username.as_ref().map(|username| username.username.as_str());
    if address != mail.then_some(run.person.address.as_str())
        || username != name.then_some(run.person.name.as_str())
    {
        problems.push(("the_account_has_what_was_given", format!("{account:?}")));
    }
    let verified = account.emails.iter().all(|email| email.verified);
    let proven = facts.contains("code proven");
    if mail && (verified != proven || (config.email.require_verification && !proven)) {
        problems.push(("addresses_are_verified", format!("{facts:?} {account:?}")));
    }
    let methods = [
        ("code proven", "otp"),
        ("password set", "pwd"),
        ("passkey added", "passkey"),
        ("app added", "totp"),
        ("security key added", "security_key"),
    ];
    let amr: Vec<&str> =
        methods.iter().filter(|(fact, _)| facts.contains(fact)).map(|(_, name)| *name).collect();
    let claims = &run.doc.body["payload"]["claims"];
    if claims.get("amr").cloned().unwrap_or_default() != serde_json::json!((!amr.is_empty()).then_some(amr)) {
        problems.push(("amr_is_what_was_proven", claims.to_string()));
    }
    if run.doc.trusted {
        problems.push(("devices_are_trusted_when_due", format!("{facts:?}")));
    }
    if !rules.can_sign_in(has) {
        problems.push(("the_account_can_be_signed_in_to", format!("{has:?}")));
    }
    problems
}
