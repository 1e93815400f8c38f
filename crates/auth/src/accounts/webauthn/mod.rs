//! Passkeys and security keys (spec 05, section 8): options, verification outside the transaction, and what is stored.

mod options;
mod verify;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use inkan_base::UserId;
use inkan_mail::{Mail, MailKind};
use inkan_store::{Account, BackupFlags, StoreError, Tx, WebauthnCredential};
use inkan_webauthn::{Metadata, OriginError, RelyingParty, Trust, TrustError};
use serde_json::{Value, json};
use uuid::Uuid;

use super::notification;
use crate::flows::{Failure, NewWebAuthn, Step};

pub(crate) use options::{
    REQUEST_OPTIONS, autofills, ceremony, creation_options, request, request_options, show_autofill,
};
pub(crate) use verify::{
    AssertionCheck, AttestationCheck, Refused, check_assertion, check_attestation, use_up, was_used_up,
};

/// What ceremonies need of the configuration, read once.
pub(crate) struct WebAuthn {
    pub(crate) party: RelyingParty,
    pub(crate) trust: Trust,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WebAuthnError {
    /// An origin is none.
    #[error("webauthn.relying_party.origins: {0}")]
    Origin(#[from] OriginError),
    /// A trust anchor or the metadata cannot be used.
    #[error("{0}")]
    Trust(#[from] TrustError),
}

impl WebAuthn {
    pub(crate) fn new(
        config: &inkan_config::WebAuthn,
        metadata: Option<Metadata>,
    ) -> Result<Self, WebAuthnError> {
        let trust = Trust::from_config(&config.attestation, metadata)?;
        Ok(Self { party: RelyingParty::from_config(config)?, trust })
    }
}

/// A credential id as it stands on the wire and in records.
pub(crate) fn text(id: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(id)
}

/// Whether the locked account still has this credential.
pub(crate) async fn belongs_to(
    step: &mut Step<'_, '_>,
    account: &Account,
    credential: &str,
) -> Result<bool, StoreError> {
    let Ok(id) = BASE64_URL_SAFE_NO_PAD.decode(credential) else { return Ok(false) };
    Ok(step.credentials(account.user.id).await?.iter().any(|credential| credential.id == id))
}

/// The credentials of an account, oldest first; asks only if there are any.
pub(crate) async fn of_account(
    tx: &mut Tx<'_>,
    account: &Account,
) -> Result<Vec<WebauthnCredential>, StoreError> {
    match account.factors.passkeys + account.factors.security_keys {
        0 => Ok(Vec::new()),
        _ => tx.webauthn_credentials().list(account.user.id).await,
    }
}

/// [`of_account`] of the locked account.
pub(crate) async fn of_locked_account(
    step: &mut Step<'_, '_>,
    account: &Account,
) -> Result<Vec<WebauthnCredential>, StoreError> {
    match account.factors.passkeys + account.factors.security_keys {
        0 => Ok(Vec::new()),
        _ => step.credentials(account.user.id).await.cloned(),
    }
}

/// Stores a new credential.
pub(crate) async fn store(
    step: &mut Step<'_, '_>,
    user: UserId,
    new: &NewWebAuthn,
) -> Result<(), StoreError> {
    let now = step.cx.now;
    let credential = WebauthnCredential {
        id: new.id.clone(),
        user_id: user,
        user_handle: None,
        public_key: new.public_key.clone(),
        attestation_format: new.attestation_format.clone(),
        aaguid: new.aaguid,
        sign_count: i64::from(new.counter),
        transports: new.transports.clone(),
        name: inkan_webauthn::aaguid_name(&new.aaguid).map(str::to_owned),
        mfa_only: new.mfa_only,
        backup: Some(BackupFlags { eligible: new.backup_eligible, backed_up: new.backed_up }),
        user_verified: new.user_verified,
        created_at: now,
        updated_at: now,
        last_used_at: Some(now),
    };
    step.tx.webauthn_credentials().create(&credential).await?;
    step.credential_added(credential).await
}

/// Tells the owner of an account about a new passkey or a new second factor.
pub(crate) async fn notify(
    step: &mut Step<'_, '_>,
    account: &Account,
    kind: MailKind,
) -> Result<(), Failure> {
    let occasions = &step.config().security_notifications.notifications;
    let wanted = match kind {
        MailKind::PasskeyCreate => occasions.passkey_create.enabled,
        MailKind::MfaCreate => occasions.mfa_create.enabled,
        _ => false,
    };
    if !wanted {
        return Ok(());
    }
    let mail = Mail::new(kind, &step.config().service.name);
    notification::send(step, account, mail).await
}

/// A credential as its owner sees it (spec 02, section 13). The key is there under both names (spec 02, S7).
pub(crate) fn document(credential: &WebauthnCredential) -> Value {
    let key = text(&credential.public_key);
    let backup = credential.backup.unwrap_or(BackupFlags { eligible: false, backed_up: false });
    let mut document = json!({
        "id": text(&credential.id),
        "public_key": key,
        "public-key": key,
        "attestation_type": credential.attestation_format,
        "aaguid": Uuid::from_bytes(credential.aaguid),
        "created_at": credential.created_at.to_string(),
        "transports": credential.transports,
        "backup_eligible": backup.eligible,
        "backup_state": backup.backed_up,
        "mfa_only": credential.mfa_only,
    });
    if let Some(name) = &credential.name {
        document["name"] = name.as_str().into();
    }
    if let Some(used) = credential.last_used_at {
        document["last_used_at"] = used.to_string().into();
    }
    document
}
