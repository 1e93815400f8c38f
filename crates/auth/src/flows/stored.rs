//! Flows at rest: sealed, versioned, wiped when they end; and the last answer for a moment, so that an identical repeat gets
//! it again (spec 00, decision 22).

use std::time::Duration;

use inkan_base::{FlowId, Timestamp};
use inkan_crypto::{Keyring, same, seal::Context as Sealed};
use inkan_flow::{Body, StateName as _, Target};
use inkan_store::{FlowRow, StoreError, Tx};

use super::{
    Answer, Failure, FlowKind, Progress, State,
    announced::{Announcement, Started},
    start::{self, LIFETIME},
    step::KnownPassword,
};
use crate::{App, Context};

/// How long an answer can be had again by the same request.
pub(super) const REPLAY: Duration = Duration::from_secs(10);

/// A flow as it was read.
pub(super) struct Loaded {
    pub(super) id: FlowId,
    pub(super) flow: FlowKind,
    pub(super) progress: Progress,
    pub(super) expires_at: Timestamp,
    /// What this node remembers of the account's password.
    pub(super) password: Option<KnownPassword>,
    pub(super) created_at: Timestamp,
    /// `None`: the flow was started but not yet stored.
    version: Option<i64>,
}

impl Loaded {
    /// Nothing of the flow is stored and nothing was told of the client.
    pub(super) fn is_new(&self) -> bool {
        !self.is_stored() && self.progress.state == State::Preflight
    }

    /// There is a row of it.
    pub(super) const fn is_stored(&self) -> bool {
        self.version.is_some()
    }
}

/// Identifies a request: the same action on the same flow with the same token and inputs.
/// Keyed, because inputs may be as guessable as a code.
pub(super) fn request_digest(keyring: &Keyring, target: &Target, body: &Body) -> [u8; 32] {
    let inputs = serde_json::to_vec(&body.input_data).unwrap_or_default();
    let parts = [target.action.as_bytes(), target.flow.0.as_bytes(), body.csrf_token.as_bytes(), &inputs];
    keyring.mac("request", &parts)
}

impl App {
    /// The flow without asking the database, if that is possible; it may have gone on elsewhere. Then [`App::save`] fails.
    pub(super) fn presumed(
        &self,
        cx: &Context,
        flow: FlowKind,
        id: FlowId,
        token: &str,
    ) -> Result<Option<Loaded>, StoreError> {
        let Some(recent) = self.recent_flows.get(cx.tenant, id) else {
            if self.beginnings.is_stored(cx.tenant, id) {
                return Ok(None);
            }
            // The token is known to belong to a flow that is not stored yet, or is but this node knows nothing of it.
            return Ok(self.new_flow(cx, flow, id, token).filter(|loaded| cx.now <= loaded.expires_at));
        };
        let row = &recent.row;
        if row.kind != flow.as_str()
            || cx.now > row.expires_at
            || !same(row.csrf_token.as_bytes(), token.as_bytes())
        {
            return Ok(None);
        }
        let progress = self.open_progress(cx, row)?;
        let (expires_at, created_at, version) = (row.expires_at, row.created_at, Some(row.version));
        let password = recent.password.clone();
        Ok(Some(Loaded { id, flow, progress, expires_at, password, created_at, version }))
    }

    /// A flow that is not stored yet, if `token` shows that it was started here.
    fn new_flow(&self, cx: &Context, flow: FlowKind, id: FlowId, token: &str) -> Option<Loaded> {
        let created_at = start::started_at(id)?;
        let started = Started { tenant: cx.tenant, flow, id, at: created_at };
        let progress = if start::is_first_token(&self.keyring, cx.tenant, flow, id, token) {
            start::progress(flow)
        } else {
            Announcement::read(self, &started, token)?.progress(self, &started)
        };
        let expires_at = created_at + LIFETIME;
        Some(Loaded { id, flow, progress, expires_at, password: None, created_at, version: None })
    }

    /// Loads a flow of this endpoint whose current token is `token`. `Err` with the row: the token is another one.
    pub(super) async fn load(
        &self,
        cx: &Context,
        flow: FlowKind,
        id: FlowId,
        token: &str,
    ) -> Result<Result<Loaded, Option<FlowRow>>, StoreError> {
        let row = self.store.read(cx.tenant, async |tx| tx.flows().find(id).await).await?;
        let Some(row) = row else {
            return Ok(self.new_flow(cx, flow, id, token).ok_or(None));
        };
        if row.kind != flow.as_str() {
            return Ok(Err(None));
        }
        // The end of its life comes before the token (spec 01, section 4.2, step 6).
        if !same(row.csrf_token.as_bytes(), token.as_bytes()) && cx.now <= row.expires_at {
            // It may be one that would be good if nothing was stored: it is looked up here next time.
            self.beginnings.remember_stored(cx.tenant, id);
            return Ok(Err(Some(row)));
        }
        let progress = match cx.now > row.expires_at {
            true => start::progress(flow),
            false => self.open_progress(cx, &row)?,
        };
        let (expires_at, created_at, version) = (row.expires_at, row.created_at, Some(row.version));
        Ok(Ok(Loaded { id, flow, progress, expires_at, password: None, created_at, version }))
    }

    fn open_progress(&self, cx: &Context, row: &FlowRow) -> Result<Progress, StoreError> {
        let id = row.id.to_string();
        let plain = self.keyring.open(sealed(cx, &id, "data"), &row.data);
        let plain = plain.map_err(|error| StoreError::Bug(format!("flow data: {error}")))?;
        serde_json::from_slice(&plain).map_err(|error| StoreError::Bug(format!("flow data: {error}")))
    }

    /// The answer that the same request got a moment ago.
    pub(super) fn replay(&self, cx: &Context, row: &FlowRow) -> Option<Answer> {
        row.last_answer_until.filter(|until| cx.now <= *until)?;
        let id = row.id.to_string();
        let plain = self.keyring.open(sealed(cx, &id, "last_answer"), row.last_answer.as_deref()?).ok()?;
        self.signed(serde_json::from_slice(&plain).ok()?).ok()
    }

    /// Stores the flow if nobody else did since it was loaded; else the transaction fails with [`Failure::Lost`]. The row is to be
    /// remembered after the commit.
    #[expect(clippy::too_many_arguments, reason = "the parts of one row, written in one place")]
    pub(super) async fn save(
        &self,
        tx: &mut Tx<'_>,
        cx: &Context,
        loaded: &Loaded,
        progress: Progress,
        token: String,
        digest: &[u8; 32],
        answer: &Answer,
    ) -> Result<FlowRow, Failure> {
        let finished = matches!(progress.state, State::Success | State::Error);
        let id = loaded.id.to_string();
        let seal = |column, plain: Result<Vec<u8>, serde_json::Error>| {
            let plain = plain.map_err(|error| Failure::Bug(error.to_string()))?;
            let sealed = self.keyring.seal(sealed(cx, &id, column), &plain, self.rng.as_ref());
            sealed.map_err(|error| Failure::Bug(error.to_string()))
        };
        let row = FlowRow {
            id: loaded.id,
            kind: loaded.flow.as_str().to_owned(),
            state: progress.state.as_str().to_owned(),
            version: loaded.version.unwrap_or(0) + 1,
            csrf_token: token,
            data: seal("data", serde_json::to_vec(&progress))?,
            last_request: Some(digest.to_vec()),
            last_answer: Some(seal("last_answer", serde_json::to_vec(answer))?),
            last_answer_until: Some(cx.now + REPLAY),
            finished,
            created_at: loaded.created_at,
            updated_at: cx.now,
            expires_at: loaded.expires_at,
        };
        match loaded.version {
            None => tx.flows().create(&row).await?,
            Some(version) => tx.flows().update(&row, version).await?,
        }
        Ok(row)
    }
}

const fn sealed<'a>(cx: &Context, id: &'a str, column: &'a str) -> Sealed<'a> {
    Sealed { table: "flows", tenant: cx.tenant, row: id, column }
}
