//! `inkan migrate`.

use std::sync::Arc;

use clap::Subcommand;
use inkan_base::SystemClock;
use inkan_config::Config;
use inkan_store::Store;

use super::Failure;
use crate::store_options;

/// What to do with the form of the database.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Apply what is missing. The server does so at its start, too.
    Up,
}

pub(super) async fn up(config: Config) -> Result<(), Failure> {
    let store = Store::open_beside_server(store_options(&config), Arc::new(SystemClock)).await?;
    store.close().await;
    eprintln!("The database has the form that this version needs.");
    Ok(())
}
