//! Several requests at once on one connection.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::Poll,
};

use tokio::time::{Duration, timeout};

use crate::StoreError;

/// A server that answers nothing for so long is taken for gone. Its own time-outs do not help when it hangs or the network
/// swallows packets.
const ANSWER: Duration = Duration::from_secs(2);

/// Polls all in their order, which sends them in that order, and waits until all are done; `silent` is set if the server stops
/// answering.
pub(super) async fn together<T>(
    silent: &AtomicBool,
    mut requests: Vec<Pin<Box<dyn Future<Output = T> + Send + '_>>>,
) -> Result<Vec<T>, StoreError> {
    let mut answers: Vec<Option<T>> = requests.iter().map(|_| None).collect();
    let mut open = requests.len();
    while open > 0 {
        let progress = poll_fn(|context| {
            let before = open;
            for (request, answer) in requests.iter_mut().zip(&mut answers) {
                if answer.is_none()
                    && let Poll::Ready(output) = request.as_mut().poll(context)
                {
                    *answer = Some(output);
                    open -= 1;
                }
            }
            if open < before { Poll::Ready(()) } else { Poll::Pending }
        });
        if timeout(ANSWER, progress).await.is_err() {
            silent.store(true, Ordering::Relaxed);
            return Err(StoreError::Unavailable("the database does not answer".to_owned()));
        }
    }
    Ok(answers.into_iter().flatten().collect())
}
