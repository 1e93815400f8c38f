//! What has to be true when an action was accepted, above all when there is a session.

use inkan_auth::FlowKind;
use inkan_base::UserId;

use crate::{rules::Rules, run::Run, world::Has};

type Problem = (&'static str, String);

/// What is wrong with the last answer of an accepted action.
pub(crate) async fn problems(run: &Run<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if run.doc.state() == "passcode_confirmation" {
        problems.extend(mail(run).await);
    }
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

fn signed_in(run: &Run<'_>, user: UserId) -> Vec<Problem> {
    let mut problems = Vec::new();
    let facts = &run.facts;
    if run.person.user != Some(user) {
        problems.push(("the_session_is_the_identified_users", format!("{user}")));
    }
    let proven = facts.contains("code proven") || facts.contains("password proven");
    let recovered =
        !facts.contains("recovering") || facts.contains("password replaced") && facts.contains("code proven");
    if !proven || !recovered {
        problems.push(("no_session_without_proof", format!("{facts:?}")));
    }
    let method = if facts.contains("recovering") || facts.contains("password proven") {
        "password"
    } else {
        "passcode"
    };
    if run.doc.body["payload"]["last_login"]["login_method"] != method {
        problems.push(("the_method_is_told", run.doc.body["payload"].to_string()));
    }
    problems
}

async fn registered(run: &Run<'_>, user: UserId) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (facts, config) = (&run.facts, run.world.config());
    let rules = Rules(config);
    let Some(account) = run.world.account(user).await else {
        return vec![("the_account_exists", format!("{user}"))];
    };
    let mail = facts.contains("gave mail") && rules.asks_for_mail();
    let name = facts.contains("gave name") && rules.asks_for_name();
    let address = account.emails.first().map(|email| email.address.as_str());
    let username = account.username.as_ref().map(|username| username.username.as_str());
    if address != mail.then_some(run.person.address.as_str())
        || username != name.then_some(run.person.name.as_str())
        || account.password.is_some() != facts.contains("password set")
    {
        problems.push(("the_account_has_what_was_given", format!("{account:?}")));
    }
    let verified = account.emails.iter().all(|email| email.verified);
    let proven = facts.contains("code proven");
    if mail && (verified != proven || (config.email.require_verification && !proven)) {
        problems.push(("addresses_are_verified", format!("{facts:?} {account:?}")));
    }
    let has = Has { address: mail, verified, name, password: account.password.is_some(), legacy: false };
    if !rules.can_sign_in(has) {
        problems.push(("the_account_can_be_signed_in_to", format!("{has:?}")));
    }
    problems
}
