//! What the server promised its visitors by an answer: it must hold after every crash.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// An account whose registration was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) email: String,
    pub(crate) password: String,
    /// The only visitor who uses it.
    pub(crate) visitor: usize,
    /// The run in which it was made.
    pub(crate) run: u32,
}

/// What is known of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Session {
    /// It was given out.
    Valid,
    /// Its end was acknowledged.
    Revoked,
    /// Its end was asked for, and no answer came.
    Unknown,
}

/// All promises. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<Mutex<Pages>>);

#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) accounts: Vec<Account>,
    /// By token.
    pub(crate) sessions: BTreeMap<String, Session>,
    /// How many mails each address was promised.
    pub(crate) mails: BTreeMap<String, usize>,
    /// What must not happen, whatever breaks.
    pub(crate) violation: Option<String>,
}

impl Book {
    pub(crate) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn promise_mail(&self, address: &str) {
        *self.pages().mails.entry(address.to_owned()).or_default() += 1;
    }

    pub(crate) fn session(&self, token: &str, state: Session) {
        self.pages().sessions.insert(token.to_owned(), state);
    }

    /// Mails that an address was promised so far.
    pub(crate) fn mails_to(&self, address: &str) -> usize {
        self.pages().mails.get(address).copied().unwrap_or_default()
    }
}
