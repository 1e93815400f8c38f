//! A router that knows its patterns, so that metrics and traces can name what was asked for without the client's words.

use axum::{Router, routing::MethodRouter};

/// The label of everything that no route fits.
const UNKNOWN: Pattern = Pattern { number: 0, text: "/*" };

/// The pattern of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Below [`Patterns::count`].
    pub(crate) number: usize,
    pub(crate) text: &'static str,
}

/// Routes and their patterns.
#[derive(Clone)]
pub struct Routes<S = ()> {
    router: Router<S>,
    patterns: Vec<&'static str>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    pub(crate) fn new() -> Self {
        Self { router: Router::new(), patterns: Vec::new() }
    }

    pub(crate) fn route(mut self, pattern: &'static str, methods: MethodRouter<S>) -> Self {
        self.patterns.push(pattern);
        self.map(|router| router.route(pattern, methods))
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.patterns.extend(other.patterns);
        self.map(|router| router.merge(other.router))
    }

    /// Fallbacks and layers.
    pub(crate) fn map(self, change: impl FnOnce(Router<S>) -> Router<S>) -> Self {
        Self { router: change(self.router), patterns: self.patterns }
    }

    pub(crate) fn with_state(self, state: S) -> Routes {
        Routes { router: self.router.with_state(state), patterns: self.patterns }
    }
}

impl Routes {
    /// What answers requests, and what names them.
    pub(crate) fn into_parts(self) -> (Router, Patterns) {
        let mut matcher = matchit::Router::new();
        let count = self.patterns.len() + 1;
        for (index, text) in self.patterns.into_iter().enumerate() {
            // The router has refused what cannot be inserted here.
            drop(matcher.insert(text, Pattern { number: index + 1, text }));
        }
        (self.router, Patterns { matcher, count })
    }
}

impl<S> std::fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Routes").field("patterns", &self.patterns).finish_non_exhaustive()
    }
}

/// The patterns of a router.
#[derive(Debug)]
pub(crate) struct Patterns {
    matcher: matchit::Router<Pattern>,
    count: usize,
}

impl Patterns {
    /// The pattern that a path fits.
    pub(crate) fn of(&self, path: &str) -> Pattern {
        self.matcher.at(path).map_or(UNKNOWN, |found| *found.value)
    }

    /// How many there are, the one for all other paths included.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;

    use super::*;

    #[test]
    fn paths_are_named_by_their_pattern() {
        let routes = Routes::<()>::new().route("/users/{id}", get(async || ""));
        let routes = routes.merge(Routes::new().route("/users", get(async || "")));
        let (_, patterns) = routes.into_parts();
        for (path, pattern) in [
            ("/users", "/users"),
            ("/users/7", "/users/{id}"),
            ("/users/7/x", "/*"),
            ("/", "/*"),
            ("*", "/*"),
        ] {
            assert_eq!(patterns.of(path).text, pattern, "{path}");
        }
    }
}
