//! Starting and continuing flows (spec 01, sections 3 to 11).
//!
//! 1. Read the request.
//! 2. Wait for an earlier request on the same flow.
//! 3. Load the flow and compare its token.
//! 4. Find the action and read its inputs.
//! 5. Slow work. What a client says it can do goes into its next token; nothing more happens then (`announced`).
//! 6. One transaction: the action, the entry of the new state, the new version of the flow.
//! 7. After the commit, the answer.

use inkan_base::FlowId;
use inkan_flow::{
    ActionDocument, Body, Document, FlowError, Input, InputErrors, Inputs, Malformed, Payload, Rejection,
    Request, StateName as _, Target,
};
use inkan_store::{FlowRow, SessionEvent, Spent, StoreError};

use super::{
    Action, Answer, Failure, FlowKind, FlowRequest, Outcome, Outline, Prepared, Progress, Screen, State,
    View,
    answer::retry_after,
    screens,
    start::{self, first_screen},
    states::preflight,
    step::{Facts, Known, Out, Preparation, Step},
    stored::{Loaded, request_digest},
    success,
};
use crate::{App, Context, events::Journal, sessions::presented};

/// A request that changes nothing: a detached document.
#[derive(Debug)]
pub(super) struct Refusal {
    error: FlowError,
    reason: String,
}

impl Refusal {
    pub(super) fn new(error: FlowError, reason: impl Into<String>) -> Self {
        Self { error, reason: reason.into() }
    }

    pub(super) fn not_permitted(reason: &str) -> Self {
        Self::new(FlowError::OperationNotPermitted, reason)
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::new(FlowError::FormDataInvalid, malformed.to_string())
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Unavailable(_) | StoreError::Retry => FlowError::Unavailable,
            StoreError::Conflict { .. } | StoreError::Bug(_) => FlowError::Technical,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => error.into(),
            Failure::Hash(inkan_crypto::HashError::Busy) => {
                Self::new(FlowError::Unavailable, "hashing is busy")
            }
            Failure::Lost | Failure::Changed => {
                Self::new(FlowError::Unavailable, "lost against another request twice")
            }
            Failure::Hash(_) | Failure::Bug(_) => Self::new(FlowError::Technical, failure.to_string()),
        }
    }
}

/// One request on an existing flow.
struct Continuation<'a> {
    cx: &'a Context,
    flow: FlowKind,
    target: Target,
    body: Body,
    digest: [u8; 32],
}

/// Where a flow is looked at.
#[derive(Clone, Copy)]
enum Sight {
    /// As this node left it; only a successful commit shows that it is still so.
    Presumed,
    /// In the database.
    Stored,
}

/// An action about to be executed.
struct Execution {
    action: &'static Action,
    inputs: Inputs,
    facts: Facts,
    rejection: Option<Rejection>,
}

impl App {
    /// Answers a request on a flow endpoint. Never fails: whatever goes wrong is a flow document too.
    pub async fn flow(&self, request: FlowRequest<'_>) -> Answer {
        let (mut outline, mut spent) = (Outline::default(), Spent::default());
        let mut answer = self.document(&request, &mut outline, &mut spent).await;
        self.metrics.flow_action(request.flow.as_str(), outline, spent);
        answer.outline = outline;
        answer
    }

    async fn document(&self, request: &FlowRequest<'_>, outline: &mut Outline, spent: &mut Spent) -> Answer {
        match self.answer(request, outline, spent).await {
            Ok(answer) => answer,
            Err(Refusal { error, reason }) => {
                outline.outcome = error.code();
                let flow = request.flow.as_str();
                match error {
                    FlowError::Technical => tracing::error!(flow, %reason, "a flow request failed"),
                    FlowError::Unavailable => tracing::warn!(flow, %reason, "a flow request was turned away"),
                    _ => tracing::debug!(flow, %reason, "a flow request was refused"),
                }
                Answer::detached(error, self.config.debug.then_some(reason))
            }
        }
    }

    async fn answer(
        &self,
        request: &FlowRequest<'_>,
        outline: &mut Outline,
        spent: &mut Spent,
    ) -> Result<Answer, Refusal> {
        let target = match Request::parse(request.query)? {
            Request::Start => {
                outline.action = "start";
                return Ok(self.started(request));
            }
            Request::Continue(target) => target,
        };
        let body = Body::parse(request.content_type, request.body)?;
        let digest = request_digest(&self.keyring, &target, &body);
        let continuation = Continuation { cx: request.cx, flow: request.flow, target, body, digest };
        // On the heap: a new flow, which is asked for far more often, should not carry all of this along.
        let continued = Box::pin(self.continued(&continuation, outline));
        let (answer, asked) = inkan_store::counted(continued).await;
        *spent = asked;
        answer
    }

    async fn continued(
        &self,
        continuation: &Continuation<'_>,
        outline: &mut Outline,
    ) -> Result<Answer, Refusal> {
        let Some(_lock) = self.locks.lock(continuation.target.flow).await else {
            return Err(Refusal::new(
                FlowError::Unavailable,
                "an earlier request on this flow takes too long",
            ));
        };
        match self.attempt(continuation, Sight::Presumed, outline).await {
            Ok(answer) => answer,
            // Lost against a request on another node, or the account changed: once more against what is there now.
            Err(failure) if failure.is_worth_a_retry() => {
                self.recent_flows.forget(continuation.cx.tenant, continuation.target.flow);
                self.attempt(continuation, Sight::Stored, outline).await?
            }
            Err(failure) => Err(failure.into()),
        }
    }

    fn started(&self, request: &FlowRequest<'_>) -> Answer {
        start::answer(self, request.flow, request.cx.tenant, request.cx.now)
    }

    /// One try. The outer error says that nothing was done; the inner one is an answer that changes nothing.
    async fn attempt(
        &self,
        request: &Continuation<'_>,
        sight: Sight,
        outline: &mut Outline,
    ) -> Result<Result<Answer, Refusal>, Failure> {
        let (cx, flow) = (request.cx, request.flow);
        let (id, token) = (request.target.flow, request.body.csrf_token.as_str());
        let presumed = match sight {
            Sight::Presumed => self.presumed(cx, flow, id, token)?,
            Sight::Stored => None,
        };
        let loaded = match presumed {
            Some(loaded) => loaded,
            None => match self.load(cx, flow, id, token).await? {
                Ok(loaded) => loaded,
                Err(Some(row)) if row.last_request.as_deref() == Some(&request.digest) => {
                    return Ok(self.replay(cx, &row).ok_or_else(|| Refusal::not_permitted("stale token")));
                }
                Err(_) => return Ok(Err(Refusal::not_permitted("unknown flow, or stale or missing token"))),
            },
        };
        if cx.now > loaded.expires_at {
            return Ok(Err(Refusal::new(FlowError::FlowExpired, "expired")));
        }
        if loaded.is_new()
            && let Some(said) = self.beginnings.said(cx.tenant, id)
        {
            return Ok(match said.is_repeated_by(&request.digest, cx.now) {
                true => Ok(self.announced(cx, &loaded, said.announcement)?),
                false => Err(Refusal::not_permitted("stale token")),
            });
        }
        outline.state = loaded.progress.state.as_str();
        let view = View { config: &self.config, flow, progress: &loaded.progress };
        let Some(action) = find_action(&view, &request.target.action) else {
            return Ok(Err(Refusal::not_permitted("the action is not on offer")));
        };
        outline.action = action.name;
        let (inputs, errors) = Inputs::read(&(action.inputs)(&view), &request.body.input_data);
        let mut execution = Execution { action, inputs, facts: Facts::default(), rejection: None };
        if errors.is_empty() {
            self.prepare(request, &loaded, &mut execution).await?;
        } else {
            execution.rejection = Some(Rejection::inputs(errors));
        }
        if loaded.is_new() {
            let told =
                execution.rejection.map_or_else(|| Ok(preflight::capabilities(&execution.inputs)), Err);
            let (answer, error) = self.announce(cx, &loaded, told, (token, &request.digest))?;
            outline.outcome = error.map_or("ok", FlowError::code);
            return Ok(Ok(answer));
        }
        if execution.rejection.is_none() && action.leads_to.contains(&State::Success) {
            // Signatures are compared here, not while others wait for the transaction.
            execution.facts.presented = Some(presented(self, cx));
        }
        let (answer, error) = self.commit(request, &loaded, execution).await?;
        outline.outcome = error.map_or("ok", FlowError::code);
        Ok(Ok(answer))
    }

    /// The slow work of an action that has some.
    async fn prepare(
        &self,
        request: &Continuation<'_>,
        loaded: &Loaded,
        execution: &mut Execution,
    ) -> Result<(), Failure> {
        let Some(prepare) = execution.action.prepare else { return Ok(()) };
        let (progress, password) = (&loaded.progress, loaded.password.as_ref());
        let mut preparation =
            Preparation { app: self, cx: request.cx, progress, password, facts: Facts::default() };
        match prepare(&mut preparation, &execution.inputs).await? {
            Prepared::Ready => execution.facts = preparation.facts,
            Prepared::Refused(refused) => execution.rejection = Some(refused),
        }
        Ok(())
    }

    /// The transaction of an action, and what follows its commit.
    async fn commit(
        &self,
        request: &Continuation<'_>,
        loaded: &Loaded,
        execution: Execution,
    ) -> Result<(Answer, Option<FlowError>), Failure> {
        let Execution { action, inputs, facts, rejection } = execution;
        // All that it takes is given up when it is done: many may wait for their commit at the same time.
        let committed = self.store.write_ending::<_, Failure>(request.cx.tenant, async move |tx| {
            let mut step = Step {
                app: self,
                cx: request.cx,
                tx,
                flow: request.flow,
                id: request.target.flow,
                progress: loaded.progress.clone(),
                facts: &facts,
                out: Out::new(request.target.flow),
                known: Known::default(),
            };
            let outcome = match rejection {
                Some(rejection) => Outcome::Reject(rejection),
                None => (action.run)(&mut step, &inputs).await?,
            };
            let shown = apply(&mut step, &loaded.progress, outcome).await?;
            show_state(&mut step).await?;
            let (token, answer) = self.render(&step, action.name, &inputs, &shown);
            let Step { tx, progress, mut out, .. } = step;
            out.payload = Payload::new();
            let row = self.save(tx, request.cx, loaded, progress, token, &request.digest, &answer).await?;
            Ok((answer, shown.error, out, FlowRow { last_request: None, last_answer: None, ..row }))
        });
        let ((answer, error, mut out, row), ended) = committed.await?;
        let password = out.password.take().or_else(|| loaded.password.clone());
        if !loaded.is_stored() {
            self.beginnings.remember_stored(request.cx.tenant, row.id);
        }
        self.recent_flows.remember(request.cx.tenant, row, password);
        for session in ended {
            self.sessions.forget(SessionEvent::Ended(session));
        }
        if let Some(user) = out.signed_in {
            self.limits.signed_in(request.cx, user);
        }
        out.journal.flush(&self.config);
        Ok((self.signed(answer)?, error))
    }

    /// The document of the flow as it is now, with its new token.
    fn render(
        &self,
        step: &Step<'_, '_>,
        action: &'static str,
        inputs: &Inputs,
        shown: &Shown,
    ) -> (String, Answer) {
        // After a restart the errors belong to the first action of the first screen.
        let first = find_screen(step.flow, step.progress.state).and_then(|screen| screen.actions.first());
        let nothing = Inputs::default();
        let submitted = match first.filter(|_| shown.restarted) {
            Some(first) => Submitted { action: first.name, inputs: &nothing, errors: &shown.inputs },
            None => Submitted { action, inputs, errors: &shown.inputs },
        };
        let (error, token) = (shown.error, inkan_crypto::token32(self.rng.as_ref()));
        let progress = &step.progress;
        let actions = self.actions(step.flow, step.id, progress, Some(&submitted));
        let payload = step.out.payload.clone();
        let retry =
            error.filter(|error| *error == FlowError::RateLimitExceeded).and_then(|_| retry_after(&payload));
        let error = error.map(|error| (error, None));
        let document = Document::attached(progress.state.as_str(), token.clone(), payload, actions, error);
        let answer = Answer::attached(&document, retry);
        let answer = match &step.out.session {
            Some(issued) => answer.with_session(&self.config, issued),
            None => answer,
        };
        let answer = answer.with_cookies(&step.out.cookies);
        (token, answer)
    }

    pub(super) fn actions(
        &self,
        flow: FlowKind,
        id: FlowId,
        progress: &Progress,
        submitted: Option<&Submitted<'_>>,
    ) -> Vec<ActionDocument> {
        let view = View { config: &self.config, flow, progress };
        let Some(screen) = find_screen(flow, progress.state) else { return Vec::new() };
        let offered = screen.actions.iter().filter(|action| (action.offered)(&view));
        offered
            .map(|action| {
                let mine = submitted.filter(|submitted| submitted.action == action.name);
                let inputs = (action.inputs)(&view).iter().map(|input| show(input, mine)).collect();
                ActionDocument::new(flow.as_str(), id, action.name, action.description, inputs)
            })
            .collect()
    }
}

/// The action that was just executed, for what its inputs show.
pub(super) struct Submitted<'a> {
    action: &'static str,
    inputs: &'a Inputs,
    errors: &'a InputErrors,
}

fn show(input: &Input, submitted: Option<&Submitted<'_>>) -> inkan_flow::InputDocument {
    let error =
        submitted.and_then(|submitted| submitted.errors.iter().find(|(name, _)| *name == input.name()));
    input.document(submitted.map(|submitted| submitted.inputs), error.map(|(_, error)| error))
}

fn find_screen(flow: FlowKind, state: State) -> Option<&'static Screen> {
    screens(flow).iter().find(|screen| screen.state == state).copied()
}

fn find_action(view: &View<'_>, name: &str) -> Option<&'static Action> {
    let screen = find_screen(view.flow, view.progress.state)?;
    screen.actions.iter().find(|action| action.name == name && (action.offered)(view))
}

/// What goes wrong in a document.
#[derive(Default)]
struct Shown {
    error: Option<FlowError>,
    inputs: InputErrors,
    /// The flow is back at its first screen.
    restarted: bool,
}

/// Moves the flow on by what the action did.
async fn apply(step: &mut Step<'_, '_>, before: &Progress, outcome: Outcome) -> Result<Shown, Failure> {
    match outcome {
        Outcome::Go { next, revertible } => {
            if !step.progress.advance(before, &next, revertible) {
                return Err(Failure::Bug("there is no state to go to".into()));
            }
            entered(step).await
        }
        Outcome::Back => {
            step.progress.back();
            entered(step).await
        }
        Outcome::Stay => Ok(Shown::default()),
        Outcome::Reject(rejection) => {
            step.progress = before.clone();
            Ok(rejected(step, rejection))
        }
        Outcome::Restart(rejection) => Ok(restarted(step, rejection)),
        Outcome::Fail(error) => Ok(failed(step, error)),
    }
}

async fn entered(step: &mut Step<'_, '_>) -> Result<Shown, Failure> {
    if step.progress.state == State::Success {
        match success::enter(step).await? {
            None => step.progress.end(State::Success),
            // Something that is demanded is still to be done; then success is tried again.
            Some(Outcome::Go { next, .. }) if next.len() == 1 && next[0] != State::Success => {
                step.progress.detour(next[0]);
                return enter_screen(step).await;
            }
            Some(Outcome::Restart(rejection)) => return Ok(restarted(step, rejection)),
            Some(Outcome::Fail(error)) => return Ok(failed(step, error)),
            Some(other) => return Err(Failure::Bug(format!("unexpected end: {other:?}"))),
        }
        return Ok(Shown { error: step.out.error, ..Shown::default() });
    }
    enter_screen(step).await
}

async fn enter_screen(step: &mut Step<'_, '_>) -> Result<Shown, Failure> {
    if let Some(enter) = find_screen(step.flow, step.progress.state).and_then(|screen| screen.enter) {
        enter(step).await?;
    }
    Ok(Shown { error: step.out.error, ..Shown::default() })
}

/// What every document of a state carries. A challenge that was used up is forgotten first, also after a rejection, which
/// otherwise changes nothing in the flow (spec 00, decisions 23 and 28).
async fn show_state(step: &mut Step<'_, '_>) -> Result<(), Failure> {
    if let Some(consumed) = step.out.consumed {
        step.progress.for_each_data(|data| data.forget_ceremony(&consumed));
    }
    match find_screen(step.flow, step.progress.state).and_then(|screen| screen.show) {
        Some(show) => show(step).await,
        None => Ok(()),
    }
}

fn rejected(step: &mut Step<'_, '_>, rejection: Rejection) -> Shown {
    step.out.payload = rejection.payload;
    Shown { error: Some(rejection.error), inputs: rejection.inputs, restarted: false }
}

/// Back to the first screen; only what the client said about itself is kept.
fn restarted(step: &mut Step<'_, '_>, rejection: Rejection) -> Shown {
    let (capabilities, remember_me) = (step.progress.data.capabilities, step.progress.data.remember_me);
    step.progress = Progress::start(first_screen(step.flow), Vec::new());
    step.data().capabilities = capabilities;
    step.data().remember_me = remember_me;
    Shown { restarted: true, ..rejected(step, rejection) }
}

fn failed(step: &mut Step<'_, '_>, error: FlowError) -> Shown {
    step.progress.end(State::Error);
    rejected(step, Rejection::flow(error))
}

impl Out {
    fn new(flow: FlowId) -> Self {
        Self {
            payload: Payload::new(),
            error: None,
            session: None,
            consumed: None,
            cookies: Vec::new(),
            signed_in: None,
            password: None,
            journal: Journal::new(Some(flow)),
        }
    }
}
