//! Every metric by name: the one list, from which the table in the operations guide is made.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by size.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Name, with its unit.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

impl Kind {
    /// The name in the text format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

macro_rules! catalogue {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $constant: Definition =
                Definition { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };
        )*

        /// All metrics.
        pub const ALL: &[Definition] = &[$($constant),*];
    };
}

catalogue! {
    REQUESTS = Counter "hanko_requests_total" ["code", "method", "url"] "Requests answered on both ports";
    REQUEST_DURATION = Histogram "hanko_request_duration_seconds" ["code", "method", "url"] "Time from the head of a request to its answer";
    REQUEST_SIZE = Histogram "hanko_request_size_bytes" ["code", "method", "url"] "Size of requests: line, headers and what was read of the body";
    RESPONSE_SIZE = Histogram "hanko_response_size_bytes" ["code", "method", "url"] "Size of the bodies of answers";
    FLOW_ACTIONS = Counter "inkan_flow_actions_total" ["flow", "state", "action", "outcome"] "Requests on flows: the state before, the action, `ok` or the code of the error; `none` where the request did not get so far, action `start` for new flows";
    FLOW_STATEMENTS = Counter "inkan_flow_statements_total" ["flow", "state", "action", "outcome"] "Database statements of requests on flows; divided by `inkan_flow_actions_total` those of one";
    FLOW_ROUND_TRIPS = Counter "inkan_flow_round_trips_total" ["flow", "state", "action", "outcome"] "How often requests on flows waited for an answer of PostgreSQL; divided by `inkan_flow_actions_total` those of one";
    SIGN_INS = Counter "inkan_sign_ins_total" ["method"] "Sign-ins";
    SIGN_IN_FAILURES = Counter "inkan_sign_in_failures_total" ["method", "reason"] "Refused sign-ins";
    ACCOUNT_EVENTS = Counter "inkan_account_events_total" ["event"] "What happened to accounts: the events of the audit log";
    LIMITER_REFUSALS = Counter "inkan_limiter_refusals_total" ["budget"] "Tries refused because a budget was used up";
    SESSION_CACHE = Counter "inkan_session_cache_total" ["outcome"] "Session tokens looked up in the cache: `hit` or `miss`";
    MAILS = Counter "inkan_mails_total" ["outcome"] "Attempts to send a mail: `sent`, `retried` or `failed` for good";
    OUTBOX_MESSAGES = Gauge "inkan_outbox_messages" [] "Mails that are queued";
    OUTBOX_LAG = Gauge "inkan_outbox_lag_seconds" [] "Age of the oldest mail that is due and that no worker has taken";
    PASSWORD_HASHES = Counter "inkan_password_hashes_total" [] "Password hashes computed";
    PASSWORD_QUEUE = Gauge "inkan_password_queue_length" [] "Password hashes that wait for a thread";
    PASSWORD_REFUSALS = Counter "inkan_password_refusals_total" [] "Password hashes refused because too many were waiting";
    DATABASE_TRANSACTIONS = Counter "inkan_database_transactions_total" ["kind"] "Database transactions: `read` or `write`";
    DATABASE_SECONDS = Counter "inkan_database_seconds_total" ["kind"] "Time spent in database transactions, waiting included";
    DATABASE_STATEMENTS = Counter "inkan_database_statements_total" ["kind"] "Statements that transactions ran";
    DATABASE_ROUND_TRIPS = Counter "inkan_database_round_trips_total" ["kind"] "How often transactions waited for an answer of PostgreSQL; statements that are sent together share one, preparing new ones on a connection counts";
    DATABASE_REFUSALS = Counter "inkan_database_refusals_total" ["kind"] "Transactions that got no connection or no turn in time";
    HANDLER_PANICS = Counter "inkan_handler_panics_total" [] "Requests that ended in a panic (and were answered with 500)";
    WORKER_RESTARTS = Counter "inkan_worker_restarts_total" ["worker", "reason"] "Background work that ended by a `panic` or an `error` and was started again";
    TRACE_SPANS = Counter "inkan_trace_spans_total" ["outcome"] "Spans of traced requests: `exported`, `dropped` because too many were waiting, or `failed`";
    BUILD_INFO = Gauge "inkan_build_info" ["version"] "Always 1";
    PROCESS_CPU = Counter "process_cpu_seconds_total" [] "CPU time of the process";
    PROCESS_MEMORY = Gauge "process_resident_memory_bytes" [] "Memory that the process occupies";
    PROCESS_VIRTUAL = Gauge "process_virtual_memory_bytes" [] "Address space of the process";
    PROCESS_FDS = Gauge "process_open_fds" [] "Open file descriptors";
    PROCESS_MAX_FDS = Gauge "process_max_fds" [] "File descriptors that the process may open";
    PROCESS_START = Gauge "process_start_time_seconds" [] "When the process started, in seconds since 1970";
}
