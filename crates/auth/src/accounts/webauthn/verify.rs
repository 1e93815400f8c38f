//! Verifying what authenticators answer, outside the transaction; the transaction uses the challenge up (spec 00, decision 28).

use inkan_config::{Config, UserVerification};
use inkan_flow::{FlowError, Inputs};
use inkan_store::{Question, StoreError, WebauthnChallenge, WebauthnCredential};
use inkan_webauthn::{
    Assertion, AssertionPolicy, Audience, BackupPolicy, Challenge, NewCredential, Reason, Refusal,
    RegistrationPolicy, StoredCredential, Verified, parse_assertion, verify_registration,
};

use crate::{
    flows::{Ceremony, Failure, Preparation, Prepared, Purpose, State, Step},
    limits::Operation,
};

/// The input with the answer to request options.
pub(crate) const ASSERTION: &str = "assertion_response";
/// The input with the answer to creation options.
pub(crate) const ATTESTATION: &str = "public_key";

/// Why an answer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) error: FlowError,
    /// For audit records.
    pub(crate) reason: &'static str,
    /// The challenge is used up by it.
    pub(crate) uses_up: bool,
}

impl Refused {
    const fn early(reason: &'static str) -> Self {
        Self { error: FlowError::PasskeyInvalid, reason, uses_up: false }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        // What has expired is of no use to anybody, so it counts as used up.
        let uses_up = refusal.signature_reached || refusal.reason == Reason::Expired;
        Self { error: FlowError::PasskeyInvalid, reason: refusal.reason.as_str(), uses_up }
    }
}

/// An assertion that was verified, or not.
pub(crate) struct AssertionCheck {
    pub(crate) ceremony: Option<Ceremony>,
    pub(crate) result: Result<(WebauthnCredential, Verified), Refused>,
}

/// A registration that was verified, or not.
pub(crate) struct AttestationCheck {
    pub(crate) ceremony: Option<Ceremony>,
    pub(crate) result: Result<NewCredential, Refused>,
}

/// What is demanded of the user in a ceremony.
pub(super) const fn demanded(config: &Config, purpose: Purpose) -> UserVerification {
    match purpose.is_security_key() {
        true => config.mfa.security_keys.user_verification,
        false => config.passkey.user_verification,
    }
}

/// Verifies an assertion for the ceremony of the current state.
pub(crate) async fn check_assertion(
    prepare: &mut Preparation<'_>,
    inputs: &Inputs,
) -> Result<Prepared, Failure> {
    if let Err(refused) = prepare.app.limits.take(prepare.cx, Operation::Authenticate, "") {
        return Ok(Prepared::Refused(refused.into()));
    }
    let data = &prepare.progress.data;
    let ceremony = match prepare.progress.state {
        State::LoginInit => data.autofill.clone(),
        _ => data.ceremony.clone(),
    };
    let result = match (&ceremony, parse_assertion(inputs.json(ASSERTION))) {
        (None, _) => Err(Refused::early("no ceremony")),
        (_, Err(refusal)) => Err(refusal.into()),
        (Some(ceremony), Ok(assertion)) => verify(prepare, ceremony, &assertion).await?,
    };
    prepare.facts.assertion = Some(AssertionCheck { ceremony, result });
    Ok(Prepared::Ready)
}

async fn verify(
    prepare: &Preparation<'_>,
    ceremony: &Ceremony,
    assertion: &Assertion,
) -> Result<Result<(WebauthnCredential, Verified), Refused>, Failure> {
    let (app, cx) = (prepare.app, prepare.cx);
    let id = assertion.credential_id();
    let credential = app.store.read(cx.tenant, async |tx| tx.webauthn_credentials().find(id).await).await?;
    if ceremony.purpose != Purpose::SecondFactor
        && credential.as_ref().is_some_and(|credential| credential.mfa_only)
    {
        return Ok(Err(Refused {
            error: FlowError::CredentialMfaOnly,
            ..Refused::early("second factor only")
        }));
    }
    let user = prepare.progress.data.user;
    // Asked for were the credentials that the user had at that time.
    let asked =
        |known: &WebauthnCredential| Some(known.user_id) == user && known.created_at <= ceremony.created_at;
    let allowed: Vec<Vec<u8>> =
        credential.iter().filter(|known| asked(known)).map(|known| known.id.clone()).collect();
    let audience = match ceremony.purpose {
        Purpose::SignIn => Audience::Anyone,
        _ => Audience::Credentials(&allowed),
    };
    let stored = credential.as_ref().map(|known| StoredCredential {
        id: &known.id,
        user_handle: known.user_handle.as_deref().unwrap_or(known.user_id.0.as_bytes()),
        public_key: &known.public_key,
        counter: u32::try_from(known.sign_count).unwrap_or(u32::MAX),
        backup_eligible: known.backup.is_some_and(|backup| backup.eligible),
        flags_known: known.backup.is_some(),
    });
    let asked = inkan_webauthn::Ceremony {
        party: &app.webauthn.party,
        challenge: &Challenge::from_bytes(ceremony.challenge),
        user_verification: demanded(&app.config, ceremony.purpose),
        expires_at: ceremony.expires_at,
        now: cx.now,
    };
    let policy = AssertionPolicy { audience, backup: BackupPolicy::Any };
    Ok(match (assertion.verify(&asked, stored.as_ref(), &policy), credential) {
        (Ok(verified), Some(credential)) => Ok((credential, verified)),
        (Ok(_), None) => Err(Refused::early("unknown_credential")),
        (Err(refusal), _) => Err(refusal.into()),
    })
}

/// Verifies the answer of an authenticator that made a credential.
pub(crate) async fn check_attestation(
    prepare: &mut Preparation<'_>,
    inputs: &Inputs,
) -> Result<Prepared, Failure> {
    let (app, cx) = (prepare.app, prepare.cx);
    if let Err(refused) = app.limits.take(cx, Operation::Authenticate, "") {
        return Ok(Prepared::Refused(refused.into()));
    }
    let ceremony = prepare.progress.data.ceremony.clone();
    let result = match &ceremony {
        None => Err(Refused::early("no ceremony")),
        Some(ceremony) => {
            let asked = inkan_webauthn::Ceremony {
                party: &app.webauthn.party,
                challenge: &Challenge::from_bytes(ceremony.challenge),
                user_verification: demanded(&app.config, ceremony.purpose),
                expires_at: ceremony.expires_at,
                now: cx.now,
            };
            let attestation = match ceremony.purpose.is_security_key() {
                true => app.config.mfa.security_keys.attestation_preference,
                false => app.config.passkey.attestation_preference,
            };
            let (trust, backup) = (&app.webauthn.trust, BackupPolicy::Any);
            let policy = RegistrationPolicy { attestation, trust, conditional: false, backup };
            verify_registration(&asked, inputs.json(ATTESTATION), &policy).map_err(Refused::from)
        }
    };
    prepare.facts.attestation = Some(AttestationCheck { ceremony, result });
    Ok(Prepared::Ready)
}

/// Uses up the challenge of a verification that got as far as the signature; see [`was_used_up`]. A challenge in the form is not
/// stored by itself: it is forgotten with the next version of the flow, which is written once only.
pub(crate) async fn use_up(step: &mut Step<'_, '_>, ceremony: &Ceremony) -> Result<Used, StoreError> {
    step.out.consumed = Some(ceremony.challenge);
    if step.progress.data.autofill.as_ref() == Some(ceremony) {
        return Ok(None);
    }
    let kind = ceremony.purpose.as_str();
    let (flow, now) = (Some(step.id), step.cx.now);
    step.tx.webauthn_challenges().ask_consume(flow, kind, &ceremony.challenge, now).await.map(Some)
}

/// What [`use_up`] asked, if it had to.
type Used = Option<Question<Option<WebauthnChallenge>>>;

/// Whether somebody else was faster.
pub(crate) async fn was_used_up(step: &mut Step<'_, '_>, used: Used) -> Result<bool, StoreError> {
    match used {
        None => Ok(false),
        Some(question) => Ok(step.tx.answer(question).await?.is_none()),
    }
}
