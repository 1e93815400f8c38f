//! `kill -9` at random moments (score item 99), a small share of `cargo xtask crash-test`.

use inkan_bench::crash::{self, Plan};

use super::program;
use crate::support::Engine;

each_engine! {
    async fn s099_killed_at_any_moment(app: AppBuilder) {
        let engine = match app.engine() {
            Engine::Sqlite => crash::Engine::Sqlite,
            Engine::Postgres => crash::Engine::Postgres,
        };
        let plan = Plan { program: program().to_owned(), engine, runs: 3, seed: 99 };
        let kept = crash::run(&plan).await.unwrap_or_else(|failure| panic!("{failure}"));
        assert!(kept.accounts > 0 && kept.sessions > kept.accounts && kept.mails > 0, "{kept:?}");
    }
}
