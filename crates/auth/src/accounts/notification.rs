//! Mails that tell the owner of an account about a change (spec 09, part C).

use std::time::Duration;

use inkan_mail::Mail;
use inkan_store::Account;

use crate::{
    events::Event,
    flows::{Failure, Step},
    outbox::{self, Priority},
};

/// How long it is tried to deliver a notification.
const LIFETIME: Duration = Duration::from_hours(72);

/// Queues a mail to the primary address; an account without one gets none (spec 11, weakness 3).
pub(crate) async fn send(step: &mut Step<'_, '_>, account: &Account, mail: Mail) -> Result<(), Failure> {
    let Some(primary) = account.primary_email() else { return Ok(()) };
    let template = mail.kind;
    let expires_at = step.cx.now + LIFETIME;
    outbox::queue_mail(
        step.tx,
        step.app,
        step.cx,
        &primary.address,
        mail,
        Priority::Notification,
        expires_at,
    )
    .await?;
    let by_us = step.config().email_delivery.enabled;
    let event = Event::NotificationSent {
        user: account.user.id,
        template: template.as_str(),
        address: &primary.address,
        by_us,
    };
    step.record(event).await?;
    Ok(())
}
