//! What is asked of authenticators, and the challenges that go with it (spec 02, section 10; spec 03, section 12).

use inkan_base::UserId;
use inkan_config::UserVerification;
use inkan_store::{WebauthnChallenge, WebauthnCredential, WebauthnOperation};
use inkan_webauthn::{
    AssertionRequest, Challenge, CreationRequest, CredentialKind, Descriptor, UserEntity, effective_timeout,
};

use crate::flows::{Ceremony, Failure, Purpose, Step, schedule};

/// Passkeys in the form of `login_init`: the challenge that was shown before, or a new one if that was used up or has expired
/// (spec 00, decision 23).
pub(crate) async fn show_autofill(step: &mut Step<'_, '_>) -> Result<(), Failure> {
    let data = &step.progress.data;
    if !schedule::passkeys(step.config(), data) || !data.capabilities.conditional_mediation {
        return Ok(());
    }
    let ceremony = match data.autofill.clone().filter(|ceremony| step.cx.now < ceremony.expires_at) {
        Some(ceremony) => ceremony,
        None => begin(step, Purpose::SignIn, None).await?,
    };
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
    let options = step.app.webauthn.party.request_options(&AssertionRequest {
        challenge: &Challenge::from_bytes(ceremony.challenge),
        user_verification: user_verification(step, ceremony.purpose),
        allow,
        timeout: step.app.config.webauthn.timeouts.login,
    });
    tell(step, "request_options", &options)
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
        user_verification: user_verification(step, purpose),
        attestation,
        exclude: &exclude.iter().map(descriptor).collect::<Vec<_>>(),
        timeout: config.webauthn.timeouts.registration,
    });
    set_ceremony(step, ceremony);
    tell(step, "creation_options", &options)
}

fn tell(step: &mut Step<'_, '_>, member: &str, options: &impl serde::Serialize) -> Result<(), Failure> {
    let options = serde_json::to_value(options).map_err(|error| Failure::Bug(error.to_string()))?;
    step.tell(member, options);
    Ok(())
}

/// What is demanded of the user in a ceremony.
pub(super) fn user_verification(step: &Step<'_, '_>, purpose: Purpose) -> UserVerification {
    super::verify::demanded(&step.app.config, purpose)
}

/// Draws a challenge and stores it.
async fn begin(step: &mut Step<'_, '_>, purpose: Purpose, user: Option<UserId>) -> Result<Ceremony, Failure> {
    let timeouts = &step.app.config.webauthn.timeouts;
    let (operation, timeout) = match purpose {
        Purpose::NewPasskey | Purpose::NewSecurityKey => {
            (WebauthnOperation::Registration, timeouts.registration)
        }
        _ => (WebauthnOperation::Authentication, timeouts.login),
    };
    let now = step.cx.now;
    let challenge = *Challenge::draw(step.app.rng.as_ref()).as_bytes();
    let expires_at = now + effective_timeout(timeout);
    let row = WebauthnChallenge {
        challenge,
        flow_id: Some(step.id),
        user_id: user,
        operation,
        kind: purpose.as_str().to_owned(),
        user_verification: user_verification(step, purpose).to_string(),
        allowed_credentials: None,
        created_at: now,
        expires_at,
        consumed_at: None,
    };
    step.tx.webauthn_challenges().create(&row).await?;
    Ok(Ceremony { purpose, challenge, created_at: now, expires_at })
}

fn descriptor(credential: &WebauthnCredential) -> Descriptor<'_> {
    Descriptor { id: &credential.id, transports: &credential.transports }
}
