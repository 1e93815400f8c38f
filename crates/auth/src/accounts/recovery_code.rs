//! Recovery codes: ten single-use codes, handed out when an account gets its first second factor, for people who lost it.
//! Stored are only keyed digests.

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use inkan_base::UserId;
use inkan_crypto::RecoveryCode;
use inkan_store::{RECOVERY_CODES, StoreError};

use crate::flows::{Failure, FlowKind, Step};

/// Shows the codes of an account that has none yet, once: in the answer to the action that set the second factor up.
pub(crate) async fn hand_out(step: &mut Step<'_, '_>, user: UserId) -> Result<(), Failure> {
    if !step.config().mfa.recovery_codes.enabled || step.progress.data.owned.recovery_codes {
        return Ok(());
    }
    let codes: [RecoveryCode; RECOVERY_CODES] = RecoveryCode::generate_set(step.app.rng.as_ref());
    let macs = codes.each_ref().map(|code| code.mac(&step.app.keyring, step.cx.tenant, user));
    match step.flow {
        FlowKind::Registration => {
            step.data().new.recovery_codes =
                macs.iter().map(|mac| BASE64_STANDARD_NO_PAD.encode(mac)).collect();
        }
        FlowKind::Login => step.tx.recovery_codes().replace(user, &macs, step.cx.now).await?,
    }
    step.data().owned.recovery_codes = true;
    let shown: Vec<String> = codes.iter().map(|code| code.formatted().to_string()).collect();
    step.tell("recovery_codes", shown);
    Ok(())
}

/// Stores the codes of an account that was just created.
pub(crate) async fn store(step: &mut Step<'_, '_>, user: UserId, digests: &[String]) -> Result<(), Failure> {
    let bug = || Failure::Bug("recovery codes of a flow cannot be read".into());
    let macs: Vec<[u8; 32]> = digests
        .iter()
        .map(|text| BASE64_STANDARD_NO_PAD.decode(text).ok()?.try_into().ok())
        .collect::<Option<_>>()
        .ok_or_else(bug)?;
    let macs: [[u8; 32]; RECOVERY_CODES] = macs.try_into().map_err(|_| bug())?;
    step.tx.recovery_codes().replace(user, &macs, step.cx.now).await?;
    Ok(())
}

/// Uses a code up. Blanks, hyphens and case do not matter.
pub(crate) async fn redeem(step: &mut Step<'_, '_>, user: UserId, text: &str) -> Result<bool, StoreError> {
    let Some(code) = RecoveryCode::parse(text) else { return Ok(false) };
    // One for each secret of the server: a code outlives the replacement of a secret.
    for mac in code.macs(&step.app.keyring, step.cx.tenant, user) {
        if step.tx.recovery_codes().use_one(user, &mac, step.cx.now).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
