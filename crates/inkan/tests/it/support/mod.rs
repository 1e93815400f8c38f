//! The harness: one builder line starts a server on a fresh database; requests go over a real loopback connection.

mod app;
mod flow;
mod http;
mod log;
mod passkey;
mod trap;
mod user;

pub(crate) use app::{AppBuilder, Engine, TestApp, run};
pub(crate) use flow::{Doc, Flow};
pub(crate) use http::{Call, Reply, raw};
pub(crate) use passkey::{Device, ORIGIN};
pub(crate) use user::{TestUser, secret_of};

/// Compiles each test once per storage engine: `name::sqlite` and `name::postgres`.
macro_rules! each_engine {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: AppBuilder) $body:block)+) => {$(
        $(#[$meta])*
        async fn $name($app: crate::support::AppBuilder) $body

        mod $name {
            #[test]
            fn sqlite() {
                crate::support::run(crate::support::Engine::Sqlite, super::$name);
            }

            #[test]
            fn postgres() {
                crate::support::run(crate::support::Engine::Postgres, super::$name);
            }
        }
    )+};
}
