//! Small operations on trees of values with dotted paths.

use serde_json::{Map, Value};

/// The value at a path.
pub(crate) fn find<'a>(tree: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(tree, |tree, name| tree.get(name))
}

/// Sets the value at a path and makes the sections above it.
pub(crate) fn set(tree: &mut Value, path: &str, value: Value) {
    let mut place = tree;
    for name in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[name];
    }
    *place = value;
}

/// Sets what is absent at and below a path.
pub(crate) fn fill(tree: &mut Value, path: &str, value: &Value) {
    match (find(tree, path), value) {
        (None, _) => set(tree, path, value.clone()),
        (Some(Value::Object(_)), Value::Object(members)) => {
            for (name, member) in members {
                fill(tree, &format!("{path}.{name}"), member);
            }
        }
        (Some(_), _) => {}
    }
}

/// Lays `upper` over `lower`: mappings are merged, everything else is replaced.
pub(crate) fn overlay(lower: &mut Value, upper: &Value) {
    match (lower, upper) {
        (Value::Object(lower), Value::Object(upper)) => {
            for (name, value) in upper {
                overlay(lower.entry(name.as_str()).or_insert(Value::Null), value);
            }
        }
        (lower, upper) => *lower = upper.clone(),
    }
}
