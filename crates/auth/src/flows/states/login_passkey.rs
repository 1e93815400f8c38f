//! `login_passkey`: the ceremony with a passkey, or with a security key as second factor (spec 02, sections 5.2.3, 5.2.4 and 5.3).
//! The options are in the document that enters the state only: clients start the ceremony when they see them (spec 00,
//! decision 23). After a failed attempt new ones can be asked for.

use inkan_base::UserId;
use inkan_flow::{FlowError, Input, Inputs, Rejection};
use inkan_store::{BackupFlags, CredentialUse, WebauthnCredential};
use inkan_webauthn::Verified;
use uuid::Uuid;

use crate::{
    accounts::webauthn::{self, AssertionCheck, Refused},
    events::Event,
    flows::{
        Action, BACK, Failure, LoginMethod, MfaMethod, Outcome, Proof, Purpose, Screen, SecondProof, State,
        Step, View,
        login::{first_factor_proven, onward},
        no_inputs, run_fn, schedule,
    },
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::LoginPasskey,
    enter: None,
    show: None,
    actions: &[
        verify_to(&[
            State::MfaMethodChooser,
            State::LoginPasswordRecovery,
            State::OnboardingUsername,
            State::OnboardingEmail,
            State::CredentialOnboardingChooser,
            State::OnboardingCreatePasskey,
            State::PasswordCreation,
            State::DeviceTrust,
            State::Success,
            State::Error,
        ]),
        Action {
            name: "webauthn_generate_request_options",
            description: "Try again.",
            offered: |view| view.data().capabilities.webauthn && view.data().ceremony.is_none(),
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(generate_again),
            leads_to: &[],
        },
        BACK,
    ],
};

/// The authenticator's answer in `login_init`: a passkey, so that no second factor is asked for.
pub(crate) const VERIFY: Action = verify_to(&[
    State::MfaMethodChooser,
    State::OnboardingUsername,
    State::OnboardingEmail,
    State::PasswordCreation,
    State::Success,
    State::Error,
]);

const fn verify_to(leads_to: &'static [State]) -> Action {
    Action {
        name: "webauthn_verify_assertion_response",
        description: "Sign in with a passkey.",
        offered: |view| view.data().capabilities.webauthn && usable(view),
        inputs: |_| vec![Input::json("assertion_response").required(true)],
        prepare: Some(run_fn!(webauthn::check_assertion)),
        run: run_fn!(verify),
        leads_to,
    }
}

/// Begins a ceremony with a passkey; in `login_init` and `login_method_chooser`.
pub(crate) const GENERATE: Action = Action {
    name: "webauthn_generate_request_options",
    description: "Sign in with a passkey.",
    offered: |view| {
        let data = view.data();
        let hidden = view.config.privacy.only_show_actual_login_methods && data.user.is_some();
        schedule::passkeys(view.config, data) && (!hidden || data.owned.passkey)
    },
    inputs: no_inputs,
    prepare: None,
    run: run_fn!(generate),
    leads_to: &[State::LoginPasskey],
};

/// Passkeys are on; or a second factor is asked for, for which a passkey will do.
fn usable(view: &View<'_>) -> bool {
    view.config.passkey.enabled || view.progress.state == State::LoginPasskey
}

async fn generate(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    to_passkey(step).await
}

/// On to the passkey: of whom was identified, if only the methods that somebody has are shown; else of anybody.
pub(crate) async fn to_passkey(step: &mut Step<'_, '_>) -> Result<Outcome, Failure> {
    let known =
        step.progress.data.identifier.is_some() && step.config().privacy.only_show_actual_login_methods;
    begin(step, if known { Purpose::SignInAs } else { Purpose::SignIn }).await?;
    Ok(Outcome::go([State::LoginPasskey]))
}

/// Makes the options for `purpose`. A second factor may be any credential of the user, a passkey too (spec 05, section 8.4). For
/// somebody who does not exist the same is done and shown as for others.
pub(crate) async fn begin(step: &mut Step<'_, '_>, purpose: Purpose) -> Result<(), Failure> {
    let mut allow = match (purpose, step.progress.data.user) {
        (Purpose::SignIn, _) => Vec::new(),
        (_, user) => step.tx.webauthn_credentials().list(user.unwrap_or(UserId(Uuid::nil()))).await?,
    };
    allow.retain(|credential| purpose == Purpose::SecondFactor || !credential.mfa_only);
    webauthn::request_options(step, purpose, &allow).await
}

async fn generate_again(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    let purpose = step.progress.data.passkey_purpose;
    let purpose = purpose.ok_or_else(|| Failure::Bug("a ceremony without a purpose".into()))?;
    begin(step, purpose).await?;
    Ok(Outcome::Stay)
}

async fn verify(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    let Some(check) = &step.facts.assertion else { return Err(Failure::Bug("no assertion check".into())) };
    let AssertionCheck { ceremony, result } = check;
    let (credential, verified) = match result {
        Ok(verified) => verified,
        Err(Refused { error, reason, uses_up }) => {
            if let Some(ceremony) = ceremony.as_ref().filter(|_| *uses_up) {
                let _ = webauthn::use_up(step, ceremony).await?;
            }
            return refuse(step, reason, *error).await;
        }
    };
    let Some(ceremony) = ceremony else {
        return Err(Failure::Bug("an assertion without a ceremony".into()));
    };
    let second = ceremony.purpose == Purpose::SecondFactor;
    if !second {
        let data = step.data();
        data.user = Some(credential.user_id);
        data.login_method = Some(LoginMethod::Passkey);
    }
    // All of it is asked at once.
    let challenge = webauthn::use_up(step, ceremony).await?;
    step.ask_account().await?;
    step.ask_credentials(credential.user_id).await?;
    if webauthn::was_used_up(step, challenge).await? {
        return refuse(step, "challenge used up", FlowError::PasskeyInvalid).await;
    }
    match second {
        true => second_factor(step, credential, verified).await,
        false => sign_in(step, credential, verified).await,
    }
}

/// Stays where it is.
async fn refuse(step: &mut Step<'_, '_>, reason: &'static str, error: FlowError) -> Result<Outcome, Failure> {
    let data = &step.progress.data;
    let second =
        step.progress.state == State::LoginPasskey && data.passkey_purpose == Some(Purpose::SecondFactor);
    let event = match (second, data.user) {
        (true, Some(user)) => Event::SecondFactorFailed { user, method: MfaMethod::SecurityKey, reason },
        _ => Event::LoginFailed { user: None, method: LoginMethod::Passkey, reason },
    };
    step.record(event).await?;
    Ok(Outcome::Reject(Rejection::flow(error)))
}

async fn sign_in(
    step: &mut Step<'_, '_>,
    credential: &WebauthnCredential,
    verified: &Verified,
) -> Result<Outcome, Failure> {
    let Some(account) = step.locked_account().await? else {
        return refuse(step, "unknown_credential", FlowError::PasskeyInvalid).await;
    };
    record_use(step, credential, verified, false).await?;
    let address = account.primary_email().map(|email| email.address.clone());
    let username = account.username.as_ref().map(|username| username.username.clone());
    let data = step.data();
    data.address = address;
    data.username = username;
    data.recovery_pending = false;
    data.passcode_kind = None;
    let proof = Proof { credential: Some(webauthn::text(&credential.id)), ..Proof::default() };
    first_factor_proven(step, &account, proof).await
}

async fn second_factor(
    step: &mut Step<'_, '_>,
    credential: &WebauthnCredential,
    verified: &Verified,
) -> Result<Outcome, Failure> {
    let account = step.first_proven_account().await?;
    if account.is_none_or(|account| account.user.id != credential.user_id) {
        return Ok(Outcome::Fail(FlowError::OperationNotPermitted));
    }
    record_use(step, credential, verified, true).await?;
    step.data().second_factor = Some(SecondProof::SecurityKey(webauthn::text(&credential.id)));
    Ok(onward(step, [], false))
}

/// What was verified is written down if the credential is still as it was read (spec 14, appendix B, A25).
async fn record_use(
    step: &mut Step<'_, '_>,
    credential: &WebauthnCredential,
    verified: &Verified,
    with_another_factor: bool,
) -> Result<(), Failure> {
    if verified.clone_suspected {
        // Devices that share a credential may count each for itself: no reason to lock its owner out (spec 14, s059).
        tracing::warn!(user.id = %credential.user_id, "the counter of a backed-up passkey did not grow");
        return Ok(());
    }
    let usage = CredentialUse {
        sign_count: i64::from(verified.counter),
        backup: BackupFlags { eligible: verified.backup_eligible, backed_up: verified.backed_up },
        user_verified: verified.user_verified && (with_another_factor || credential.backup.is_none()),
        at: step.cx.now,
    };
    step.tx.webauthn_credentials().record_use(&credential.id, usage).await?;
    // So that it need not be read again.
    let known =
        step.credentials(credential.user_id).await?.iter_mut().find(|known| known.id == credential.id);
    if let Some(known) = known {
        known.sign_count = usage.sign_count;
        known.backup = Some(usage.backup);
        known.user_verified |= usage.user_verified;
        known.last_used_at = Some(usage.at);
    }
    Ok(())
}
