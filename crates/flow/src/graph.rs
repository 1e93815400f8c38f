//! A flow's definition as a drawing.

use std::fmt::Write as _;

/// Which action leads from which state to which.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// State that offers the action.
    pub from: &'static str,
    /// Name of the action.
    pub action: &'static str,
    /// State it can lead to.
    pub to: &'static str,
}

/// The states of a flow and what leads from one to the other.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Name of the flow.
    pub flow: &'static str,
    /// First state.
    pub first: &'static str,
    /// All steps.
    pub edges: Vec<Edge>,
}

impl Graph {
    /// As a Mermaid state diagram; equal graphs give equal texts.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut edges = self.edges.clone();
        edges.sort();
        edges.dedup();
        let mut text = format!("stateDiagram-v2\n    [*] --> {}\n", self.first);
        for edge in &edges {
            let _ = writeln!(text, "    {} --> {}: {}", edge.from, edge.to, edge.action);
        }
        for end in ["success", "error"] {
            if edges.iter().any(|edge| edge.to == end) {
                let _ = writeln!(text, "    {end} --> [*]");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_in_order_and_without_repeats() {
        let edge = |from, action, to| Edge { from, action, to };
        let graph = Graph {
            flow: "login",
            first: "a",
            edges: vec![edge("b", "go", "success"), edge("a", "next", "b"), edge("a", "next", "b")],
        };
        assert_eq!(
            graph.mermaid(),
            "stateDiagram-v2\n    [*] --> a\n    a --> b: next\n    b --> success: go\n    success --> [*]\n"
        );
    }
}
