//! `login_password`: the password, or the way out for those who forgot it (spec 02, section 5.7).

use inkan_base::UserId;
use inkan_crypto::Verified;
use inkan_flow::{Input, InputError, Inputs, Rejection};
use inkan_mail::MailKind;
use uuid::Uuid;

use crate::{
    events::Event,
    flows::{
        Action, BACK, Failure, LoginMethod, Outcome, Preparation, Prepared, Proof, Screen, State, Step,
        login::first_factor_proven, no_inputs, run_fn, step::PasswordCheck,
    },
    limits::Operation,
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::LoginPassword,
    enter: None,
    show: None,
    actions: &[
        Action {
            name: "password_login",
            description: "Sign in with a password.",
            offered: |view| view.config.password.enabled,
            inputs: |view| {
                vec![
                    Input::password("password")
                        .required(true)
                        .min(view.config.password.min_length)
                        .lengths_as_hints(),
                ]
            },
            prepare: Some(run_fn!(check_password)),
            run: run_fn!(password_login),
            leads_to: &[
                State::MfaMethodChooser,
                State::LoginSecurityKey,
                State::LoginOtp,
                State::OnboardingUsername,
                State::OnboardingEmail,
                State::OnboardingCreatePasskey,
                State::Success,
                State::Error,
            ],
        },
        Action {
            name: "continue_to_passcode_confirmation_recovery",
            description: "Set a new password with the help of a code sent by mail.",
            offered: |view| view.config.password.recovery && view.data().address.is_some(),
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(recover),
            leads_to: &[State::PasscodeConfirmation],
        },
        BACK,
    ],
};

/// Takes from the budgets, then compares: one hash is computed whether the account exists, has a password or not (L1).
async fn check_password(prepare: &mut Preparation<'_>, inputs: &Inputs) -> Result<Prepared, Failure> {
    let (app, cx) = (prepare.app, prepare.cx);
    let data = &prepare.progress.data;
    let identifier = data.identifier.as_deref().unwrap_or_default();
    if let Err(refused) = app.limits.take(cx, Operation::Password, identifier) {
        return Ok(Prepared::Refused(refused.into()));
    }
    // One budget for an account, under whichever of its identifiers it is tried.
    let user = data.user;
    let budget = user.map_or_else(|| identifier.to_owned(), |user| user.to_string());
    if let Err(refused) = app.limits.take_guess(cx, &budget, user) {
        return Ok(Prepared::Refused(refused.into()));
    }
    let (hash, verified) = compare(prepare, user, inputs.text("password")).await?;
    let rehash = match verified.matches && verified.rehash {
        true => Some(app.passwords.hash(app.rng.as_ref(), inputs.text("password")).await?),
        false => None,
    };
    prepare.facts.password =
        Some(PasswordCheck { user, account: budget, hash, matches: verified.matches, rehash });
    Ok(Prepared::Ready)
}

/// Compares with the hash that the account had when it was identified; the one that is stored now is read only for a wrong password,
/// which may be right by now. That a right one still is, and that the identifier still leads to this account, is asked in the
/// transaction. The same for nobody.
async fn compare(
    prepare: &Preparation<'_>,
    user: Option<UserId>,
    password: &str,
) -> Result<(Option<String>, Verified), Failure> {
    let app = prepare.app;
    let mut compared = None;
    if let Some(known) = prepare.password.filter(|known| known.user == user) {
        let verified = app.passwords.verify(password, known.hash.as_deref()).await?;
        if verified.matches {
            return Ok((known.hash.clone(), verified));
        }
        compared = Some((&known.hash, verified));
    }
    let owner = user.unwrap_or(UserId(Uuid::nil()));
    let stored = app.store.read(prepare.cx.tenant, async |tx| tx.passwords().find(owner).await).await?;
    let hash = stored.map(|password| password.hash);
    let verified = match compared {
        Some((known, verified)) if *known == hash => verified,
        _ => app.passwords.verify(password, hash.as_deref()).await?,
    };
    Ok((hash, verified))
}

async fn password_login(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    let Some(check) = &step.facts.password else { return Err(Failure::Bug("no password check".into())) };
    let Some(user) = check.user.filter(|_| check.matches) else {
        return wrong_password(step, check.user).await;
    };
    // What was compared must still hold: the identifier leads to this account and the password is still this one (L2).
    let Some(account) = step.locked_account().await? else { return wrong_password(step, None).await };
    if account.password.as_ref().map(|password| &password.hash) != check.hash.as_ref() {
        return Err(Failure::Changed);
    }
    if let (Some(old), Some(new)) = (&check.hash, &check.rehash) {
        step.tx.passwords().replace_hash(user, old, new).await?;
    }
    step.app.limits.give_back_guess(step.cx, &check.account, Some(user));
    step.data().login_method = Some(LoginMethod::Password);
    first_factor_proven(step, &account, Proof::default()).await
}

async fn wrong_password(step: &mut Step<'_, '_>, user: Option<UserId>) -> Result<Outcome, Failure> {
    step.record(Event::LoginFailed { user, method: LoginMethod::Password, reason: "wrong password" }).await?;
    Ok(Outcome::Reject(Rejection::input("password", InputError::invalid())))
}

async fn recover(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    let data = step.data();
    data.login_method = Some(LoginMethod::Password);
    data.passcode_kind =
        Some(if data.user.is_some() { MailKind::Recovery } else { MailKind::EmailLoginAttempted });
    data.recovery_pending = true;
    Ok(Outcome::go([State::PasscodeConfirmation]))
}
