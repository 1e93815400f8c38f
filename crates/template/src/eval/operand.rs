//! Pipelines, commands and operands.

use super::Budget;
use super::function::{self, Function};
use crate::ast::{Base, Command, Operand, Pipeline};
use crate::error::{Fault, RenderError};
use crate::value::{MemberError, Value};

/// The value of the last command; each command gets the value before it as its last argument.
pub(super) fn pipeline(
    pipeline: &Pipeline,
    dot: &Value,
    variables: &[Value],
    budget: &mut Budget,
) -> Result<Value, RenderError> {
    let mut scope = Scope { dot, variables, budget };
    let mut piped = None;
    for command in &pipeline.commands {
        piped = Some(scope.command(command, piped)?);
    }
    Ok(piped.unwrap_or(Value::Nil))
}

struct Scope<'a> {
    dot: &'a Value,
    variables: &'a [Value],
    budget: &'a mut Budget,
}

impl Scope<'_> {
    fn command(&mut self, command: &Command, piped: Option<Value>) -> Result<Value, RenderError> {
        let at = |fault: Fault| fault.at(command.position);
        self.budget.step().map_err(at)?;
        if let Base::Function(function) = command.head.base {
            return self.function(function, command, piped);
        }
        let mut args = Vec::with_capacity(command.args.len() + 1);
        for arg in &command.args {
            args.push(self.operand(arg, &[], command)?);
        }
        args.extend(piped);
        self.operand(&command.head, &args, command)
    }

    fn function(
        &mut self,
        function: Function,
        command: &Command,
        piped: Option<Value>,
    ) -> Result<Value, RenderError> {
        if let Some(stop) = function.stops_at() {
            return self.short_circuit(stop, command, piped);
        }
        let mut args = Vec::with_capacity(command.args.len() + 1);
        for arg in &command.args {
            args.push(self.operand(arg, &[], command)?);
        }
        args.extend(piped);
        function::call(function, &args, self.budget).map_err(|fault| fault.at(command.position))
    }

    /// `and` and `or`: the first argument whose truth is `stop`, else the last; what follows is not evaluated.
    fn short_circuit(
        &mut self,
        stop: bool,
        command: &Command,
        piped: Option<Value>,
    ) -> Result<Value, RenderError> {
        let mut last = None;
        for arg in &command.args {
            let value = self.operand(arg, &[], command)?;
            if value.truth() == stop {
                return Ok(value);
            }
            last = Some(value);
        }
        let name = if stop { "or" } else { "and" };
        piped
            .or(last)
            .ok_or_else(|| Fault::arguments(name, "wants at least one argument").at(command.position))
    }

    /// The value of an operand; `args` go to its last field.
    fn operand(
        &mut self,
        operand: &Operand,
        args: &[Value],
        command: &Command,
    ) -> Result<Value, RenderError> {
        let at = |fault: Fault| fault.at(command.position);
        let mut value = match &operand.base {
            Base::Dot => self.dot.clone(),
            Base::Variable(slot) => self.variables.get(*slot).cloned().unwrap_or(Value::Nil),
            Base::Constant(value) => value.clone(),
            Base::Function(function) => function::call(*function, &[], self.budget).map_err(at)?,
            Base::Parenthesis(inner) => pipeline(inner, self.dot, self.variables, self.budget)?,
        };
        let Some((last, fields)) = operand.fields.split_last() else {
            return if args.is_empty() {
                Ok(value)
            } else {
                Err(at(Fault::NotCallable("a value".to_owned())))
            };
        };
        for field in fields {
            self.budget.step().map_err(at)?;
            value = member(&value, field, &[]).map_err(at)?;
        }
        self.budget.step().map_err(at)?;
        value = member(&value, last, args).map_err(at)?;
        if let Value::Text(text) = &value {
            self.budget.charge(text.value.len()).map_err(at)?;
        }
        Ok(value)
    }
}

fn member(value: &Value, name: &str, args: &[Value]) -> Result<Value, Fault> {
    match value {
        Value::Object(object) => object.member(name, args).map_err(|error| match error {
            MemberError::Unknown => Fault::UnknownField(name.to_owned()),
            MemberError::NotCallable => Fault::NotCallable(format!("field {name:?}")),
            MemberError::Arguments(message) => Fault::arguments(name, message),
        }),
        Value::Map(_) if !args.is_empty() => Err(Fault::NotCallable(format!("field {name:?}"))),
        Value::Map(entries) => Ok(entries.get(name).cloned().unwrap_or(Value::Nil)),
        Value::Nil => Err(Fault::MissingObject(name.to_owned())),
        other => Err(Fault::NotAnObject { name: name.to_owned(), kind: other.kind() }),
    }
}
