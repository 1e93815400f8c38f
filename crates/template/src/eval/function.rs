//! The functions.

use super::{Budget, format};
use crate::error::Fault;
use crate::value::{Text, Value};
use std::cmp::Ordering;
use std::sync::Arc;

/// A function that templates can call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    And,
    Or,
    Not,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Len,
    Index,
    Slice,
    Print,
    Printf,
    Println,
}

impl Function {
    /// The function of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "and" => Self::And,
            "or" => Self::Or,
            "not" => Self::Not,
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "lt" => Self::Lt,
            "le" => Self::Le,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            "len" => Self::Len,
            "index" => Self::Index,
            "slice" => Self::Slice,
            "print" => Self::Print,
            "printf" => Self::Printf,
            "println" => Self::Println,
            _ => return None,
        })
    }

    /// For `and` and `or`: the truth at which they stop.
    pub(super) fn stops_at(self) -> Option<bool> {
        match self {
            Self::And => Some(false),
            Self::Or => Some(true),
            _ => None,
        }
    }
}

/// Calls `function`; `and` and `or` with arguments are the caller's business.
pub(super) fn call(function: Function, args: &[Value], budget: &mut Budget) -> Result<Value, Fault> {
    for arg in args {
        budget.charge(if let Value::Text(text) = arg { text.value.len() } else { 0 })?;
    }
    match function {
        Function::And => Err(Fault::arguments("and", "wants at least one argument")),
        Function::Or => Err(Fault::arguments("or", "wants at least one argument")),
        Function::Not => one("not", args).map(|value| Value::Bool(!value.truth())),
        Function::Eq => equal_any(args),
        Function::Ne => two("ne", args).and_then(|(a, b)| equal("ne", a, b)).map(|equal| Value::Bool(!equal)),
        Function::Lt => ordered("lt", args, Ordering::is_lt),
        Function::Le => ordered("le", args, Ordering::is_le),
        Function::Gt => ordered("gt", args, Ordering::is_gt),
        Function::Ge => ordered("ge", args, Ordering::is_ge),
        Function::Len => one("len", args).and_then(len),
        Function::Index => index(args),
        Function::Slice => slice(args),
        Function::Print => format::sprint(args, false, budget),
        Function::Printf => format::sprintf(args, budget),
        Function::Println => format::sprint(args, true, budget),
    }
}

fn one<'a>(name: &str, args: &'a [Value]) -> Result<&'a Value, Fault> {
    match args {
        [value] => Ok(value),
        _ => Err(Fault::arguments(name, "wants one argument")),
    }
}

fn two<'a>(name: &str, args: &'a [Value]) -> Result<(&'a Value, &'a Value), Fault> {
    match args {
        [a, b] => Ok((a, b)),
        _ => Err(Fault::arguments(name, "wants two arguments")),
    }
}

/// `eq a b c`: whether `a` equals one of the others.
fn equal_any(args: &[Value]) -> Result<Value, Fault> {
    let Some((first, others)) = args.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Err(Fault::arguments("eq", "wants at least two arguments"));
    };
    for other in others {
        if equal("eq", first, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

#[expect(clippy::float_cmp, reason = "`eq` compares numbers exactly, as in Go")]
fn equal(name: &'static str, a: &Value, b: &Value) -> Result<bool, Fault> {
    match (a, b) {
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, _) | (_, Value::Nil) => Ok(false),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Int(a), Value::Int(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::Text(a), Value::Text(b)) => Ok(a.value == b.value),
        _ => Err(Fault::NotComparable(name)),
    }
}

fn ordered(name: &'static str, args: &[Value], holds: fn(Ordering) -> bool) -> Result<Value, Fault> {
    let ordering = match two(name, args)? {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(a.value.cmp(&b.value)),
        _ => return Err(Fault::NotComparable(name)),
    };
    Ok(Value::Bool(ordering.is_some_and(holds)))
}

fn len(value: &Value) -> Result<Value, Fault> {
    let length = match value {
        Value::Text(text) => text.value.len(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        other => return Err(Fault::arguments("len", format!("a {} has no length", other.kind()))),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// `index x 1 "a"`: `x[1]["a"]`. Of a text: the byte. A missing map entry is nothing.
fn index(args: &[Value]) -> Result<Value, Fault> {
    let Some((first, keys)) = args.split_first() else {
        return Err(Fault::arguments("index", "wants at least one argument"));
    };
    let outside = || Fault::arguments("index", "there is no such element");
    let mut value = first.clone();
    for key in keys {
        value = match (&value, key) {
            (Value::List(items), Value::Int(at)) => position(*at).and_then(|at| items.get(at).cloned()),
            (Value::Text(text), Value::Int(at)) => position(*at)
                .and_then(|at| text.value.as_bytes().get(at))
                .map(|byte| Value::Int(i64::from(*byte))),
            (Value::Map(entries), Value::Text(key)) => {
                Some(entries.get(&*key.value).cloned().unwrap_or(Value::Nil))
            }
            (value, key) => {
                let message = format!("a {} has no element by {}", value.kind(), key.kind());
                return Err(Fault::arguments("index", message));
            }
        }
        .ok_or_else(outside)?;
    }
    Ok(value)
}

/// `slice x 1 3`: `x[1:3]`, of a list or the bytes of a text, which must be cut between characters.
fn slice(args: &[Value]) -> Result<Value, Fault> {
    let wrong =
        || Fault::arguments("slice", "wants a list or text and up to two positions inside it, in order");
    let (value, from, to) = match args {
        [value] => (value, None, None),
        [value, Value::Int(from)] => (value, Some(*from), None),
        [value, Value::Int(from), Value::Int(to)] => (value, Some(*from), Some(*to)),
        _ => return Err(wrong()),
    };
    let Value::Int(length) = len(value)? else { return Err(wrong()) };
    let (from, to) = (position(from.unwrap_or(0)), position(to.unwrap_or(length)));
    let range = from.zip(to).map(|(from, to)| from..to).ok_or_else(wrong)?;
    match value {
        Value::List(items) => {
            items.get(range).map(|part| Value::List(Arc::new(part.to_vec()))).ok_or_else(wrong)
        }
        Value::Text(text) => {
            let part = text.value.get(range).ok_or_else(wrong)?;
            Ok(Value::Text(Text::new(part, format::composed(text.origin))))
        }
        _ => Err(wrong()),
    }
}

fn position(index: i64) -> Option<usize> {
    usize::try_from(index).ok()
}
