//! Devices on which a second factor is not asked for again (spec 02, section 12; spec 05, section 9). The cookie holds a token per
//! account; stored is only its hash.

use inkan_base::{TrustedDeviceId, UserId};
use inkan_config::{Config, DeviceTrustPolicy};
use inkan_crypto::{DeviceCookie, DeviceToken};
use inkan_store::{StoreError, TrustedDevice};

use crate::flows::{Failure, SecondProof, Step, schedule};

/// Trusted devices of one account; the oldest goes when there is one more.
const DEVICES_PER_ACCOUNT: i64 = 50;

/// The trust that the request's cookie proves for this account.
pub(crate) async fn trusted(
    step: &mut Step<'_, '_>,
    user: UserId,
) -> Result<Option<TrustedDeviceId>, StoreError> {
    let mfa = &step.config().mfa;
    if !mfa.enabled || mfa.device_trust_policy == DeviceTrustPolicy::Never {
        return Ok(None);
    }
    let cookie = DeviceCookie::parse(&step.cx.device_cookie);
    let Some(token) = cookie.token_of(user) else { return Ok(None) };
    let now = step.cx.now;
    let Some(device) = step.tx.trusted_devices().find(user, &token.hash(), now).await? else {
        return Ok(None);
    };
    step.tx.trusted_devices().touch(device.id, now).await?;
    Ok(Some(device.id))
}

/// Whether a trust that was found earlier in this flow still holds.
pub(crate) async fn is_trusted(step: &mut Step<'_, '_>, id: TrustedDeviceId) -> Result<bool, StoreError> {
    step.tx.trusted_devices().touch(id, step.cx.now).await
}

/// Makes the device a trusted one, if the sign-in entitles to it: a new token in place of the old one.
pub(crate) async fn trust(step: &mut Step<'_, '_>, user: UserId) -> Result<(), Failure> {
    if !schedule::grants_trust(step.config(), &step.progress.data) {
        return Ok(());
    }
    let mfa = &step.app.config.mfa;
    let mut cookie = DeviceCookie::parse(&step.cx.device_cookie);
    if let Some(old) = cookie.token_of(user) {
        let hash = old.hash();
        step.tx.trusted_devices().revoke_token(user, &hash).await?;
    }
    let token = DeviceToken::generate(step.app.rng.as_ref());
    let device = TrustedDevice {
        id: TrustedDeviceId::random(step.app.rng.as_ref()),
        user_id: user,
        token_hash: token.hash(),
        user_agent: Some(step.cx.user_agent.clone()).filter(|agent| !agent.is_empty()),
        created_at: step.cx.now,
        expires_at: step.cx.now + mfa.device_trust_duration,
        last_used_at: step.cx.now,
    };
    step.tx.trusted_devices().create(&device, DEVICES_PER_ACCOUNT).await?;
    let most = match mfa.device_trust_max_users_per_device {
        0 => 20,
        most => usize::try_from(most).unwrap_or(20),
    };
    cookie.trust(user, token, most);
    step.out.cookies.push(set_cookie(&step.app.config, &cookie));
    Ok(())
}

/// A credential has changed: no device of the account is trusted any longer. What was proven in this flow stays so.
pub(crate) async fn revoke_all(step: &mut Step<'_, '_>, user: UserId) -> Result<(), StoreError> {
    step.tx.trusted_devices().revoke_all(user).await?;
    if matches!(step.progress.data.second_factor, Some(SecondProof::TrustedDevice(_))) {
        step.data().second_factor = Some(SecondProof::Settled);
    }
    Ok(())
}

/// The attributes are fixed, whatever those of the session cookie are.
fn set_cookie(config: &Config, cookie: &DeviceCookie) -> String {
    let mfa = &config.mfa;
    let (name, age) = (&mfa.device_trust_cookie_name, mfa.device_trust_duration.as_secs());
    format!("{name}={cookie}; Path=/; Max-Age={age}; HttpOnly; Secure; SameSite=None")
}
