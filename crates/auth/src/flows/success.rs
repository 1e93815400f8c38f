//! `success`: the account is created (registration), the session is made, the client is told (spec 02, section 13; spec 03,
//! sections 4.6 and 14).

use inkan_base::{EmailId, PasswordId, UsernameId};
use inkan_flow::{FlowError, InputError, Rejection};
use inkan_store::{Account, Email, Password, User, Username};
use serde_json::json;

use super::{Failure, FlowKind, LoginMethod, Outcome, Step, factors};
use crate::{
    accounts::{profile::profile, taken},
    events::Event,
    sessions::{self, issue},
};

/// Completes the flow. Returns another outcome when it cannot be completed.
pub(crate) async fn enter(step: &mut Step<'_, '_>) -> Result<Option<Outcome>, Failure> {
    let not_permitted = Ok(Some(Outcome::Fail(FlowError::OperationNotPermitted)));
    let (account, proof) = match step.flow {
        FlowKind::Login => {
            let Some(account) = step.locked_account().await? else { return not_permitted };
            let Some(proof) = factors::signed_in(&step.progress.data, &account) else { return not_permitted };
            (account, proof)
        }
        FlowKind::Registration => {
            let data = &step.progress.data;
            let Some(proof) = factors::registered(&step.app.config, data) else { return not_permitted };
            if let Some(rejection) = taken_meanwhile(step).await? {
                return Ok(Some(Outcome::Restart(rejection)));
            }
            (create_account(step).await?, proof)
        }
    };
    let presented = match &step.facts.presented {
        Some(presented) => presented.clone(),
        None => sessions::presented(step.app, step.cx),
    };
    let remember_me = step.progress.data.remember_me;
    let request = sessions::Request { account: &account, amr: amr(step), remember_me, presented: &presented };
    let (issued, claims) = issue(step.tx, step.app, step.cx, request, proof).await?;
    step.tell("user", profile(&step.app.config, &account));
    step.tell("claims", claims);
    step.out.session = Some(issued);
    step.out.signed_in = Some(account.user.id);
    record(step, &account).await?;
    Ok(None)
}

/// What the session was proven with (spec 03, section 14.3; spec 05, section 2.4).
fn amr(step: &Step<'_, '_>) -> Vec<&'static str> {
    let data = &step.progress.data;
    match step.flow {
        FlowKind::Login => data.login_method.map(LoginMethod::amr).into_iter().collect(),
        FlowKind::Registration => [(data.email_verified, "otp"), (data.password_hash.is_some(), "pwd")]
            .into_iter()
            .filter_map(|(used, value)| used.then_some(value))
            .collect(),
    }
}

async fn record(step: &mut Step<'_, '_>, account: &Account) -> Result<(), Failure> {
    let user = account.user.id;
    let email = account.primary_email().map(|email| email.address.as_str());
    match (step.flow, step.progress.data.login_method) {
        (FlowKind::Login, Some(method)) => {
            step.tell("last_login", json!({ "login_method": method.as_str() }));
            step.record(Event::LoginSucceeded { user, method }).await?;
        }
        (FlowKind::Login, None) => return Err(Failure::Bug("signed in without a method".into())),
        (FlowKind::Registration, _) => {
            let username = account.username.as_ref().map(|username| username.username.as_str());
            let password = account.password.is_some();
            step.record(Event::UserCreated { user, email, username, password }).await?;
        }
    }
    Ok(())
}

/// Somebody else registered one of the identifiers while this flow was under way: it starts over where they can be changed
/// (spec 03, section 20, item 16). The address was proven by now, or existence may be told anyway, so nothing is revealed.
async fn taken_meanwhile(step: &mut Step<'_, '_>) -> Result<Option<Rejection>, Failure> {
    let data = &step.progress.data;
    Ok(match taken(step.tx, data.address.as_deref(), data.username.as_deref()).await? {
        (true, _) => Some(Rejection::input("email", InputError::email_exists())),
        (_, true) => Some(Rejection::input("username", InputError::username_exists())),
        _ => None,
    })
}

/// The account as it is stored: it is not read back.
async fn create_account(step: &mut Step<'_, '_>) -> Result<Account, Failure> {
    let data = step.progress.data.clone();
    let id = data.user.ok_or_else(|| Failure::Bug("no user id for the new account".into()))?;
    let (now, rng) = (step.cx.now, step.app.rng.as_ref());
    let mut account = Account::new(User::new(id, now));
    step.tx.users().create(&account.user).await?;
    if let Some(address) = data.address {
        let email = Email {
            id: EmailId::random(rng),
            user_id: id,
            address,
            verified: data.email_verified,
            primary: true,
            created_at: now,
            updated_at: now,
        };
        step.tx.emails().create(&email).await?;
        account.emails.push(email);
    }
    if let Some(hash) = data.password_hash {
        let password =
            Password { id: PasswordId::random(rng), user_id: id, hash, created_at: now, updated_at: now };
        step.tx.passwords().upsert(id, &password.hash, password.id, now).await?;
        account.password = Some(password);
    }
    if let Some(username) = data.username {
        let username =
            Username { id: UsernameId::random(rng), user_id: id, username, created_at: now, updated_at: now };
        step.tx.usernames().create(&username).await?;
        account.username = Some(username);
    }
    Ok(account)
}
