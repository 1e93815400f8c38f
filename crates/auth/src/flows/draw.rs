//! Flows drawn from their definition, for `inkan flows` and the documentation.

use inkan_flow::{Edge, Graph, StateName as _};

use super::{FlowKind, State, screens};

/// The states of a flow and the actions between them. `back` is left out: it leads wherever one came from.
#[must_use]
pub fn graph(flow: FlowKind) -> Graph {
    let screens = screens(flow);
    let ends = [State::Success, State::Error];
    let reachable =
        |state: State| ends.contains(&state) || screens.iter().any(|screen| screen.state == state);
    let edges = screens.iter().flat_map(|screen| {
        screen.actions.iter().flat_map(move |action| {
            let to = action.leads_to.iter().copied();
            to.map(move |to| (screen.state, action.name, to))
        })
    });
    Graph {
        flow: flow.as_str(),
        first: State::Preflight.as_str(),
        edges: edges
            .filter(|(_, _, to)| reachable(*to))
            .map(|(from, action, to)| Edge { from: from.as_str(), action, to: to.as_str() })
            .collect(),
    }
}
