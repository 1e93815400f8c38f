//! Where a flow stands and how an action moves it (spec 01, section 11).

use std::fmt::Debug;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{FlowError, InputErrors, Payload};

/// The states of a family of flows.
pub trait StateName: Copy + Eq + Debug + Serialize + DeserializeOwned + 'static {
    /// The name on the wire.
    fn as_str(self) -> &'static str;
}

/// What a flow remembers between requests. Never sent to the client.
pub trait FlowData: Clone + Default + Serialize + DeserializeOwned {
    /// After going back: takes over from the abandoned data what must survive (the passcode that was sent).
    fn keep_sticky(&mut self, abandoned: &Self);
}

/// Steps that can be undone at the most; older ones are forgotten, so that a flow stays small.
const MAX_HISTORY: usize = 32;

/// A flow: where it stands, what comes next, what it remembers and how to undo.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "S: StateName, D: FlowData")]
pub struct Progress<S, D> {
    /// The current state.
    pub state: S,
    /// The states still to be visited.
    pub queue: Vec<S>,
    /// What the flow remembers.
    pub data: D,
    history: Vec<Snapshot<S, D>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "S: StateName, D: FlowData")]
struct Snapshot<S, D> {
    state: S,
    queue: Vec<S>,
    data: D,
    revertible: bool,
}

/// An action was refused: the flow stays where it is and forgets what the action changed in it.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// The error of the document.
    pub error: FlowError,
    /// The errors of single inputs.
    pub inputs: InputErrors,
    /// Members for the client (seconds to wait).
    pub payload: Payload,
}

impl Rejection {
    /// With one wrong input.
    #[must_use]
    pub fn input(name: &'static str, error: crate::InputError) -> Self {
        Self::inputs(vec![(name, error)])
    }

    /// With wrong inputs.
    #[must_use]
    pub fn inputs(inputs: InputErrors) -> Self {
        Self { error: FlowError::FormDataInvalid, inputs, payload: Payload::new() }
    }

    /// With an error of the flow.
    #[must_use]
    pub fn flow(error: FlowError) -> Self {
        Self { error, inputs: InputErrors::new(), payload: Payload::new() }
    }
}

impl<S: StateName, D: FlowData> Progress<S, D> {
    /// A new flow.
    #[must_use]
    pub fn start(first: S, queue: Vec<S>) -> Self {
        Self { state: first, queue, data: D::default(), history: Vec::new() }
    }

    /// Goes on to the first of `next` and then the queue. `before` is the flow as it was stored before the action, to which
    /// `back` returns. Returns false, and changes nothing, if there is no state to go to.
    pub fn advance(&mut self, before: &Self, next: &[S], revertible: bool) -> bool {
        let mut queue = next.to_vec();
        queue.extend(&self.queue);
        if queue.is_empty() {
            return false;
        }
        let state = queue.remove(0);
        if state != self.state {
            self.history.push(Snapshot {
                state: before.state,
                queue: before.queue.clone(),
                data: before.data.clone(),
                revertible,
            });
            if self.history.len() > MAX_HISTORY {
                self.history.remove(0);
            }
        }
        self.state = state;
        self.queue = queue;
        true
    }

    /// Takes a way around through `next` before the state that was about to be entered; there is no way back over it.
    pub fn detour(&mut self, next: S) {
        let state = std::mem::replace(&mut self.state, next);
        self.queue.insert(0, state);
        if let Some(snapshot) = self.history.last_mut() {
            snapshot.revertible = false;
        }
    }

    /// Moves to a state from which nothing goes on, and forgets everything.
    pub fn end(&mut self, state: S) {
        *self = Self { state, queue: Vec::new(), data: D::default(), history: Vec::new() };
    }

    /// Changes what is remembered, now and wherever `back` leads.
    pub fn for_each_data(&mut self, change: impl FnMut(&mut D)) {
        let history = self.history.iter_mut().map(|snapshot| &mut snapshot.data);
        history.chain(std::iter::once(&mut self.data)).for_each(change);
    }

    /// Whether the last step can be undone.
    #[must_use]
    pub fn can_go_back(&self) -> bool {
        self.history.last().is_some_and(|snapshot| snapshot.revertible)
    }

    /// Undoes the last step. Returns false, and changes nothing, if that is not possible.
    pub fn back(&mut self) -> bool {
        if !self.can_go_back() {
            return false;
        }
        let Some(snapshot) = self.history.pop() else { return false };
        let abandoned = std::mem::replace(&mut self.data, snapshot.data);
        self.data.keep_sticky(&abandoned);
        self.state = snapshot.state;
        self.queue = snapshot.queue;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    enum State {
        A,
        B,
        C,
    }

    impl StateName for State {
        fn as_str(self) -> &'static str {
            "x"
        }
    }

    #[derive(Clone, Debug, Default, Serialize, Deserialize)]
    struct Data {
        plain: u8,
        sticky: u8,
    }

    impl FlowData for Data {
        fn keep_sticky(&mut self, abandoned: &Self) {
            self.sticky = abandoned.sticky;
        }
    }

    fn advance(flow: &mut Progress<State, Data>, next: &[State], revertible: bool) {
        let before = flow.clone();
        assert!(flow.advance(&before, next, revertible));
    }

    #[test]
    fn back_restores_all_but_the_sticky_part() {
        let mut flow = Progress::<State, Data>::start(State::A, vec![State::C]);
        let before = flow.clone();
        flow.data = Data { plain: 1, sticky: 2 };
        assert!(flow.advance(&before, &[State::B], true));
        assert_eq!((flow.state, flow.queue.as_slice()), (State::B, &[State::C][..]));
        assert!(flow.back());
        assert_eq!((flow.state, flow.data.plain, flow.data.sticky), (State::A, 0, 2));
        assert!(!flow.back());
    }

    #[test]
    fn a_step_that_is_not_revertible_is_a_boundary() {
        let mut flow = Progress::<State, Data>::start(State::A, vec![State::B, State::C]);
        advance(&mut flow, &[], false);
        assert!(!flow.can_go_back() && !flow.back());
        advance(&mut flow, &[], true);
        assert!(flow.back());
        assert_eq!(flow.state, State::B);
        assert!(!flow.back());
    }

    #[test]
    fn a_detour_comes_before_the_state_it_leads_around_and_cannot_be_undone() {
        let mut flow = Progress::<State, Data>::start(State::A, vec![State::B]);
        advance(&mut flow, &[], true);
        flow.detour(State::C);
        assert_eq!((flow.state, flow.queue.as_slice()), (State::C, &[State::B][..]));
        assert!(!flow.can_go_back());
    }

    #[test]
    fn staying_leaves_no_history_and_nowhere_to_go_is_no_step() {
        let mut flow = Progress::<State, Data>::start(State::A, vec![]);
        advance(&mut flow, &[State::A], true);
        assert!(!flow.can_go_back());
        assert!(!flow.advance(&flow.clone(), &[], true));
    }
}
