//! What the server counts (spec 11, section 9, and metrics of our own).
//!
//! - `catalogue` names every metric.
//! - [`Metrics`] belongs to one [`crate::App`], not to the process. Its handles are made once per series and kept.
//! - Labels are values of enums and of tables of this program, never texts of clients, so the number of series is bounded.
//! - What other crates count by themselves is asked for when the metrics are read ([`Page`]).

pub mod catalogue;
mod page;
mod requests;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{PoisonError, RwLock},
};

use inkan_store::Spent;
use metrics::{Counter, Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::flows::{FlowKind, LoginMethod, Outline};
use catalogue::Definition;
pub use page::Page;
pub use requests::{Requests, Series};

const METADATA: Metadata<'static> = Metadata::new("inkan", Level::INFO, None);

/// The counters of one server.
pub struct Metrics {
    recorder: PrometheusRecorder,
    reader: PrometheusHandle,
    flow_actions: Family<[&'static str; 4], FlowCounters>,
    sign_ins: [Counter; LoginMethod::ALL.len()],
    sign_in_failures: Family<[&'static str; 2], Counter>,
    account_events: Family<[&'static str; 1], Counter>,
    worker_restarts: Family<[&'static str; 2], Counter>,
    /// New flows by their kind: the hottest series of `flow_actions`.
    pub(crate) started_logins: Counter,
    pub(crate) started_registrations: Counter,
    /// Requests of both listeners.
    pub requests: Requests,
    /// Requests that panicked.
    pub handler_panics: Counter,
    /// Mails that were handed over.
    pub(crate) mails_sent: Counter,
    /// Mails that are tried again.
    pub(crate) mails_retried: Counter,
    /// Mails that were given up.
    pub(crate) mails_failed: Counter,
    /// Spans that the collector took.
    pub spans_exported: Counter,
    /// Spans for which there was no room.
    pub spans_dropped: Counter,
    /// Spans that the collector did not take.
    pub spans_failed: Counter,
}

/// What is counted of requests on flows.
#[derive(Clone)]
struct FlowCounters {
    actions: Counter,
    statements: Counter,
    round_trips: Counter,
}

/// Handles of one metric, by their labels. Made at their first use.
pub struct Family<K, T>(RwLock<HashMap<K, T>>);

impl<K: Eq + Hash, T: Clone> Family<K, T> {
    /// The handle of these labels.
    pub fn of(&self, labels: K, make: impl FnOnce() -> T) -> T {
        if let Some(made) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&labels) {
            return made.clone();
        }
        let handle = make();
        self.0.write().unwrap_or_else(PoisonError::into_inner).entry(labels).or_insert(handle).clone()
    }
}

impl<K, T> Default for Family<K, T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K, T> fmt::Debug for Family<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family").finish_non_exhaustive()
    }
}

impl Metrics {
    /// All counters at zero.
    #[must_use]
    pub fn new() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        describe(&recorder);
        let one = |definition, labels: &[&str]| counter(&recorder, definition, labels);
        let mails = |outcome| one(catalogue::MAILS, &[outcome]);
        let spans = |outcome| one(catalogue::TRACE_SPANS, &[outcome]);
        let started = |flow| one(catalogue::FLOW_ACTIONS, &[flow, "none", "start", "ok"]);
        Self {
            flow_actions: Family::default(),
            sign_ins: LoginMethod::ALL.map(|method| one(catalogue::SIGN_INS, &[method.as_str()])),
            sign_in_failures: Family::default(),
            account_events: Family::default(),
            worker_restarts: Family::default(),
            started_logins: started(FlowKind::Login.as_str()),
            started_registrations: started(FlowKind::Registration.as_str()),
            requests: Requests::default(),
            handler_panics: one(catalogue::HANDLER_PANICS, &[]),
            mails_sent: mails("sent"),
            mails_retried: mails("retried"),
            mails_failed: mails("failed"),
            spans_exported: spans("exported"),
            spans_dropped: spans("dropped"),
            spans_failed: spans("failed"),
            reader: recorder.handle(),
            recorder,
        }
    }

    /// The counter of a metric with these values of its labels.
    pub fn counter(&self, definition: Definition, labels: &[&str]) -> Counter {
        counter(&self.recorder, definition, labels)
    }

    /// Background work ended and is started again.
    pub fn worker_restarted(&self, worker: &'static str, reason: &'static str) {
        self.count(&self.worker_restarts, catalogue::WORKER_RESTARTS, [worker, reason]).increment(1);
    }

    /// What is counted here, in the text format.
    pub(crate) fn text(&self) -> String {
        self.reader.render()
    }

    pub(crate) fn flow_action(&self, flow: &'static str, outline: Outline, spent: Spent) {
        let labels = [flow, outline.state, outline.action, outline.outcome];
        let counters = self.flow_actions.of(labels, || FlowCounters {
            actions: self.counter(catalogue::FLOW_ACTIONS, &labels),
            statements: self.counter(catalogue::FLOW_STATEMENTS, &labels),
            round_trips: self.counter(catalogue::FLOW_ROUND_TRIPS, &labels),
        });
        counters.actions.increment(1);
        counters.statements.increment(spent.statements);
        counters.round_trips.increment(spent.round_trips);
    }

    pub(crate) fn signed_in(&self, method: LoginMethod) -> Option<Counter> {
        self.sign_ins.get(method as usize).cloned()
    }

    pub(crate) fn sign_in_failed(&self, method: &'static str, reason: &'static str) -> Counter {
        self.count(&self.sign_in_failures, catalogue::SIGN_IN_FAILURES, [method, reason])
    }

    pub(crate) fn account_event(&self, event: &'static str) -> Counter {
        self.count(&self.account_events, catalogue::ACCOUNT_EVENTS, [event])
    }

    fn count<const N: usize>(
        &self,
        family: &Family<[&'static str; N], Counter>,
        definition: Definition,
        labels: [&'static str; N],
    ) -> Counter {
        family.of(labels, || self.counter(definition, &labels))
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

fn counter(recorder: &PrometheusRecorder, definition: Definition, labels: &[&str]) -> Counter {
    recorder.register_counter(&key(definition, labels), &METADATA)
}

fn key(definition: Definition, labels: &[&str]) -> Key {
    let labels = definition.labels.iter().zip(labels);
    let labels: Vec<Label> = labels.map(|(name, value)| Label::new(*name, (*value).to_owned())).collect();
    Key::from_parts(definition.name, labels)
}

fn describe(recorder: &PrometheusRecorder) {
    for definition in catalogue::ALL {
        let (name, help) = (definition.name.into(), definition.help.into());
        match definition.kind {
            catalogue::Kind::Counter => recorder.describe_counter(name, None, help),
            catalogue::Kind::Gauge => recorder.describe_gauge(name, None, help),
            catalogue::Kind::Histogram => recorder.describe_histogram(name, None, help),
        }
    }
}
