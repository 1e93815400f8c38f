//! `inkan flows`: the flows as diagrams, drawn from what the server runs.

use clap::{Args, ValueEnum};
use inkan_auth::{FlowKind, graph};

use super::Failure;

/// What is drawn, and how.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The form of the drawing.
    #[arg(long, value_enum, default_value_t = Format::Mermaid)]
    format: Format,
    /// Only this flow.
    flow: Option<String>,
}

/// The form of a drawing.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Mermaid state diagrams.
    Mermaid,
    /// A Markdown document with Mermaid diagrams in it.
    Markdown,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let wanted = |flow: &FlowKind| arguments.flow.as_ref().is_none_or(|name| flow.as_str() == name);
    let flows: Vec<FlowKind> = FlowKind::ALL.into_iter().filter(wanted).collect();
    if flows.is_empty() {
        let names: Vec<_> = FlowKind::ALL.iter().map(|flow| flow.as_str()).collect();
        return Err(format!("there is no such flow; there are: {}", names.join(", ")).into());
    }
    for flow in flows {
        let drawing = graph(flow).mermaid();
        match arguments.format {
            Format::Mermaid => super::print(drawing.trim_end())?,
            Format::Markdown => super::print(format_args!(
                "# {}\n\n```mermaid\n{}\n```\n",
                flow.as_str(),
                drawing.trim_end()
            ))?,
        }
    }
    Ok(())
}
