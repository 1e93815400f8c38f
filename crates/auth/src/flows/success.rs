//! `success`: the account is created (registration), the session is made, the client is told (spec 02, section 13; spec 03,
//! sections 4.6 and 14).

use inkan_base::{EmailId, OtpSecretId, PasswordId, UsernameId};
use inkan_flow::{FlowError, InputError, Rejection};
use inkan_store::{Account, Email, Password, User, Username};
use serde_json::json;

use super::{Failure, FlowKind, LoginMethod, MfaMethod, Outcome, SecondProof, Step, factors};
use crate::{
    accounts::{device, otp, profile::profile, recovery_code, taken, webauthn},
    events::Event,
    sessions::{self, issue},
};

/// Completes the flow. Returns another outcome when it cannot be completed.
pub(crate) async fn enter(step: &mut Step<'_, '_>) -> Result<Option<Outcome>, Failure> {
    let (account, totp, proof) = match step.flow {
        FlowKind::Login => {
            let Some(account) = step.locked_account().await? else {
                return Ok(Some(Outcome::Fail(FlowError::OperationNotPermitted)));
            };
            match factors::signed_in(step, &account).await? {
                Ok(proof) => (account, None, proof),
                Err(missing) => return Ok(Some(missing.outcome())),
            }
        }
        FlowKind::Registration => {
            let proof = match factors::registered(&step.app.config, &step.progress.data) {
                Ok(proof) => proof,
                Err(missing) => return Ok(Some(missing.outcome())),
            };
            if let Some(rejection) = taken_meanwhile(step).await? {
                return Ok(Some(Outcome::Restart(rejection)));
            }
            let (account, totp) = create_account(step).await?;
            (account, totp, proof)
        }
    };
    let presented = match &step.facts.presented {
        Some(presented) => presented.clone(),
        None => sessions::presented(step.app, step.cx),
    };
    let remember_me = step.progress.data.remember_me;
    let request = sessions::Request { account: &account, amr: amr(step), remember_me, presented: &presented };
    let (issued, claims) = issue(step.tx, step.app, step.cx, request, proof).await?;
    let credentials = webauthn::of_locked_account(step, &account).await?;
    step.tell("user", profile(&step.app.config, &account, &credentials));
    step.tell("claims", claims);
    step.out.session = Some(issued);
    step.out.signed_in = Some(account.user.id);
    device::trust(step, account.user.id).await?;
    record(step, &account, totp).await?;
    Ok(None)
}

/// What the session was proven with (spec 03, section 14.3; spec 05, section 2.4).
fn amr(step: &Step<'_, '_>) -> Vec<&'static str> {
    let data = &step.progress.data;
    let of_kind = |mfa_only| data.new.webauthn.iter().any(|credential| credential.mfa_only == mfa_only);
    match step.flow {
        FlowKind::Login => {
            let second = data.second_factor.as_ref().and_then(SecondProof::method).map(MfaMethod::as_str);
            data.login_method.map(LoginMethod::amr).into_iter().chain(second).collect()
        }
        FlowKind::Registration => [
            (data.email_verified, "otp"),
            (data.new.password_hash.is_some(), "pwd"),
            (of_kind(false), "passkey"),
            (data.new.totp.is_some(), "totp"),
            (of_kind(true), "security_key"),
        ]
        .into_iter()
        .filter_map(|(used, value)| used.then_some(value))
        .collect(),
    }
}

async fn record(
    step: &mut Step<'_, '_>,
    account: &Account,
    totp: Option<OtpSecretId>,
) -> Result<(), Failure> {
    let user = account.user.id;
    let email = account.primary_email().map(|email| email.address.as_str());
    match (step.flow, step.progress.data.login_method) {
        (FlowKind::Login, Some(method)) => {
            let mfa = step.progress.data.second_factor.as_ref().and_then(SecondProof::method);
            let mut last_login = json!({ "login_method": method.as_str() });
            if let Some(mfa) = mfa {
                last_login["mfa_method"] = mfa.as_str().into();
            }
            step.tell("last_login", last_login);
            step.record(Event::LoginSucceeded { user, method, mfa }).await?;
        }
        (FlowKind::Login, None) => return Err(Failure::Bug("signed in without a method".into())),
        (FlowKind::Registration, _) => {
            let username = account.username.as_ref().map(|username| username.username.as_str());
            let password = account.password.is_some();
            let data = step.progress.data.clone();
            let of_kind = |mfa_only| {
                let of_kind = data.new.webauthn.iter().find(|credential| credential.mfa_only == mfa_only);
                of_kind.map(|credential| webauthn::text(&credential.id))
            };
            let (passkey, security_key) = (of_kind(false), of_kind(true));
            step.record(Event::UserCreated {
                user,
                email,
                username,
                password,
                passkey: passkey.as_deref(),
                security_key: security_key.as_deref(),
                totp,
            })
            .await?;
        }
    }
    Ok(())
}

/// Somebody else registered one of the identifiers while this flow was under way: it starts over where they can be changed
/// (spec 03, section 20, item 16). The address was proven by now, or existence may be told anyway, so nothing is revealed.
async fn taken_meanwhile(step: &mut Step<'_, '_>) -> Result<Option<Rejection>, Failure> {
    let data = step.progress.data.clone();
    let mut registered = Vec::new();
    for credential in &data.new.webauthn {
        registered.push(step.tx.webauthn_credentials().ask(&credential.id).await?);
    }
    match taken(step.tx, data.address.as_deref(), data.username.as_deref()).await? {
        (true, _) => return Ok(Some(Rejection::input("email", InputError::email_exists()))),
        (_, true) => return Ok(Some(Rejection::input("username", InputError::username_exists()))),
        _ => {}
    }
    for credential in registered {
        if step.tx.answer(credential).await?.is_some() {
            return Ok(Some(Rejection::flow(FlowError::PasskeyInvalid)));
        }
    }
    Ok(None)
}

/// The account as it is stored: it is not read back. With the id of the secret of its authenticator app.
async fn create_account(step: &mut Step<'_, '_>) -> Result<(Account, Option<OtpSecretId>), Failure> {
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
    if let Some(hash) = data.new.password_hash {
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
    step.no_credentials(id);
    for credential in &data.new.webauthn {
        webauthn::store(step, id, credential).await?;
        match credential.mfa_only {
            true => account.factors.security_keys += 1,
            false => account.factors.passkeys += 1,
        }
    }
    let mut totp = None;
    if let Some((secret, accepted)) = &data.new.totp {
        totp = Some(otp::store(step, id, &otp::remembered(Some(secret))?, *accepted).await?);
        account.factors.otp = true;
    }
    if !data.new.recovery_codes.is_empty() {
        recovery_code::store(step, id, &data.new.recovery_codes).await?;
    }
    Ok((account, totp))
}
