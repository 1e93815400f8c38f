//! `success`: the account is created (registration), the session is made, the client is told (spec 02, section 13; spec 03,
//! sections 4.6 and 14).

use inkan_base::{EmailId, PasswordId, UserId, UsernameId};
use inkan_flow::{FlowError, InputError, Rejection};
use inkan_store::{Account, Email, User, Username};
use serde_json::json;

use super::{Failure, FlowKind, LoginMethod, Outcome, Step, factors};
use crate::{
    accounts::profile::profile,
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
    let request =
        sessions::Request { account: &account, amr: amr(step), remember_me: step.progress.data.remember_me };
    let issued = issue(step.tx, step.app, step.cx, request, proof, &mut step.out.ended).await?;
    step.tell("user", profile(&step.app.config, &account));
    step.tell("claims", issued.claims.clone());
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
    let data = step.progress.data.clone();
    if let Some(address) = &data.address
        && step.tx.emails().find_by_address(address).await?.is_some()
    {
        return Ok(Some(Rejection::input("email", InputError::email_exists())));
    }
    if let Some(name) = &data.username
        && step.tx.usernames().find(name).await?.is_some()
    {
        return Ok(Some(Rejection::input("username", InputError::username_exists())));
    }
    Ok(None)
}

async fn create_account(step: &mut Step<'_, '_>) -> Result<Account, Failure> {
    let data = step.progress.data.clone();
    let user = data.user.ok_or_else(|| Failure::Bug("no user id for the new account".into()))?;
    let now = step.cx.now;
    step.tx.users().create(&User::new(user, now)).await?;
    if let Some(address) = data.address {
        let id = EmailId::random(step.app.rng.as_ref());
        let email = Email {
            id,
            user_id: user,
            address,
            verified: data.email_verified,
            primary: true,
            created_at: now,
            updated_at: now,
        };
        step.tx.emails().create(&email).await?;
    }
    if let Some(hash) = data.password_hash {
        let id = PasswordId::random(step.app.rng.as_ref());
        step.tx.passwords().upsert(user, &hash, id, now).await?;
    }
    if let Some(username) = data.username {
        let id = UsernameId::random(step.app.rng.as_ref());
        let username = Username { id, user_id: user, username, created_at: now, updated_at: now };
        step.tx.usernames().create(&username).await?;
    }
    find_created(step, user).await
}

async fn find_created(step: &mut Step<'_, '_>, user: UserId) -> Result<Account, Failure> {
    let account = step.tx.accounts().find(user).await?;
    account.ok_or_else(|| Failure::Bug("the new account cannot be read".into()))
}
