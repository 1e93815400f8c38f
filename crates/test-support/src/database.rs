//! A database of one test.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use tokio::sync::Mutex;

use crate::PostgresCluster;

/// A PostgreSQL database that is removed when dropped.
#[derive(Debug)]
pub struct TestDatabase {
    cluster: &'static PostgresCluster,
    name: String,
}

impl TestDatabase {
    pub(crate) async fn create(cluster: &'static PostgresCluster, template: Option<&str>) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        // copies of one template exclude each other in the server, which then answers with an error
        static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
        let name = format!("inkan_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let template = template.map(|template| format!(" TEMPLATE {template}")).unwrap_or_default();
        let turn = ONE_AT_A_TIME.lock().await;
        cluster.run(&format!("CREATE DATABASE {name}{template}")).await;
        drop(turn);
        Self { cluster, name }
    }

    /// Its connection string.
    #[must_use]
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let cluster = self.cluster;
        // an own thread, because this one may belong to a runtime
        let dropper = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(cluster.run(&sql));
            }
        });
        let _ = dropper.join();
    }
}
