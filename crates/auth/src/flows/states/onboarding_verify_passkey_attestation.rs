//! `onboarding_verify_passkey_attestation`: the authenticator's answer to the creation of a passkey, or of a security key (spec 03,
//! section 6.5). A refused answer stays here, whatever the configuration (spec 00, decision 9; spec 02, L0); the options are in
//! the document that enters the state only (decision 23).

use inkan_flow::{FlowError, Input, Inputs, Rejection};
use inkan_mail::MailKind;
use inkan_store::Account;
use inkan_webauthn::NewCredential;

use super::onboarding_create_passkey::creation_options;
use crate::{
    accounts::{
        recovery_code, second_factor,
        webauthn::{self, AttestationCheck, Refused},
    },
    events::Event,
    flows::{
        Action, BACK, Failure, FlowKind, NewWebAuthn, Outcome, Purpose, Screen, State, Step, login::onward,
        no_inputs, run_fn,
    },
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::OnboardingVerifyPasskeyAttestation,
    enter: None,
    show: None,
    actions: &[
        Action {
            name: "webauthn_verify_attestation_response",
            description: "Store the passkey.",
            offered: |view| view.data().capabilities.webauthn,
            inputs: |_| vec![Input::json("public_key").or_named("public-key").required(true).hidden()],
            prepare: Some(run_fn!(webauthn::check_attestation)),
            run: run_fn!(verify),
            leads_to: &[
                State::MfaMethodChooser,
                State::OnboardingUsername,
                State::OnboardingEmail,
                State::CredentialOnboardingChooser,
                State::OnboardingCreatePasskey,
                State::PasswordCreation,
                State::DeviceTrust,
                State::Success,
            ],
        },
        Action {
            name: "webauthn_generate_creation_options",
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

async fn generate_again(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    let purpose = step.progress.data.passkey_purpose;
    let purpose = purpose.ok_or_else(|| Failure::Bug("a ceremony without a purpose".into()))?;
    Ok(creation_options(step, purpose).await?.unwrap_or(Outcome::Stay))
}

async fn verify(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    let Some(check) = &step.facts.attestation else {
        return Err(Failure::Bug("no attestation check".into()));
    };
    let AttestationCheck { ceremony, result } = check;
    let made = match result {
        Ok(made) => made,
        Err(Refused { reason, uses_up, .. }) => {
            if let Some(ceremony) = ceremony.as_ref().filter(|_| *uses_up) {
                let _ = webauthn::use_up(step, ceremony).await?;
            }
            return refuse(step, reason).await;
        }
    };
    let Some(ceremony) = ceremony else {
        return Err(Failure::Bug("a credential without a ceremony".into()));
    };
    // All of it is asked at once.
    let challenge = webauthn::use_up(step, ceremony).await?;
    let registered = step.tx.webauthn_credentials().ask(&made.id).await?;
    if step.flow == FlowKind::Login {
        step.ask_account().await?;
        if let Some(user) = step.progress.data.user {
            step.ask_credentials(user).await?;
        }
    }
    if webauthn::was_used_up(step, challenge).await? {
        return refuse(step, "challenge used up").await;
    }
    if step.tx.answer(registered).await?.is_some() {
        return refuse(step, "credential registered already").await;
    }
    keep(step, new_credential(made, ceremony.purpose == Purpose::NewSecurityKey)).await
}

fn new_credential(made: &NewCredential, mfa_only: bool) -> NewWebAuthn {
    NewWebAuthn {
        id: made.id.clone(),
        mfa_only,
        public_key: made.public_key.clone(),
        attestation_format: made.format.as_str().to_owned(),
        aaguid: made.aaguid,
        counter: made.counter,
        transports: made.transports.clone(),
        backup_eligible: made.backup_eligible,
        backed_up: made.backed_up,
        user_verified: made.user_verified,
    }
}

/// Keeps the credential: in the flow until the account exists, or in the account. One that the flow has already is refused, like one
/// that anybody has (spec 14, appendix B, R25).
async fn keep(step: &mut Step<'_, '_>, new: NewWebAuthn) -> Result<Outcome, Failure> {
    if step.progress.data.new.webauthn.iter().any(|kept| kept.id == new.id) {
        return refuse(step, "credential registered already").await;
    }
    let mfa_only = new.mfa_only;
    if step.flow == FlowKind::Registration {
        let user = step.progress.data.user.ok_or_else(|| Failure::Bug("no user for a passkey".into()))?;
        step.data().new.webauthn.push(new);
        if mfa_only {
            recovery_code::hand_out(step, user).await?;
        }
    } else {
        let account = if mfa_only { step.account_to_secure().await? } else { step.proven_account().await? };
        match account {
            Ok(account) => keep_in_account(step, &account, &new).await?,
            Err(outcome) => return Ok(outcome),
        }
    }
    let data = step.data();
    data.ceremony = None;
    if mfa_only {
        data.owned.security_key = true;
    } else {
        data.owned.passkey = true;
    }
    Ok(onward(step, [], false))
}

async fn keep_in_account(
    step: &mut Step<'_, '_>,
    account: &Account,
    new: &NewWebAuthn,
) -> Result<(), Failure> {
    let (user, id) = (account.user.id, webauthn::text(&new.id));
    webauthn::store(step, user, new).await?;
    if new.mfa_only {
        step.record(Event::SecurityKeyCreated { user, id: &id }).await?;
        return second_factor::enrolled(step, account).await;
    }
    step.record(Event::PasskeyCreated { user, id: &id }).await?;
    step.tx.users().touch(user, step.cx.now).await?;
    step.account_changed();
    webauthn::notify(step, account, MailKind::PasskeyCreate).await
}

async fn refuse(step: &mut Step<'_, '_>, reason: &'static str) -> Result<Outcome, Failure> {
    if let (FlowKind::Login, Some(user)) = (step.flow, step.progress.data.user) {
        step.record(Event::CredentialRefused { user, reason }).await?;
    }
    Ok(Outcome::Reject(Rejection::flow(FlowError::PasskeyInvalid)))
}
