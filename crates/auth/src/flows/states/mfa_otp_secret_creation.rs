//! `mfa_otp_secret_creation`: setting up an authenticator app (spec 02, section 5.12; spec 03, section 8.2). The secret stays the
//! same within the flow, so that what was scanned stays right (spec 03, section 20, item 24).

use inkan_crypto::{TotpSecret, TotpVerdict, qr_data_url};
use inkan_flow::{Input, InputError, Inputs, Rejection};

use crate::{
    accounts::{otp, recovery_code, second_factor},
    events::Event,
    flows::{
        Action, BACK, Failure, FlowKind, MfaMethod, Outcome, Preparation, Prepared, Screen, State, Step,
        enter, run_fn, schedule,
    },
    limits::Operation,
};

pub(crate) const SCREEN: Screen = Screen {
    state: State::MfaOtpSecretCreation,
    enter: Some(enter!(draw)),
    show: Some(enter!(show)),
    actions: &[
        Action {
            name: "otp_code_verify",
            description: "Enter a code of the authenticator app.",
            offered: |view| schedule::totp(view.config),
            inputs: |_| vec![Input::text("otp_code").required(true).min(6).max(6).lengths_as_hints()],
            prepare: Some(run_fn!(take_from_client)),
            run: run_fn!(verify),
            leads_to: &[
                State::OnboardingUsername,
                State::OnboardingEmail,
                State::CredentialOnboardingChooser,
                State::OnboardingCreatePasskey,
                State::PasswordCreation,
                State::Success,
            ],
        },
        BACK,
    ],
};

async fn draw(step: &mut Step<'_, '_>) -> Result<(), Failure> {
    if step.progress.data.totp_setup.is_none() {
        let secret = TotpSecret::generate(step.app.rng.as_ref());
        step.data().totp_setup = secret.as_bytes().try_into().ok();
    }
    Ok(())
}

/// The secret as text and as an image; in every document of the state.
async fn show(step: &mut Step<'_, '_>) -> Result<(), Failure> {
    let data = &step.progress.data;
    let secret = otp::remembered(data.totp_setup.as_ref())?;
    let label = data.address.as_deref().or(data.username.as_deref()).unwrap_or_default();
    let uri = secret.provisioning_uri(&step.config().service.name, label);
    let image = qr_data_url(&uri).map_err(|error| Failure::Bug(error.to_string()))?;
    step.tell("otp_secret", secret.base32().as_str());
    step.tell("otp_image_source", image);
    Ok(())
}

async fn take_from_client(prepare: &mut Preparation<'_>, _: &Inputs) -> Result<Prepared, Failure> {
    Ok(match prepare.app.limits.take(prepare.cx, Operation::Enrol, "") {
        Ok(()) => Prepared::Ready,
        Err(refused) => Prepared::Refused(refused.into()),
    })
}

async fn verify(step: &mut Step<'_, '_>, inputs: &Inputs) -> Result<Outcome, Failure> {
    let secret = otp::remembered(step.progress.data.totp_setup.as_ref())?;
    let TotpVerdict::Accepted { step: accepted } =
        otp::judge(&secret, inputs.text("otp_code"), step.cx.now, None)
    else {
        return refuse(step).await;
    };
    if step.flow == FlowKind::Registration {
        let user = step.progress.data.user.ok_or_else(|| Failure::Bug("no user for an app".into()))?;
        step.data().new.totp = step.progress.data.totp_setup.map(|secret| (secret, accepted));
        recovery_code::hand_out(step, user).await?;
    } else {
        let account = match step.account_to_secure().await? {
            Ok(account) => account,
            Err(outcome) => return Ok(outcome),
        };
        // Never replaced (spec 14, s021).
        if account.factors.otp {
            return Ok(Outcome::Fail(inkan_flow::FlowError::OperationNotPermitted));
        }
        let user = account.user.id;
        let id = otp::store(step, user, &secret, accepted).await?;
        step.record(Event::OtpCreated { user, id }).await?;
        second_factor::enrolled(step, &account).await?;
    }
    step.data().totp_setup = None;
    step.data().owned.totp = true;
    Ok(Outcome::go_for_good([]))
}

async fn refuse(step: &mut Step<'_, '_>) -> Result<Outcome, Failure> {
    if let (FlowKind::Login, Some(user)) = (step.flow, step.progress.data.user) {
        let event = Event::EnrolmentFailed { user, method: MfaMethod::Totp, reason: "wrong code" };
        step.record(event).await?;
    }
    Ok(Outcome::Reject(Rejection::input("otp_code", InputError::passcode_invalid())))
}
