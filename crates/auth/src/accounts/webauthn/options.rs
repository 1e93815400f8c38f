//! What is asked of authenticators, and the challenges that go with it (spec 02, section 10; spec 03, section 12).

use inkan_base::{Timestamp, UserId};
use inkan_config::Config;
use inkan_store::{WebauthnChallenge, WebauthnCredential, WebauthnOperation};
use inkan_webauthn::{
    AssertionRequest, Challenge, CreationRequest, CredentialKind, Descriptor, UserEntity, effective_timeout,
};

use super::verify::demanded;
use crate::{
    App,
    flows::{Ceremony, Data, Failure, Purpose, Step, schedule},
};

/// The member of the payload with request options.
pub(crate) const REQUEST_OPTIONS: &str = "request_options";

/// Whether passkeys are offered in the form of `login_init`.
pub(crate) const fn autofills(config: &Config, data: &Data) -> bool {
    schedule::passkeys(config, data) && data.capabilities.conditional_mediation
}

/// Passkeys in the form of `login_init`: the challenge that was shown before, or a new one if that was used up or has expired
/// (spec 00, decision 23). It lives in the flow alone, see [`use_up`](super::use_up).
pub(crate) async fn show_autofill(step: &mut Step<'_, '_>) -> Result<(), Failure> {
    let data = &step.progress.data;
    if !autofills(step.config(), data) {
        return Ok(());
    }
    let known = data.autofill.clone().filter(|ceremony| step.cx.now < ceremony.expires_at);
    let ceremony = known.unwrap_or_else(|| drawn(step, Purpose::SignIn));
    tell_request(step, &ceremony, &[])?;
    step.data().autofill = Some(ceremony);
    Ok(())
}

/// Begins a ceremony with a passkey or, as second factor, with any of the credentials in `allow`.
pub(crate) async fn request_options(
    step: &mut Step<'_, '_>,
    purpose: Purpose,
    allow: &[WebauthnCredential],
) -> Result<(), Failure> {
    let user = step.progress.data.user.filter(|_| purpose != Purpose::SignIn);
    let ceremony = begin(step, purpose, user).await?;
    match decoy(step, purpose) {
        Some(id) => {
            let transports = ["internal", "hybrid"].map(str::to_owned);
            tell_request(step, &ceremony, &[Descriptor { id: &id, transports: &transports }])?;
        }
        None => tell_request(step, &ceremony, &allow.iter().map(descriptor).collect::<Vec<_>>())?,
    }
    set_ceremony(step, ceremony);
    Ok(())
}

/// A credential that nobody has, for an identifier of nobody: always the same, so that asking twice tells nothing (spec 14, s037).
fn decoy(step: &Step<'_, '_>, purpose: Purpose) -> Option<[u8; 32]> {
    let data = &step.progress.data;
    let identifier =
        data.identifier.as_ref().filter(|_| purpose == Purpose::SignInAs && data.user.is_none())?;
    let parts = [step.cx.tenant.0.as_bytes().as_slice(), identifier.as_bytes()];
    Some(step.app.keyring.mac("decoy credential", &parts))
}

fn set_ceremony(step: &mut Step<'_, '_>, ceremony: Ceremony) {
    step.data().passkey_purpose = Some(ceremony.purpose);
    step.data().ceremony = Some(ceremony);
}

fn tell_request(
    step: &mut Step<'_, '_>,
    ceremony: &Ceremony,
    allow: &[Descriptor<'_>],
) -> Result<(), Failure> {
    let options = request(step.app, ceremony, allow)?;
    step.tell(REQUEST_OPTIONS, options);
    Ok(())
}

/// What is asked of the authenticator: an answer with a passkey, or with one of `allow`.
pub(crate) fn request(
    app: &App,
    ceremony: &Ceremony,
    allow: &[Descriptor<'_>],
) -> Result<serde_json::Value, Failure> {
    written(&app.webauthn.party.request_options(&AssertionRequest {
        challenge: &Challenge::from_bytes(ceremony.challenge),
        user_verification: demanded(&app.config, ceremony.purpose),
        allow,
        timeout: app.config.webauthn.timeouts.login,
    }))
}

/// Begins the creation of a passkey or security key for the user that the flow knows.
pub(crate) async fn creation_options(
    step: &mut Step<'_, '_>,
    purpose: Purpose,
    (address, username): (Option<&str>, Option<&str>),
    exclude: &[WebauthnCredential],
) -> Result<(), Failure> {
    let user = step.progress.data.user.ok_or_else(|| Failure::Bug("a credential for nobody".into()))?;
    let ceremony = begin(step, purpose, Some(user)).await?;
    let config = &step.app.config;
    let key = &config.mfa.security_keys;
    let (kind, attestation) = match purpose.is_security_key() {
        true => (CredentialKind::SecurityKey(key.authenticator_attachment), key.attestation_preference),
        false => (CredentialKind::Passkey, config.passkey.attestation_preference),
    };
    let options = step.app.webauthn.party.creation_options(&CreationRequest {
        user: UserEntity {
            handle: user.0.as_bytes(),
            name: address.or(username).unwrap_or_default(),
            display_name: username.or(address).unwrap_or_default(),
        },
        challenge: &Challenge::from_bytes(ceremony.challenge),
        kind,
        user_verification: demanded(config, purpose),
        attestation,
        exclude: &exclude.iter().map(descriptor).collect::<Vec<_>>(),
        timeout: config.webauthn.timeouts.registration,
    });
    let options = written(&options)?;
    set_ceremony(step, ceremony);
    step.tell("creation_options", options);
    Ok(())
}

fn written(options: &impl serde::Serialize) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(options).map_err(|error| Failure::Bug(error.to_string()))
}

/// A ceremony that begins at `created_at`.
pub(crate) fn ceremony(
    config: &Config,
    purpose: Purpose,
    challenge: [u8; 32],
    created_at: Timestamp,
) -> Ceremony {
    let timeouts = &config.webauthn.timeouts;
    let timeout = match operation(purpose) {
        WebauthnOperation::Registration => timeouts.registration,
        WebauthnOperation::Authentication => timeouts.login,
    };
    Ceremony { purpose, challenge, created_at, expires_at: created_at + effective_timeout(timeout) }
}

const fn operation(purpose: Purpose) -> WebauthnOperation {
    match purpose {
        Purpose::NewPasskey | Purpose::NewSecurityKey => WebauthnOperation::Registration,
        Purpose::SignIn | Purpose::SignInAs | Purpose::SecondFactor => WebauthnOperation::Authentication,
    }
}

fn drawn(step: &Step<'_, '_>, purpose: Purpose) -> Ceremony {
    let challenge = *Challenge::draw(step.app.rng.as_ref()).as_bytes();
    ceremony(&step.app.config, purpose, challenge, step.cx.now)
}

/// Draws a challenge and stores it.
async fn begin(step: &mut Step<'_, '_>, purpose: Purpose, user: Option<UserId>) -> Result<Ceremony, Failure> {
    let ceremony = drawn(step, purpose);
    let row = WebauthnChallenge {
        challenge: ceremony.challenge,
        flow_id: Some(step.id),
        user_id: user,
        operation: operation(purpose),
        kind: purpose.as_str().to_owned(),
        user_verification: demanded(&step.app.config, purpose).to_string(),
        allowed_credentials: None,
        created_at: ceremony.created_at,
        expires_at: ceremony.expires_at,
        consumed_at: None,
    };
    step.tx.webauthn_challenges().create(&row).await?;
    Ok(ceremony)
}

fn descriptor(credential: &WebauthnCredential) -> Descriptor<'_> {
    Descriptor { id: &credential.id, transports: &credential.transports }
}
