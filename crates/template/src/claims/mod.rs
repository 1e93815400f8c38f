//! Custom claims of the session token: `session.jwt_template.claims` (spec 05 §2.5).
//!
//! 1. Every string in the configured map is a template over [`UserData`] (root `.User`); other scalars are taken as
//!    they are, lists and maps are walked.
//! 2. A template that fails drops the whole top-level claim and is reported; the token is issued without it.
//! 3. The text becomes a claim value: `true` and `false` a truth value, the text of a JSON object or array that
//!    value, everything else a string.
//! 4. [`RESERVED`] names are ignored; only the server sets them.
//!
//! # What users can do with rule 3
//! Users write their names, picture and unsafe metadata. They must not be able to change the structure that the
//! operator wrote around such a value (`{"role":"user","theme":"{{.User.Metadata.Unsafe "theme"}}"}`), therefore:
//!
//! - A text that is one printed value and nothing else is converted, whoever wrote the value. A claim made of a
//!   user's value alone can thus have any JSON type; `{{printf "%s" …}}` keeps it a string.
//! - In a larger text, unsafe metadata (and `.User`, `.User.Metadata`, which contain it) prevents the conversion: the
//!   claim stays a string. Maps and lists in the configuration build structure without that restriction.
//! - In a larger text, address, username, names and picture may stand inside a JSON string value, if they contain
//!   neither quotes nor backslashes nor control characters; otherwise the claim stays a string.
//! - What `printf`, `print` and `slice` make of a user's value is never converted.

mod convert;
mod path;
mod user;

#[cfg(test)]
mod tests;

pub use user::{Email, UserData};

use crate::value::Value as Root;
use crate::{Template, limits};
use serde_json::{Map, Value};

/// Claims that only the server sets.
pub const RESERVED: [&str; 11] =
    ["sub", "iat", "exp", "nbf", "jti", "aud", "iss", "email", "username", "session_id", "amr"];

/// The claims of one token, and what could not be made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evaluated {
    /// Claims to put into the token.
    pub claims: Map<String, Value>,
    /// Left out claims with the reason, for the log.
    pub failures: Vec<(String, String)>,
}

/// Everything that is wrong with configured claims: reserved names and templates that cannot be parsed, as pairs of
/// claim and reason. For the validation at start-up.
#[must_use]
pub fn check(claims: &Map<String, Value>) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for (name, value) in claims {
        if is_reserved(name) {
            problems.push((name.clone(), "this claim is set by the server".to_owned()));
        }
        compile(value, 0, &mut |reason| problems.push((name.clone(), reason)));
    }
    problems
}

/// [`CompiledClaims::new`] and [`CompiledClaims::evaluate`] at once.
#[must_use]
pub fn evaluate(claims: &Map<String, Value>, user: &UserData) -> Evaluated {
    CompiledClaims::new(claims).evaluate(user)
}

/// Configured claims, parsed once.
#[derive(Debug, Clone, Default)]
pub struct CompiledClaims {
    claims: Vec<(String, Compiled)>,
    broken: Vec<(String, String)>,
}

impl CompiledClaims {
    /// Parses the templates. Reserved names are left out, and so are claims with a template that cannot be parsed;
    /// the latter count as failures of every evaluation.
    #[must_use]
    pub fn new(claims: &Map<String, Value>) -> Self {
        let mut compiled = Self::default();
        for (name, value) in claims.iter().filter(|(name, _)| !is_reserved(name)) {
            let mut problem = None;
            let claim = compile(value, 0, &mut |reason| {
                problem.get_or_insert(reason);
            });
            match problem {
                None => compiled.claims.push((name.clone(), claim)),
                Some(reason) => compiled.broken.push((name.clone(), reason)),
            }
        }
        compiled
    }

    /// Makes the claims for `user`.
    #[must_use]
    pub fn evaluate(&self, user: &UserData) -> Evaluated {
        let mut evaluated = Evaluated { claims: Map::new(), failures: self.broken.clone() };
        if self.claims.is_empty() {
            return evaluated;
        }
        let root = user::root(user);
        for (name, claim) in &self.claims {
            match claim.evaluate(&root) {
                Ok(value) => {
                    evaluated.claims.insert(name.clone(), value);
                }
                Err(error) => evaluated.failures.push((name.clone(), error.to_string())),
            }
        }
        evaluated
    }
}

#[derive(Debug, Clone)]
enum Compiled {
    Fixed(Value),
    Template(Template),
    List(Vec<Compiled>),
    Map(Vec<(String, Compiled)>),
}

impl Compiled {
    fn evaluate(&self, root: &Root) -> Result<Value, crate::RenderError> {
        Ok(match self {
            Self::Fixed(value) => value.clone(),
            Self::Template(template) => convert::convert(template.render(root)?),
            Self::List(items) => {
                Value::Array(items.iter().map(|item| item.evaluate(root)).collect::<Result<_, _>>()?)
            }
            Self::Map(entries) => {
                let entries = entries.iter().map(|(key, item)| Ok((key.clone(), item.evaluate(root)?)));
                Value::Object(entries.collect::<Result<_, _>>()?)
            }
        })
    }
}

fn compile(value: &Value, depth: usize, problem: &mut impl FnMut(String)) -> Compiled {
    if depth > limits::DEPTH {
        problem(format!("nested deeper than {} levels", limits::DEPTH));
        return Compiled::Fixed(Value::Null);
    }
    match value {
        Value::String(source) => match Template::parse(source) {
            Ok(template) => Compiled::Template(template),
            Err(error) => {
                problem(error.to_string());
                Compiled::Fixed(Value::Null)
            }
        },
        Value::Array(items) => {
            Compiled::List(items.iter().map(|item| compile(item, depth + 1, problem)).collect())
        }
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, item)| (key.clone(), compile(item, depth + 1, problem)));
            Compiled::Map(entries.collect())
        }
        scalar => Compiled::Fixed(scalar.clone()),
    }
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}
