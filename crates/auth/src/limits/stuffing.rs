//! Detects credential stuffing: many accounts from several clients, few tries each, hardly any success (spec 14, s033).
//!
//! While it goes on, passwords are only tried for clients that signed in to the account before; everybody else can sign in
//! with a code sent by mail. So the attack costs no hashing and finds nothing. One client alone cannot cause it (it is
//! stopped by its own budget), and an attacker's own account counts as one success, however often it is used.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher as _},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use inkan_base::{TenantId, Timestamp};

use super::Refused;
use crate::Context;

/// Counting starts anew after this time.
const WINDOW: Duration = Duration::from_mins(5);
/// Different accounts with a wrong password that make an attack …
const ACCOUNTS: usize = 64;
/// … from at least so many clients …
const CLIENTS: usize = 4;
/// … unless one account for every so many of them was entered.
const FAILURES_PER_SUCCESS: usize = 8;
/// Beyond this many the verdict does not change any more.
const MAX_COUNTED: usize = 4096;

#[derive(Default)]
pub(super) struct Stuffing(Mutex<HashMap<TenantId, Counts>>);

#[derive(Default)]
struct Counts {
    until: Timestamp,
    failed: HashSet<u64>,
    clients: HashSet<u64>,
    entered: HashSet<u64>,
}

impl Stuffing {
    pub(super) fn admit(&self, cx: &Context) -> Result<(), Refused> {
        self.with(cx, |counts| {
            let failed = counts.failed.len();
            let many = failed >= ACCOUNTS && counts.clients.len() >= CLIENTS;
            if many && failed > counts.entered.len() * FAILURES_PER_SUCCESS {
                return Err(Refused { retry_after: counts.until.since(cx.now).as_secs() });
            }
            Ok(())
        })
    }

    pub(super) fn failed(&self, cx: &Context, account: &str) {
        let (account, client) = (hash(account), hash(cx.client_key()));
        self.with(cx, |counts| {
            if counts.failed.len() < MAX_COUNTED {
                counts.failed.insert(account);
                counts.clients.insert(client);
            }
        });
    }

    pub(super) fn succeeded(&self, cx: &Context, account: &str) {
        let account = hash(account);
        self.with(cx, |counts| {
            counts.failed.remove(&account);
            if counts.entered.len() < MAX_COUNTED {
                counts.entered.insert(account);
            }
        });
    }

    fn with<T>(&self, cx: &Context, use_counts: impl FnOnce(&mut Counts) -> T) -> T {
        let mut tenants: MutexGuard<'_, _> = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = tenants.entry(cx.tenant).or_default();
        // Also anew when the clock was set back.
        if cx.now >= counts.until || counts.until.since(cx.now) > WINDOW {
            *counts = Counts { until: cx.now + WINDOW, ..Counts::default() };
        }
        use_counts(counts)
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
