//! Which client signed in to which account: it has budgets of its own there.
//!
//! A client is a network address here (an IPv6 /64), not a device. That is coarse, but nobody can take an address of the
//! owner's to lock them out from elsewhere.

use std::time::Duration;

use inkan_base::{Timestamp, UserId};

use super::window::{Key, digest};
use crate::Context;

/// Pairs of client and account at the most.
const MAX_PAIRS: u64 = 200_000;
/// How long a client is remembered.
const MEMORY: Duration = Duration::from_hours(30 * 24);

pub(super) struct KnownClients(moka::sync::Cache<Key, Timestamp>);

impl Default for KnownClients {
    fn default() -> Self {
        Self(moka::sync::Cache::new(MAX_PAIRS))
    }
}

impl KnownClients {
    pub(super) fn remember(&self, cx: &Context, user: UserId) {
        self.0.insert(key(cx, user), cx.now + MEMORY);
    }

    pub(super) fn remembers(&self, cx: &Context, user: UserId) -> bool {
        self.0.get(&key(cx, user)).is_some_and(|until| cx.now < until)
    }
}

fn key(cx: &Context, user: UserId) -> Key {
    digest(cx.tenant, &[&user.to_string(), &cx.client_key()])
}
