//! Walks the tree. Recursion follows the nesting of the template, which the parser limits; every node, call and
//! touched text costs steps.

mod float;
mod format;
mod function;
mod operand;
mod output;

pub(crate) use function::Function;
pub use output::{Printed, Rendered};

use crate::ast::{Node, Pipeline, Target};
use crate::error::{Fault, RenderError};
use crate::limits;
use crate::value::Value;

/// Evaluates `body` with `root` as `.` and `$`.
pub(crate) fn render(body: &[Node], root: &Value) -> Result<Rendered, RenderError> {
    let mut run =
        Run { output: Rendered::default(), budget: Budget(limits::STEPS), variables: vec![root.clone()] };
    run.nodes(body, root)?;
    Ok(run.output)
}

/// What is left of the steps.
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn step(&mut self) -> Result<(), Fault> {
        self.charge(0)
    }

    /// One step, and more for that many bytes.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<(), Fault> {
        self.0 = self.0.checked_sub(1 + bytes / limits::STEP_BYTES).ok_or(Fault::Steps)?;
        Ok(())
    }
}

struct Run {
    output: Rendered,
    budget: Budget,
    /// The variables in scope by slot, exactly as the parser counted them.
    variables: Vec<Value>,
}

/// How a sequence of nodes ended.
#[derive(PartialEq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl Run {
    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<Flow, RenderError> {
        let scope = self.variables.len();
        let mut flow = Flow::Next;
        for node in nodes {
            flow = self.node(node, dot)?;
            if flow != Flow::Next {
                break;
            }
        }
        self.variables.truncate(scope);
        Ok(flow)
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Result<Flow, RenderError> {
        match node {
            Node::Text(text, position) => {
                let written = self.budget.step().and_then(|()| self.output.literal(text));
                written.map_err(|fault| fault.at(*position))?;
                Ok(Flow::Next)
            }
            Node::Action(pipeline) => {
                let value = self.pipeline(pipeline, dot)?;
                if matches!(pipeline.target, Target::None) {
                    let printed =
                        format::print(&value, &mut self.budget).and_then(|text| self.output.print(&text));
                    printed.map_err(|fault| fault.at(pipeline.position))?;
                }
                Ok(Flow::Next)
            }
            Node::Choice { with, branches, otherwise } => {
                let scope = self.variables.len();
                let flow = self.choice(*with, branches, otherwise, dot);
                self.variables.truncate(scope);
                flow
            }
            Node::Range { over, body, otherwise } => {
                let scope = self.variables.len();
                let flow = self.range(over, body, otherwise, dot);
                self.variables.truncate(scope);
                flow
            }
            Node::Break => Ok(Flow::Break),
            Node::Continue => Ok(Flow::Continue),
        }
    }

    fn choice(
        &mut self,
        with: bool,
        branches: &[(Pipeline, Vec<Node>)],
        otherwise: &[Node],
        dot: &Value,
    ) -> Result<Flow, RenderError> {
        for (condition, body) in branches {
            let value = self.pipeline(condition, dot)?;
            if value.truth() {
                return self.nodes(body, if with { &value } else { dot });
            }
        }
        self.nodes(otherwise, dot)
    }

    fn range(
        &mut self,
        over: &Pipeline,
        body: &[Node],
        otherwise: &[Node],
        dot: &Value,
    ) -> Result<Flow, RenderError> {
        let base = self.variables.len();
        let collection = self.pipeline(over, dot)?;
        let slots: Vec<usize> = match &over.target {
            Target::None => Vec::new(),
            Target::Declare(count) => (base..base + count).collect(),
            Target::Assign(slots) => slots.clone(),
        };
        let pairs = pairs(&collection, slots.len()).map_err(|fault| fault.at(over.position))?;
        let mut empty = true;
        for (key, element) in pairs {
            empty = false;
            self.budget.step().map_err(|fault| fault.at(over.position))?;
            match slots[..] {
                [only] => self.set(only, element.clone()),
                [first, second] => {
                    self.set(first, key);
                    self.set(second, element.clone());
                }
                _ => {}
            }
            if self.nodes(body, &element)? == Flow::Break {
                break;
            }
        }
        if empty { self.nodes(otherwise, dot) } else { Ok(Flow::Next) }
    }

    /// The value of a pipeline; declares and assigns its variables.
    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Value) -> Result<Value, RenderError> {
        let value = operand::pipeline(pipeline, dot, &self.variables, &mut self.budget)?;
        match &pipeline.target {
            Target::None => {}
            Target::Declare(count) => self.variables.extend(std::iter::repeat_n(value.clone(), *count)),
            // Of two, `range` sets both for each element.
            Target::Assign(slots) => slots.iter().for_each(|slot| self.set(*slot, value.clone())),
        }
        Ok(value)
    }

    fn set(&mut self, slot: usize, value: Value) {
        if let Some(variable) = self.variables.get_mut(slot) {
            *variable = value;
        }
    }
}

/// What `range` walks: keys or indexes with elements.
fn pairs(
    collection: &Value,
    variables: usize,
) -> Result<Box<dyn Iterator<Item = (Value, Value)> + '_>, Fault> {
    Ok(match collection {
        Value::Nil => Box::new(std::iter::empty()),
        Value::List(items) => Box::new((0..).map(Value::Int).zip(items.iter().cloned())),
        Value::Map(entries) => {
            Box::new(entries.iter().map(|(key, value)| (Value::text(key.as_str()), value.clone())))
        }
        // Counts from 0; there is no second variable to fill.
        Value::Int(count) if variables < 2 => {
            Box::new((0..*count).map(|index| (Value::Nil, Value::Int(index))))
        }
        other => return Err(Fault::NotIterable(other.kind())),
    })
}
