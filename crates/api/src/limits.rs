//! What one client may take of the server (spec 01, W12; spec 11 §12).

use std::time::Duration;

/// Sizes, times and numbers that bound the work of one server.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest request body in bytes; more is answered with 413.
    pub body: usize,
    /// Most header lines; more are answered with 431.
    pub headers: usize,
    /// Most bytes of header lines; more are answered with 431.
    pub header_bytes: usize,
    /// Time for the request line and the headers, from their first byte on.
    pub head_timeout: Duration,
    /// Time for the body; over it: 408.
    pub body_timeout: Duration,
    /// Time that a client may take to accept an answer.
    pub write_timeout: Duration,
    /// Time between two requests on a connection. Longer than proxies keep theirs, so that they close first.
    pub idle_timeout: Duration,
    /// Time for everything together; over it: 503. Below the 13 s after which clients give up (spec 13 §2.1).
    pub deadline: Duration,
    /// Connections at once. One more ends the one that has been idle the longest.
    pub connections: usize,
    /// Requests that are worked on at once; one more is answered with 503.
    pub requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 64 * 1024,
            headers: 100,
            header_bytes: 32 * 1024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            deadline: Duration::from_secs(12),
            connections: 4096,
            requests: 512,
        }
    }
}
