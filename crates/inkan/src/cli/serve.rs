//! `inkan serve`: runs until SIGTERM or SIGINT (score item 116).

use clap::ValueEnum;
use inkan_config::Config;
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use crate::{Options, Running, Server, Surfaces};

/// Which APIs are served.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum What {
    /// Both.
    All,
    /// The public API.
    Public,
    /// The admin API.
    Admin,
}

pub(super) async fn run(config: Config, what: What) -> Result<(), Failure> {
    // Before anything takes its time: a signal during the start ends it too.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let surfaces = match what {
        What::All => Surfaces::All,
        What::Public => Surfaces::Public,
        What::Admin => Surfaces::Admin,
    };
    let running = tokio::select! {
        running = Server::start(Options::new(config, surfaces)) => running?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    announce(&running);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: no new requests, finishing those under way");
    let stop = running.shutdown();
    tokio::pin!(stop);
    let complete = tokio::select! {
        complete = &mut stop => complete,
        _ = interrupt.recv() => false, // the second one: somebody is in a hurry
    };
    if complete {
        tracing::info!("stopped");
    } else {
        tracing::warn!("stopped before everything was finished");
    }
    Ok(())
}

fn announce(running: &Running) {
    if let Some(url) = running.public_url() {
        tracing::info!(url, "Inkan serves the public API; open it in a browser to try a sign-in");
    }
    if let Some(address) = running.admin {
        tracing::info!(%address, "Inkan serves the admin API");
    }
    if running.mailbox().is_some() && running.app.config.email_delivery.enabled {
        let url =
            running.mailbox_url().unwrap_or_else(|| "not reachable, the admin API is not served".to_owned());
        tracing::warn!(
            url,
            "NO MAIL LEAVES THIS SERVER: no SMTP server is configured (email_delivery.smtp.host). Mails, with the codes in \
             them, are kept in memory and shown in the development mailbox. Do not run it like this for real users"
        );
    }
}
