//! The server put together: configuration, database, domain, listeners and background work.
//!
//! [`Server::start`] is the one wiring of the product; the binary and the tests use it alike. Tests replace only the clock, the
//! randomness and the cost of password hashing.

pub mod cli;
mod limits;
mod logging;
mod metadata;
mod otlp;
mod server;
mod workers;

pub use metadata::MetadataFileError;
pub use otlp::CollectorError;
pub use server::{Options, Running, ServeError, Server, Surfaces, store_options};
