//! Second factors: how often they may be guessed, and what it means for an account to get one.

use std::time::Duration;

use inkan_base::UserId;
use inkan_mail::MailKind;
use inkan_store::{Account, AskedGuess, Guess, GuessBudget, StoreError};

use super::{device, recovery_code, webauthn};
use crate::{
    flows::{Failure, MfaMethod, SecondProof, Step},
    limits::Refused,
};

/// Wrong codes per account and day, whatever client, flow or node: a chance of less than 1 in 10,000 to guess one of six digits,
/// of which three are right at a time (spec 14, s013).
pub(crate) const WRONG_SECOND_FACTORS: GuessBudget =
    GuessBudget { attempts: 30, window: Duration::from_hours(24) };

/// A client that signed in to the account before has a budget of its own, so that nobody can lock the owner out (spec 14, s034).
fn budget(step: &Step<'_, '_>, user: UserId, method: MfaMethod) -> &'static str {
    match (method, step.app.limits.is_known(step.cx, Some(user))) {
        (MfaMethod::RecoveryCode, false) => "recovery_code",
        (MfaMethod::RecoveryCode, true) => "recovery_code_known",
        (_, false) => "totp",
        (_, true) => "totp_known",
    }
}

/// Asks for a guess from the account's budget; the answer comes with that of the next question.
pub(crate) async fn ask_guess(
    step: &mut Step<'_, '_>,
    user: UserId,
    method: MfaMethod,
) -> Result<AskedGuess, StoreError> {
    let (name, now) = (budget(step, user, method), step.cx.now);
    step.tx.second_factor_attempts().ask(user, name, WRONG_SECOND_FACTORS, now).await
}

/// Takes the guess, before anything is compared.
pub(crate) async fn take_guess(
    step: &mut Step<'_, '_>,
    asked: AskedGuess,
) -> Result<Result<(), Refused>, StoreError> {
    let now = step.cx.now;
    Ok(match step.tx.second_factor_attempts().take(asked).await? {
        Guess::Taken { .. } => Ok(()),
        Guess::Refused { until } => {
            let seconds = (until.micros() - now.micros()).max(0) / 1_000_000;
            Err(Refused { retry_after: u64::try_from(seconds).unwrap_or(0) })
        }
    })
}

/// The guess was right.
pub(crate) async fn give_back(
    step: &mut Step<'_, '_>,
    user: UserId,
    method: MfaMethod,
) -> Result<(), Failure> {
    let name = budget(step, user, method);
    step.tx.second_factor_attempts().give_back(user, name).await?;
    Ok(())
}

/// The account of this login got a second factor: devices that were trusted before are not any longer (spec 02, L24), the
/// owner is told, and gets recovery codes.
pub(crate) async fn enrolled(step: &mut Step<'_, '_>, account: &Account) -> Result<(), Failure> {
    let user = account.user.id;
    step.tx.users().touch(user, step.cx.now).await?;
    step.account_changed();
    device::revoke_all(step, user).await?;
    step.data().second_factor.get_or_insert(SecondProof::Settled);
    webauthn::notify(step, account, MailKind::MfaCreate).await?;
    recovery_code::hand_out(step, user).await
}
