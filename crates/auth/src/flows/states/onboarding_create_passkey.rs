//! `onboarding_create_passkey`: a first passkey (spec 02, section 5.17; spec 03, sections 6.2 and 6.3).

use inkan_flow::Inputs;

use crate::{
    accounts::webauthn,
    flows::{
        Action, BACK, Failure, FlowKind, Outcome, Owned, Purpose, Screen, State, Step, View, login::onward,
        no_inputs, run_fn, schedule,
    },
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::OnboardingCreatePasskey,
    enter: None,
    show: None,
    actions: &[
        Action {
            name: "webauthn_generate_creation_options",
            description: "Create a passkey.",
            offered: |view| schedule::passkeys(view.config, view.data()),
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(generate),
            leads_to: &[State::OnboardingVerifyPasskeyAttestation],
        },
        Action {
            name: "skip",
            description: "Go on without a passkey.",
            offered: may_skip,
            inputs: no_inputs,
            prepare: None,
            run: run_fn!(skip),
            leads_to: &[State::PasswordCreation, State::MfaMethodChooser, State::DeviceTrust, State::Success],
        },
        BACK,
    ],
};

/// A passkey can be done without if it is optional, was not chosen, and there is or will be another way in: derived from facts, so
/// that a rejected input changes nothing about it (spec 03, section 6.6).
fn may_skip(view: &View<'_>) -> bool {
    let data = view.data();
    let asked = view.progress.queue.contains(&State::PasswordCreation)
        || schedule::password_instead(view.config, view.flow, data);
    let later = asked && view.has_way_in_with(Owned { password: true, ..data.owned });
    view.config.passkey.optional && !data.credential_chosen && (view.has_way_in() || later)
}

async fn generate(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    match creation_options(step, Purpose::NewPasskey).await? {
        None => Ok(Outcome::go([State::OnboardingVerifyPasskeyAttestation])),
        Some(instead) => Ok(instead),
    }
}

/// Makes the options: for the new account, or for the account that signs in, with all its credentials excluded. `Some`: what
/// happens instead.
pub(crate) async fn creation_options(
    step: &mut Step<'_, '_>,
    purpose: Purpose,
) -> Result<Option<Outcome>, Failure> {
    if step.flow == FlowKind::Registration {
        let (address, username) = (step.progress.data.address.clone(), step.progress.data.username.clone());
        webauthn::creation_options(step, purpose, (address.as_deref(), username.as_deref()), &[]).await?;
        return Ok(None);
    }
    let account = match purpose.is_security_key() {
        true => step.account_to_secure().await?,
        false => step.proven_account().await?,
    };
    let account = match account {
        Ok(account) => account,
        Err(outcome) => return Ok(Some(outcome)),
    };
    let exclude = webauthn::of_locked_account(step, &account).await?;
    let address = account.primary_email().map(|email| email.address.as_str());
    let username = account.username.as_ref().map(|username| username.username.as_str());
    webauthn::creation_options(step, purpose, (address, username), &exclude).await?;
    Ok(None)
}

/// Leads to the password that is asked for in place of a passkey, if one is.
async fn skip(step: &mut Step<'_, '_>, _: &Inputs) -> Result<Outcome, Failure> {
    Ok(match schedule::password_instead(step.config(), step.flow, &step.progress.data) {
        true => Outcome::go([State::PasswordCreation]),
        false => onward(step, [], true),
    })
}
