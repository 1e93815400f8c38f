//! `inkan cleanup`: removes what has expired, in batches (spec 09 D.7).

use std::sync::Arc;

use clap::Args;
use inkan_base::{Clock as _, SystemClock};
use inkan_config::{Config, format_duration};
use inkan_store::Store;

use super::Failure;
use crate::store_options;

/// Whether and how.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Really remove; without it nothing is changed.
    #[arg(long)]
    run: bool,
    /// Rows per transaction.
    #[arg(long, short = 's', default_value_t = 512, value_name = "ROWS", value_parser = clap::value_parser!(u16).range(1..))]
    page_size: u16,
}

pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failure> {
    let retention = config.audit_log.retention;
    if !arguments.run {
        eprintln!(
            "Nothing was removed. With --run: expired flows, codes, challenges, budgets of guesses, trusted devices, sessions and mails, and audit records older than {}.",
            format_duration(retention)
        );
        return Ok(());
    }
    let store = Store::open_beside_server(store_options(&config), Arc::new(SystemClock)).await?;
    let removed = store.clean_up(SystemClock.now(), retention, usize::from(arguments.page_size)).await;
    store.close().await;
    let removed = removed?;
    super::print(format_args!("flows {}", removed.flows))?;
    super::print(format_args!("passcodes {}", removed.passcodes))?;
    super::print(format_args!("webauthn_challenges {}", removed.webauthn_challenges))?;
    super::print(format_args!("second_factor_attempts {}", removed.second_factor_attempts))?;
    super::print(format_args!("trusted_devices {}", removed.trusted_devices))?;
    super::print(format_args!("sessions {}", removed.sessions))?;
    super::print(format_args!("audit_records {}", removed.audit_records))?;
    super::print(format_args!("outbox {}", removed.outbox))?;
    Ok(())
}
