//! Setting passwords.

use inkan_base::{PasswordId, UserId};
use inkan_config::Password;
use inkan_crypto::is_common;
use inkan_flow::{InputError, Inputs, Rejection};
use inkan_mail::{Mail, MailKind};
use inkan_store::Account;

use super::{device, notification};
use crate::flows::{Failure, Preparation, Prepared, Step};

const INPUT: &str = "new_password";

/// Whether a password may be set: length in characters at the least, in bytes at the most (spec 00, decisions 14 and 30).
fn check(config: &Password, password: &str) -> Result<(), InputError> {
    if password.chars().count() < config.min_length {
        return Err(InputError::invalid());
    }
    if password.len() > config.max_length {
        return Err(InputError::too_long());
    }
    if config.refuse_common && is_common(password) {
        return Err(InputError::invalid().because("This password is one of the most common ones."));
    }
    Ok(())
}

/// Checks and hashes `new_password`, outside the transaction.
pub(crate) async fn hash_new(prepare: &mut Preparation<'_>, inputs: &Inputs) -> Result<Prepared, Failure> {
    let password = inputs.text(INPUT);
    if let Err(error) = check(&prepare.app.config.password, password) {
        return Ok(Prepared::Refused(Rejection::input(INPUT, error)));
    }
    let hash = prepare.app.passwords.hash(prepare.app.rng.as_ref(), password).await?;
    prepare.facts.new_password_hash = Some(hash);
    Ok(Prepared::Ready)
}

/// Gives an account a password.
pub(crate) async fn set(step: &mut Step<'_, '_>, user: UserId, hash: &str) -> Result<(), Failure> {
    let id = PasswordId::random(step.app.rng.as_ref());
    step.tx.passwords().upsert(user, hash, id, step.cx.now).await?;
    step.tx.users().touch(user, step.cx.now).await?;
    step.account_changed();
    // This flow set it: its proof goes on.
    let now = step.cx.now;
    if let Some(proof) = &mut step.data().proof {
        proof.password_set_at = Some(now);
    }
    step.data().owned.password = true;
    Ok(())
}

/// Replaces a password: whoever had the old one is signed out everywhere and the owner is told (spec 02, L6; spec 14, s023).
pub(crate) async fn replace(step: &mut Step<'_, '_>, account: &Account, hash: &str) -> Result<(), Failure> {
    let user = account.user.id;
    set(step, user, hash).await?;
    device::revoke_all(step, user).await?;
    if step.config().session.end_others_on_password_change {
        step.tx.sessions().delete_of_user(user, None).await?;
    }
    if step.config().security_notifications.notifications.password_update.enabled {
        let mail = Mail::new(MailKind::PasswordUpdate, &step.config().service.name);
        notification::send(step, account, mail).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec 03, section 17, and spec 00, decision 30.
    #[test]
    fn what_may_be_set() {
        let config = inkan_config::Config::default().password;
        let code = |password: &str| check(&config, password).err().map(|error| error.code);
        assert_eq!(code("7 chars"), Some("value_invalid_error"));
        assert_eq!(code("üüüü"), Some("value_invalid_error"));
        assert_eq!(code(&"ü".repeat(37)), Some("value_too_long_error"));
        assert_eq!(code(&"x!".repeat(36)), None);
        assert_eq!(code(&format!("{}y", "x!".repeat(36))), Some("value_too_long_error"));
        assert_eq!(code("password1"), Some("value_invalid_error"));
        assert_eq!(code("  spaces  "), None);
    }
}
