//! The tree of a template. Blocks and parentheses nest at most [`limits::DEPTH`](crate::limits::DEPTH) deep; all
//! other sequences (`else if`, pipelines, field chains) are flat, so walking and dropping it is stack safe.

use crate::error::Position;
use crate::eval::Function;
use crate::value::Value;
use std::sync::Arc;

/// A piece of a template.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// Text outside of actions, never empty.
    Text(Arc<str>, Position),
    /// `{{pipeline}}`.
    Action(Pipeline),
    /// `{{if}}`, `{{with}}` with all their `{{else if}}`, `{{else with}}` and the `{{else}}`.
    Choice { with: bool, branches: Vec<(Pipeline, Vec<Node>)>, otherwise: Vec<Node> },
    /// `{{range}}`.
    Range { over: Pipeline, body: Vec<Node>, otherwise: Vec<Node> },
    /// `{{break}}`.
    Break,
    /// `{{continue}}`.
    Continue,
}

/// `$a, $b := command | command`.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) position: Position,
    pub(crate) target: Target,
    pub(crate) commands: Vec<Command>,
}

/// What a pipeline does with its value. Variables are slots of the evaluator's stack.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// Prints or tests it.
    None,
    /// `:=`: pushes that many new variables (two only in `range`).
    Declare(usize),
    /// `=`: overwrites these slots.
    Assign(Vec<usize>),
}

/// An operand with its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) position: Position,
    pub(crate) head: Operand,
    pub(crate) args: Vec<Operand>,
}

/// `base.field.field`.
#[derive(Debug, Clone)]
pub(crate) struct Operand {
    pub(crate) base: Base,
    pub(crate) fields: Vec<String>,
}

/// Where an operand starts.
#[derive(Debug, Clone)]
pub(crate) enum Base {
    /// `.`
    Dot,
    /// `$`, `$x`.
    Variable(usize),
    /// A constant.
    Constant(Value),
    /// A function name.
    Function(Function),
    /// `( … )`.
    Parenthesis(Box<Pipeline>),
}
