//! How a screen (a flow state) is declared. A state's file holds one [`Screen`]: what it offers when, with which inputs, and
//! what each action does.

use std::pin::Pin;

use inkan_config::Config;
use inkan_flow::{FlowError, Input, Inputs, Rejection};
use inkan_store::StoreError;

use super::{
    Data, FlowKind, Owned, Progress, State,
    registration::can_return,
    step::{Preparation, Step},
};
use crate::limits::Refused;

/// A state: its actions and what happens when it is entered.
pub(crate) struct Screen {
    pub(crate) state: State,
    /// Runs when the state is entered, also by `back`; not when it is shown again.
    pub(crate) enter: Option<EnterFn>,
    /// Runs whenever the state is shown, after a rejection too: adds what each of its documents carries.
    pub(crate) show: Option<EnterFn>,
    pub(crate) actions: &'static [Action],
}

/// An action of a state.
pub(crate) struct Action {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) offered: fn(&View<'_>) -> bool,
    pub(crate) inputs: fn(&View<'_>) -> Vec<Input>,
    /// Slow work outside the transaction: limits, hashing.
    pub(crate) prepare: Option<PrepareFn>,
    pub(crate) run: RunFn,
    /// Where the action can lead, besides staying; for the drawings.
    pub(crate) leads_to: &'static [State],
}

/// What declarations may look at.
pub(crate) struct View<'a> {
    pub(crate) config: &'a Config,
    pub(crate) flow: FlowKind,
    pub(crate) progress: &'a Progress,
}

impl View<'_> {
    pub(crate) const fn data(&self) -> &Data {
        &self.progress.data
    }

    /// A way to sign in that the account has already.
    pub(crate) fn has_way_in(&self) -> bool {
        self.has_way_in_with(self.data().owned)
    }

    /// A way to sign in that the account would have with these credentials.
    pub(crate) fn has_way_in_with(&self, owned: Owned) -> bool {
        can_return(self.config, self.data(), owned)
    }
}

/// What an action did.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// On to these states, then to what is queued.
    Go { next: Vec<State>, revertible: bool },
    /// Shown again, entered again.
    Stay,
    /// One step back.
    Back,
    /// Refused: nothing in the flow changes; what was written to the database stays.
    Reject(Rejection),
    /// Back to the first screen with an error there; everything collected is forgotten.
    Restart(Rejection),
    /// A dead end.
    Fail(FlowError),
}

impl Outcome {
    /// On to these states; `back` returns here.
    pub(crate) fn go(next: impl Into<Vec<State>>) -> Self {
        Self::Go { next: next.into(), revertible: true }
    }

    /// On to these states; there is no way back over this step.
    pub(crate) fn go_for_good(next: impl Into<Vec<State>>) -> Self {
        Self::Go { next: next.into(), revertible: false }
    }
}

/// Why an action could not be carried out at all. Everything is rolled back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Store(StoreError),
    #[error("hashing: {0}")]
    Hash(#[from] inkan_crypto::password::HashError),
    /// What the preparation found no longer holds; worth another try.
    #[error("the account changed meanwhile")]
    Changed,
    /// Another request on the same flow was faster, on another node.
    #[error("the flow was changed meanwhile")]
    Lost,
    #[error("{0}")]
    Bug(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error.is_conflict("flows_version") || error.is_conflict("flows_pkey") {
            true => Self::Lost,
            false => Self::Store(error),
        }
    }
}

impl Failure {
    /// Running the action once more, against what is there now, may work or gives the right refusal.
    pub(crate) const fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::Changed | Self::Lost | Self::Store(StoreError::Retry | StoreError::Conflict { .. }) => true,
            Self::Store(_) | Self::Hash(_) | Self::Bug(_) => false,
        }
    }
}

/// What slow work ended in.
pub(crate) enum Prepared {
    /// Go on with the action.
    Ready,
    /// The attempt is over; counts as a rejection.
    Refused(Rejection),
}

impl From<Refused> for Rejection {
    fn from(refused: Refused) -> Self {
        let mut rejection = Self::flow(FlowError::RateLimitExceeded);
        for member in ["retry_after", "resend_after"] {
            rejection.payload.insert(member.to_owned(), refused.retry_after.into());
        }
        rejection
    }
}

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
pub(crate) type RunFn =
    for<'s, 'a, 'tx> fn(&'s mut Step<'a, 'tx>, &'s Inputs) -> BoxFuture<'s, Result<Outcome, Failure>>;
pub(crate) type EnterFn = for<'s, 'a, 'tx> fn(&'s mut Step<'a, 'tx>) -> BoxFuture<'s, Result<(), Failure>>;
pub(crate) type PrepareFn =
    for<'s, 'a> fn(&'s mut Preparation<'a>, &'s Inputs) -> BoxFuture<'s, Result<Prepared, Failure>>;

/// An `async fn` as the function pointer that a declaration holds.
macro_rules! run {
    ($function:path) => {
        |step, inputs| Box::pin($function(step, inputs))
    };
}
macro_rules! enter {
    ($function:path) => {
        |step| Box::pin($function(step))
    };
}
pub(crate) use {enter, run};

/// Takes from a budget of the client before the action.
macro_rules! limited {
    ($operation:expr) => {
        Some(|prepare, _| {
            Box::pin(async move {
                Ok(match prepare.app.limits.take(prepare.cx, $operation, "") {
                    Ok(()) => $crate::flows::Prepared::Ready,
                    Err(refused) => $crate::flows::Prepared::Refused(refused.into()),
                })
            })
        })
    };
}
pub(crate) use limited;

/// For actions that are always on offer.
pub(crate) const fn always(_: &View<'_>) -> bool {
    true
}

/// For actions without inputs.
pub(crate) const fn no_inputs(_: &View<'_>) -> Vec<Input> {
    Vec::new()
}

/// The `back` action, the same everywhere.
pub(crate) const BACK: Action = Action {
    name: "back",
    description: "Return to the previous step.",
    offered: |view| view.progress.can_go_back(),
    inputs: no_inputs,
    prepare: None,
    run: |_, _| Box::pin(async { Ok(Outcome::Back) }),
    leads_to: &[],
};
