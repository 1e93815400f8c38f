//! Authenticator apps (spec 05, section 10): one secret per account, sealed at rest.

use inkan_base::{OtpSecretId, UserId};
use inkan_crypto::{TotpCode, TotpSecret, TotpVerdict};
use inkan_store::{OtpSecret, StoreError};

use crate::flows::{Failure, Step};

/// Whether the account still has this secret.
pub(crate) async fn is_current(
    step: &mut Step<'_, '_>,
    user: UserId,
    id: OtpSecretId,
) -> Result<bool, StoreError> {
    if step.proved_secret(id) {
        return Ok(true);
    }
    Ok(step.tx.otp_secrets().find(user).await?.is_some_and(|secret| secret.id == id))
}

/// Gives an account its secret. The step of the code that proved it counts as used.
pub(crate) async fn store(
    step: &mut Step<'_, '_>,
    user: UserId,
    secret: &TotpSecret,
    accepted: i64,
) -> Result<OtpSecretId, Failure> {
    let id = OtpSecretId::random(step.app.rng.as_ref());
    let sealed = secret.seal(&step.app.keyring, step.cx.tenant, id, step.app.rng.as_ref());
    let secret = OtpSecret {
        id,
        user_id: user,
        sealed: sealed.map_err(|error| Failure::Bug(error.to_string()))?,
        last_step: accepted,
        created_at: step.cx.now,
        updated_at: step.cx.now,
    };
    step.tx.otp_secrets().create(&secret).await?;
    Ok(id)
}

/// Compares a code with the secret of the locked account and uses it up.
pub(crate) async fn check(
    step: &mut Step<'_, '_>,
    stored: &OtpSecret,
    code: &str,
) -> Result<TotpVerdict, Failure> {
    let secret = TotpSecret::open(&step.app.keyring, step.cx.tenant, stored.id, &stored.sealed);
    let secret = secret.map_err(|error| Failure::Bug(format!("secret of an authenticator app: {error}")))?;
    let verdict = judge(&secret, code, step.cx.now, Some(stored.last_step));
    if let TotpVerdict::Accepted { step: accepted } = verdict {
        // Sealed under an older secret of the server: anew, so that the older one can be dropped some day.
        let resealed = match step.app.keyring.needs_resealing(&stored.sealed) {
            true => secret.seal(&step.app.keyring, step.cx.tenant, stored.id, step.app.rng.as_ref()).ok(),
            false => None,
        };
        step.tx.otp_secrets().accept_step(stored.id, accepted, resealed.as_ref(), step.cx.now).await?;
        step.prove_secret(stored.id);
    }
    Ok(verdict)
}

/// What is no code at all is a wrong one (spec 02, L26).
pub(crate) fn judge(
    secret: &TotpSecret,
    code: &str,
    now: inkan_base::Timestamp,
    last_step: Option<i64>,
) -> TotpVerdict {
    TotpCode::parse(code).map_or(TotpVerdict::Wrong, |code| secret.verify(&code, now, last_step))
}

/// The secret that a flow remembers.
pub(crate) fn remembered(bytes: Option<&[u8; 20]>) -> Result<TotpSecret, Failure> {
    let secret = bytes.and_then(|bytes| TotpSecret::from_bytes(bytes));
    secret.ok_or_else(|| Failure::Bug("the flow has no secret for an app".into()))
}
