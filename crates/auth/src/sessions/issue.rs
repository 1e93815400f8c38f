//! A new session (spec 05, sections 1.2 and 4.1).

use inkan_base::SessionId;
use inkan_config::Retention;
use inkan_store::{Account, Session, StoreError, Tx};
use serde_json::Value;

use super::claims::{claims_object, token_claims};
use crate::{App, Context, flows::factors::AllFactors};

/// A session that was just made.
pub(crate) struct Issued {
    pub(crate) token: String,
    /// The `claims` object of the answer.
    pub(crate) claims: Value,
    /// Survives the end of the browser.
    pub(crate) persistent: bool,
}

/// What kind of session is wanted.
pub(crate) struct Request<'a> {
    pub(crate) account: &'a Account,
    pub(crate) amr: Vec<&'static str>,
    pub(crate) remember_me: bool,
}

/// Makes a session. Demands the proof that every factor was verified that is needed.
pub(crate) async fn issue(
    tx: &mut Tx<'_>,
    app: &App,
    cx: &Context,
    request: Request<'_>,
    _: AllFactors,
    ended: &mut Vec<SessionId>,
) -> Result<Issued, StoreError> {
    let config = &app.config.session;
    let user = request.account.user.id;
    // One sign-in of a user at a time, so that the limit holds (spec 14, s048).
    tx.lock_user(user).await?;
    end_presented(tx, app, cx, ended).await?;
    let trimmed = tx.sessions().trim(user, i64::from(config.limit) - 1, cx.now).await?;
    ended.extend(trimmed.iter().map(|session| session.id));
    let id = SessionId::random(app.rng.as_ref());
    let expires_at = cx.now + config.lifespan;
    let session = Session {
        id,
        user_id: user,
        user_agent: config.acquire_user_agent.then(|| cx.user_agent.clone()),
        ip_address: config.acquire_ip_address.then(|| cx.client.to_string()),
        created_at: cx.now,
        updated_at: cx.now,
        expires_at,
        last_used: cx.now,
    };
    tx.sessions().create(&session).await?;
    let times = (cx.now, expires_at);
    let claims = token_claims(&app.config, &app.custom_claims, request.account, id, &request.amr, times);
    let token = app.keys.sign(&claims).map_err(|error| StoreError::Bug(error.to_string()))?;
    let persistent = match config.cookie.retention {
        Retention::Persistent => true,
        Retention::Session => false,
        Retention::Prompt => request.remember_me,
    };
    Ok(Issued {
        token,
        claims: claims_object(&claims, cx.now.whole_seconds(), expires_at.whole_seconds()),
        persistent,
    })
}

/// The session that the browser had before ends: a token that somebody planted or kept is dead after a sign-in (spec 14,
/// s041).
async fn end_presented(
    tx: &mut Tx<'_>,
    app: &App,
    cx: &Context,
    ended: &mut Vec<SessionId>,
) -> Result<(), StoreError> {
    for token in &cx.tokens {
        if let Some(id) = app.keys.verify(token, cx.now).ok().as_ref().and_then(super::validate::session_id) {
            ended.extend(tx.sessions().delete(id).await?.map(|session| session.id));
        }
    }
    Ok(())
}
