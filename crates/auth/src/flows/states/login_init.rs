//! `login_init`: who wants to sign in (spec 02, section 5.2).

use inkan_flow::{FlowError, Input, InputError, Inputs, Rejection, is_email};
use inkan_mail::MailKind;
use inkan_store::Account;

use super::{
    login_passkey::{GENERATE, VERIFY, to_passkey},
    remember_me::REMEMBER_ME,
};
use crate::{
    accounts::webauthn,
    events::Event,
    flows::{
        Action, Failure, LoginMethod, Outcome, Owned, Screen, State, Step, View, enter, limited,
        login::{owned, passcodes_allowed},
        run_fn, schedule,
        step::KnownPassword,
    },
    limits::Operation,
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::LoginInit,
    enter: None,
    show: Some(enter!(webauthn::show_autofill)),
    actions: &[
        Action {
            name: "continue_with_login_identifier",
            description: "Enter an identifier to sign in.",
            offered,
            inputs,
            prepare: limited!(Operation::Identify),
            run: run_fn!(continue_with_login_identifier),
            leads_to: &[
                State::LoginMethodChooser,
                State::LoginPassword,
                State::PasscodeConfirmation,
                State::LoginPasskey,
                State::Error,
            ],
        },
        GENERATE,
        VERIFY,
        REMEMBER_ME,
    ],
};

/// Which identifiers the tenant accepts.
fn identifiers(view: &View<'_>) -> (bool, bool) {
    let (email, username) = (&view.config.email, &view.config.username);
    (email.enabled && email.use_as_login_identifier, username.enabled && username.use_as_login_identifier)
}

fn offered(view: &View<'_>) -> bool {
    let (email, username) = identifiers(view);
    (email || username) && (view.config.password.enabled || passcodes_allowed(view))
}

fn inputs(view: &View<'_>) -> Vec<Input> {
    let username = &view.config.username;
    vec![
        match identifiers(view) {
            (true, true) => Input::text("identifier").max(255),
            (true, false) => Input::email("email").min(3).max(view.config.email.max_length),
            _ => Input::text("username").min(username.min_length).max(username.max_length),
        }
        .normalised()
        .required(true),
    ]
}

async fn continue_with_login_identifier(
    step: &mut Step<'_, '_>,
    inputs: &Inputs,
) -> Result<Outcome, Failure> {
    let name = ["identifier", "email", "username"].into_iter().find(|name| !inputs.text(name).is_empty());
    let name = name.unwrap_or("identifier");
    let identifier = inputs.text(name).to_owned();
    let by_email = name == "email" || (name == "identifier" && is_email(&identifier));
    if name == "identifier" && !by_email && identifier.contains('@') {
        // A mistyped address rather than a user name, which has no such sign (L30).
        return Ok(Outcome::Reject(Rejection::input(name, InputError::invalid())));
    }
    let account = if by_email {
        step.tx.accounts().find_by_address(&identifier).await?
    } else {
        step.tx.accounts().find_by_username(&identifier).await?
    };
    let hints = step.config().privacy.show_account_existence_hints;
    if account.is_none() && (!by_email || hints) {
        step.record(Event::UnknownIdentifier).await?;
        let error = if by_email { InputError::unknown_email() } else { InputError::unknown_username() };
        return Ok(Outcome::Reject(Rejection::input(name, error)));
    }
    let primary = account.as_ref().and_then(Account::primary_email).map(|email| email.address.clone());
    let data = step.data();
    data.user = account.as_ref().map(|account| account.user.id);
    data.owned = account.as_ref().map_or_else(Owned::default, owned);
    data.address = if by_email { Some(identifier.clone()) } else { primary };
    data.username = (!by_email).then(|| identifier.clone());
    data.identifier = Some(identifier);
    let hash =
        account.as_ref().and_then(|account| account.password.as_ref()).map(|password| password.hash.clone());
    step.out.password = Some(KnownPassword { user: step.progress.data.user, hash });
    let outcome = route(step, account.as_ref()).await;
    step.found(account);
    outcome
}

/// Where the identifier leads (spec 02, 5.2.2, steps 6 to 9). An unknown address is treated like one of an account that has
/// every method of the tenant (L9).
async fn route(step: &mut Step<'_, '_>, account: Option<&Account>) -> Result<Outcome, Failure> {
    let config = step.config();
    let only_actual = config.privacy.only_show_actual_login_methods;
    let mut passcode = config.email.use_for_authentication && step.progress.data.address.is_some();
    let mut password = config.password.enabled;
    let mut passkey = false;
    if let Some(account) = account.filter(|_| only_actual) {
        passcode &= account.primary_email().is_some();
        password &= account.password.is_some();
        passkey = config.passkey.enabled && account.factors.passkeys > 0;
    }
    Ok(match (passcode, password, passkey) {
        (true, false, false) => to_passcode(step),
        // Somebody who is known by a user name can use a password only where passwords are on; else there is no way.
        (false, true, false) => Outcome::go([State::LoginPassword]),
        // A device without WebAuthn cannot get in with what there is (L13).
        (false, false, true) if !schedule::passkeys(config, &step.progress.data) => {
            Outcome::Fail(FlowError::PlatformAuthenticatorRequired)
        }
        (false, false, true) => to_passkey(step).await?,
        (false, false, false) => Outcome::Fail(FlowError::FlowDiscontinuity),
        _ => Outcome::go([State::LoginMethodChooser]),
    })
}

/// On to the code: for an unknown address everything looks the same, but the mail has no code.
pub(crate) fn to_passcode(step: &mut Step<'_, '_>) -> Outcome {
    let data = step.data();
    data.login_method = Some(LoginMethod::Passcode);
    data.passcode_kind =
        Some(if data.user.is_some() { MailKind::Login } else { MailKind::EmailLoginAttempted });
    Outcome::go([State::PasscodeConfirmation])
}
