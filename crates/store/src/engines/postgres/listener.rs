//! The dedicated connection that hears of the other nodes' commits.
//!
//! PostgreSQL delivers notifications before it answers a later query on the same connection. So a heartbeat proves that
//! everything committed before it was asked has arrived; without a fresh proof caches of sessions must not be used.

use std::{future::poll_fn, sync::Arc};

use inkan_base::SessionId;
use tokio::{
    select,
    sync::mpsc,
    task::JoinSet,
    time::{Duration, Instant, interval, sleep, timeout},
};
use tokio_postgres::{AsyncMessage, Client, Connection, Notification, Socket};

use super::{open::Address, tls::Encrypted};
use crate::{SessionEvent, signals::Signals};

const HEARTBEAT: Duration = Duration::from_millis(300);
/// A heartbeat that is not answered within this time has failed.
const ANSWER: Duration = Duration::from_millis(600);
/// How long it may take to connect and begin to listen.
const BEGIN: Duration = Duration::from_secs(2);
/// Pause before the next connection.
const RECONNECT: Duration = Duration::from_millis(300);
/// New outbox rows are told to the other nodes at most this often: their workers only help out.
const FORWARD: Duration = Duration::from_millis(50);

/// Listens until the task is aborted; connects anew whenever the connection breaks.
pub(super) async fn run(address: Address, signals: Arc<Signals>) {
    loop {
        if let Err(error) = listen(&address, &signals).await {
            tracing::warn!(error = %crate::error::chain(&error), "listening for other nodes was interrupted");
        }
        signals.disprove();
        sleep(RECONNECT).await;
    }
}

async fn listen(address: &Address, signals: &Arc<Signals>) -> Result<(), tokio_postgres::Error> {
    let (sender, mut notifications) = mpsc::unbounded_channel();
    // ended when dropped: one that owes an answer would never end by itself
    let mut driver = JoinSet::new();
    let beginning = async {
        let (client, connection) = address.config.connect(address.tls.clone()).await?;
        driver.spawn(drive(connection, sender));
        client.batch_execute("LISTEN inkan_session; LISTEN inkan_outbox").await?;
        let own = own_process(&client).await?;
        Ok::<_, tokio_postgres::Error>((client, own))
    };
    let Ok(listening) = timeout(BEGIN, beginning).await else { return Ok(()) };
    let (client, own) = listening?;
    signals.send(SessionEvent::Flush); // what happened before was missed
    signals.wake_outbox();
    let mut beats = interval(HEARTBEAT);
    loop {
        select! {
            _ = beats.tick() => {
                let asked = Instant::now();
                match timeout(ANSWER, client.simple_query("SELECT 1")).await {
                    Ok(answer) => drop(answer?),
                    Err(_) => return Ok(()),
                }
                while let Ok(notification) = notifications.try_recv() {
                    hear(&notification, own, signals);
                }
                signals.prove(asked);
            }
            notification = notifications.recv() => match notification {
                Some(notification) => hear(&notification, own, signals),
                None => return Ok(()),
            },
            () = signals.forward.notified() => {
                match timeout(ANSWER, client.batch_execute("NOTIFY inkan_outbox")).await {
                    Ok(answer) => answer?,
                    Err(_) => return Ok(()),
                }
                sleep(FORWARD).await;
            }
        }
    }
}

/// Process number of the connection, to know its own notifications.
async fn own_process(client: &Client) -> Result<i32, tokio_postgres::Error> {
    client.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)
}

/// Moves the bytes of the connection and sorts out the notifications.
async fn drive(
    mut connection: Connection<Socket, Encrypted>,
    notifications: mpsc::UnboundedSender<Notification>,
) {
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(notification) = message {
            let _ = notifications.send(notification);
        }
    }
}

fn hear(notification: &Notification, own: i32, signals: &Signals) {
    match notification.channel() {
        "inkan_session" => {
            let event = notification
                .payload()
                .parse()
                .map_or(SessionEvent::Flush, |id: SessionId| SessionEvent::Ended(id));
            signals.send(event);
        }
        "inkan_outbox" if notification.process_id() != own => signals.wake_outbox(),
        _ => {}
    }
}
