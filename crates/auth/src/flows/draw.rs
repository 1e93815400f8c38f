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

/// The states of a flow, each with the actions that it can offer, `back` included.
pub fn actions(flow: FlowKind) -> impl Iterator<Item = (&'static str, &'static str)> {
    screens(flow)
        .iter()
        .flat_map(|screen| screen.actions.iter().map(|action| (screen.state.as_str(), action.name)))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// The drawings in `docs/flows` are generated: `UPDATE_DOCS=1 cargo test -p inkan-auth` writes them anew.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a switch for developers")]
    fn drawings_are_up_to_date() {
        for flow in FlowKind::ALL {
            let name = flow.as_str();
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/flows/{name}.md"));
            let text = format!(
                "# The `/{name}` flow\n\nGenerated from the definition (`inkan flows {name}`). `back` is left out: it leads \
                 to where one came from.\n\n```mermaid\n{}```\n",
                graph(flow).mermaid()
            );
            if std::env::var("UPDATE_DOCS").is_ok() {
                fs::write(&path, &text).unwrap();
            }
            assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "docs/flows/{name}.md is stale");
        }
    }
}
