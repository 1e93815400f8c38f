//! User names.

use inkan_base::{UserId, UsernameId};
use inkan_store::Username;

use crate::{
    events::Event,
    flows::{Failure, Step},
};

/// ASCII letters, digits and underscores. Letters are lower case already (spec 03, section 4.3).
pub(crate) fn is_valid(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Gives an account a user name that is free.
pub(crate) async fn add(step: &mut Step<'_, '_>, user: UserId, name: &str) -> Result<(), Failure> {
    let now = step.cx.now;
    let id = UsernameId::random(step.app.rng.as_ref());
    let username =
        Username { id, user_id: user, username: name.to_owned(), created_at: now, updated_at: now };
    step.tx.usernames().create(&username).await?;
    step.tx.users().touch(user, now).await?;
    step.account_changed();
    step.record(Event::UsernameChanged { user, username: name }).await?;
    Ok(())
}
