//! A new session (spec 05, sections 1.2 and 4.1).
//!
//! The row is written in the transaction, and what the token will say is stored with the answer. The token itself is signed
//! after the commit: with RSA that takes longer than everything else in the transaction, and on SQLite nobody can write
//! meanwhile. An answer that is repeated is signed again and is the same again; only ECDSA, which is fast, would give another
//! token each time, so that one is made and stored at once.

use inkan_base::SessionId;
use inkan_config::{JwtAlgorithm, Retention};
use inkan_store::{Account, Session, StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::claims::{claims_object, token_claims};
use crate::{App, Context, flows::factors::AllFactors};

/// A session that was just made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Issued {
    pub(crate) token: Token,
    /// Survives the end of the browser.
    pub(crate) persistent: bool,
}

/// The token of a session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Token {
    /// What it will say.
    Claims(Map<String, Value>),
    Signed(String),
}

/// What kind of session is wanted.
pub(crate) struct Request<'a> {
    pub(crate) account: &'a Account,
    pub(crate) amr: Vec<&'static str>,
    pub(crate) remember_me: bool,
    /// The sessions that the browser had before.
    pub(crate) presented: &'a [SessionId],
}

/// Makes a session; with it comes the `claims` object of the answer. Demands the proof that every factor was verified that is
/// needed.
pub(crate) async fn issue(
    tx: &mut Tx<'_>,
    app: &App,
    cx: &Context,
    request: Request<'_>,
    _: AllFactors,
) -> Result<(Issued, Value), StoreError> {
    let config = &app.config.session;
    let user = request.account.user.id;
    // One sign-in of a user at a time, so that the limit holds (spec 14, s048).
    tx.lock_user(user).await?;
    // A token that somebody planted or kept is dead after a sign-in (spec 14, s041).
    for id in request.presented {
        tx.sessions().end(*id).await?;
    }
    tx.sessions().trim(user, i64::from(config.limit) - 1, cx.now).await?;
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
    let token = token_claims(&app.config, &app.custom_claims, request.account, id, &request.amr, times);
    let claims = claims_object(&token, cx.now.whole_seconds(), expires_at.whole_seconds());
    let token = match app.config.jwt.algorithm {
        JwtAlgorithm::RS256 | JwtAlgorithm::EdDSA => Token::Claims(token),
        JwtAlgorithm::ES256 => {
            Token::Signed(app.keys.sign(&token).map_err(|error| StoreError::Bug(error.to_string()))?)
        }
    };
    let persistent = match config.cookie.retention {
        Retention::Persistent => true,
        Retention::Session => false,
        Retention::Prompt => request.remember_me,
    };
    Ok((Issued { token, persistent }, claims))
}

/// The sessions whose tokens the client presents.
pub(crate) fn presented(app: &App, cx: &Context) -> Vec<SessionId> {
    let verified = cx.tokens.iter().filter_map(|token| app.keys.verify(token, cx.now).ok());
    verified.filter_map(|claims| super::validate::session_id(&claims)).collect()
}
