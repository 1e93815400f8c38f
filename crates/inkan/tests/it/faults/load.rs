//! Nothing grows under a steady load (score item 114), a small share of `cargo xtask soak`.

use std::time::Duration;

use inkan_bench::{crash::Engine, soak};

use super::program;

mod s114_nothing_grows {
    #[test]
    fn sqlite() {
        crate::support::run(crate::support::Engine::Sqlite, |_| super::steady());
    }
}

async fn steady() {
    let (time, sample) = (Duration::from_secs(24), Duration::from_secs(3));
    let plan = soak::Plan { program: program().to_owned(), engine: Engine::Sqlite, time, sample };
    soak::run(&plan).await.unwrap_or_else(|failure| panic!("{failure}"));
}
