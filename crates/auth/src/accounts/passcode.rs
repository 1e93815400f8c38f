//! One-time codes sent by mail (spec 02, section 8).
//!
//! A code belongs to one flow, one address and one purpose. Stored is only a keyed digest of it. For an unknown address
//! everything is the same, except that the mail does not contain the code.

use inkan_base::{FlowId, PasscodeId};
use inkan_config::PasscodeCharset;
use inkan_crypto::{Charset, Keyring};
use inkan_flow::Inputs;
use inkan_mail::{Mail, MailKind};
use inkan_store::{Attempt, Passcode};

use crate::{
    flows::{Data, Failure, Preparation, Prepared, SentPasscode, Step},
    limits::{Operation, Refused},
    outbox::{self, Priority},
};

/// Wrong tries per code.
pub(crate) const MAX_ATTEMPTS: i64 = 3;

/// What came of a guess.
pub(crate) enum Guess {
    /// The code; it is used up.
    Right,
    /// Not the code.
    Wrong,
    /// There is no code, or it has expired.
    Gone,
    /// Wrong too often.
    Exhausted,
}

/// Where codes of this flow go.
pub(crate) fn target(data: &Data) -> Result<&str, Failure> {
    let address = data.new_address.as_deref().or(data.address.as_deref());
    address.ok_or_else(|| Failure::Bug("no address for a code".into()))
}

/// Whether a code that still counts was sent to the same address for the same purpose.
pub(crate) async fn is_under_way(step: &mut Step<'_, '_>) -> Result<bool, Failure> {
    let data = &step.progress.data;
    let address = target(data)?;
    let Some(sent) = data.passcode.as_ref().filter(|sent| sent.address == address) else { return Ok(false) };
    if !data.passcode_kind.is_some_and(|kind| serves(sent.kind, kind)) {
        return Ok(false);
    }
    let id = sent.id;
    let row = step.tx.passcodes().find(id).await?;
    Ok(row.is_some_and(|row| row.attempts < MAX_ATTEMPTS && step.cx.now < row.expires_at))
}

/// A code for signing in and one for a forgotten password prove the same; no other code serves two purposes.
fn serves(sent: MailKind, wanted: MailKind) -> bool {
    let sign_in = |kind| matches!(kind, MailKind::Login | MailKind::Recovery);
    sent == wanted || (sign_in(sent) && sign_in(wanted))
}

/// Takes from the budgets of the client and of the recipient.
pub(crate) fn take_mail(step: &Step<'_, '_>) -> Result<Result<(), Refused>, Failure> {
    let (limits, cx, data) = (&step.app.limits, step.cx, &step.progress.data);
    let address = target(data)?;
    let taken = limits.take(cx, Operation::SendPasscode, address);
    Ok(taken.and_then(|()| limits.take_mail(cx, address, data.user)))
}

/// Creates a code and queues the mail. The code that was sent before is dead.
pub(crate) async fn send(step: &mut Step<'_, '_>) -> Result<(), Failure> {
    let kind = kind_to_send(step).await?;
    let address = target(&step.progress.data)?.to_owned();
    let (app, cx) = (step.app, step.cx);
    let email = &app.config.email;
    let code = inkan_crypto::passcode(app.rng.as_ref(), charset(email.passcode_charset));
    let id = PasscodeId::random(app.rng.as_ref());
    let expires_at = cx.now + email.passcode_ttl;
    if let Some(old) = step.data().passcode.take() {
        step.tx.passcodes().delete(old.id).await?;
    }
    let row = Passcode {
        id,
        flow_id: step.id,
        user_id: step.progress.data.user.filter(|_| matches!(kind, MailKind::Login | MailKind::Recovery)),
        address: address.clone(),
        kind: kind.as_str().to_owned(),
        code_mac: mac(&app.keyring, step.id, id, &code).to_vec(),
        attempts: 0,
        created_at: cx.now,
        expires_at,
    };
    step.tx.passcodes().create(&row).await?;
    let service = &app.config.service.name;
    let mail = match kind.has_code() {
        true => Mail::with_code(
            kind,
            service,
            code,
            u32::try_from(email.passcode_ttl.as_secs()).unwrap_or(u32::MAX),
        ),
        false => Mail::new(kind, service),
    };
    outbox::queue_mail(step.tx, app, cx, &address, mail, Priority::Passcode, expires_at).await?;
    step.data().passcode = Some(SentPasscode { id, address, kind });
    Ok(())
}

/// The purpose, looked at again: if the address no longer leads to the account, the mail must not carry a code (L2). An
/// address without account costs the same look.
async fn kind_to_send(step: &mut Step<'_, '_>) -> Result<MailKind, Failure> {
    let kind =
        step.progress.data.passcode_kind.ok_or_else(|| Failure::Bug("no purpose for a code".into()))?;
    if !matches!(kind, MailKind::Login | MailKind::Recovery | MailKind::EmailLoginAttempted) {
        return Ok(kind);
    }
    let address = step.progress.data.address.clone();
    let account = step.identified_account().await?;
    let owned = account
        .is_some_and(|account| account.emails.iter().any(|email| Some(&email.address) == address.as_ref()));
    Ok(if owned { kind } else { MailKind::EmailLoginAttempted })
}

/// Compares a code. Counts the attempt first, so that parallel guesses are never more than allowed.
pub(crate) async fn guess(step: &mut Step<'_, '_>, code: &str) -> Result<Guess, Failure> {
    let address = target(&step.progress.data)?.to_owned();
    let data = &step.progress.data;
    let sent = data.passcode.as_ref().filter(|sent| sent.address == address);
    let fits = |sent: &&SentPasscode| match (sent.kind, data.passcode_kind) {
        (MailKind::EmailLoginAttempted, Some(MailKind::Login | MailKind::Recovery)) => true,
        (kind, Some(wanted)) => serves(kind, wanted),
        (_, None) => false,
    };
    let Some((id, sent_kind)) = sent.filter(fits).map(|sent| (sent.id, sent.kind)) else {
        return Ok(Guess::Gone);
    };
    let attempt = step.tx.passcodes().take_attempt(id, step.id, MAX_ATTEMPTS, step.cx.now).await?;
    let row = match attempt {
        Attempt::Taken(row) => row,
        Attempt::Exhausted => return Ok(Guess::Exhausted),
        Attempt::Gone => return Ok(Guess::Gone),
    };
    // A code that was never sent is never right, however lucky the guess (spec 03, section 20, item 13).
    if verify(&step.app.keyring, &row, code) && sent_kind.has_code() {
        step.tx.passcodes().delete(id).await?;
        step.data().passcode = None;
        step.app.limits.give_back_code(step.cx, &address, step.progress.data.user);
        return Ok(Guess::Right);
    }
    Ok(if row.attempts >= MAX_ATTEMPTS { Guess::Exhausted } else { Guess::Wrong })
}

/// Guessing is limited for the address as a whole, whatever codes, flows and clients are used. Taken before anything is
/// compared, so that parallel guesses count; a right one is given back.
pub(crate) async fn take_from_budgets(
    prepare: &mut Preparation<'_>,
    _: &Inputs,
) -> Result<Prepared, Failure> {
    let (limits, cx, data) = (&prepare.app.limits, prepare.cx, &prepare.progress.data);
    Ok(match limits.take_code(cx, target(data)?, data.user) {
        Ok(()) => Prepared::Ready,
        Err(refused) => Prepared::Refused(refused.into()),
    })
}

const PURPOSE: &str = "passcode";

fn mac(keyring: &Keyring, flow: FlowId, id: PasscodeId, code: &str) -> [u8; 32] {
    keyring.mac(PURPOSE, &[flow.0.as_bytes(), id.0.as_bytes(), code.as_bytes()])
}

fn verify(keyring: &Keyring, row: &Passcode, code: &str) -> bool {
    keyring.verify_mac(
        PURPOSE,
        &[row.flow_id.0.as_bytes(), row.id.0.as_bytes(), code.as_bytes()],
        &row.code_mac,
    )
}

const fn charset(charset: PasscodeCharset) -> Charset {
    match charset {
        PasscodeCharset::Numeric => Charset::Numeric,
        PasscodeCharset::Alphanumeric => Charset::Alphanumeric,
    }
}
