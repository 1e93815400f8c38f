//! Accepting connections (spec 11 §12, score items 91 and 116).
//!
//! The number of connections is bounded. At the bound a new connection takes the place of the one that has been idle the
//! longest, so ten thousand silent ones keep nobody out; only when all are busy is a new one turned away.

mod connection;
mod registry;

use std::{
    convert::Infallible,
    future::{Ready, poll_fn, ready},
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use axum::response::Response;
use futures_util::future::Either;
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::TokioIo;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::Edge;
use connection::Guarded;
use registry::{Connection, End, Registry};

/// How long an evicted connection may still write.
const EVICTED: Duration = Duration::from_millis(250);
/// Pause when the system has no more sockets for us.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// Beyond this a request's head is answered with 431 by the HTTP parser itself; [`crate::Limits`] say less. The parser prepares
/// room for so many headers with each request, so the second number is not much larger than what is allowed.
const HARD_HEAD_BYTES: usize = 64 * 1024;
const HARD_HEADERS: usize = 160;
/// For a connection that there is no place for.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-type: application/json\r\ncontent-length: 45\r\n\r\n{\"code\":503,\"message\":\"Service Unavailable\"}\n";

/// Serves `listener` until `shutdown`; then accepts no more, finishes the requests under way and returns.
pub async fn serve(listener: TcpListener, edge: Arc<Edge>, shutdown: CancellationToken) {
    let tasks = TaskTracker::new();
    let registry = Arc::new(Registry::new(edge.limits().connections));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => match registry.admit() {
                Some(connection) => {
                    tasks.spawn(run(stream, peer, edge.clone(), connection));
                }
                None => {
                    tasks.spawn(turn_away(stream));
                }
            },
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(error = %error, "connections cannot be accepted for the moment");
                registry.evict();
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
    drop(listener);
    registry.stop();
    tasks.close();
    tasks.wait().await;
}

async fn run(stream: TcpStream, peer: SocketAddr, edge: Arc<Edge>, connection: Arc<Connection>) {
    drop(stream.set_nodelay(true)); // an optimisation, nothing else
    let io = TokioIo::new(Guarded::new(stream, connection.clone(), edge.limits()));
    let requests = Requests { edge, connection: connection.clone(), peer: peer.ip() };
    let mut http = http1::Builder::new();
    http.max_headers(HARD_HEADERS).max_buf_size(HARD_HEAD_BYTES).header_read_timeout(None);
    let serving = http.serve_connection(io, requests);
    tokio::pin!(serving);
    let end = poll_fn(|cx| match serving.as_mut().poll(cx) {
        // Errors are clients that went away or were cut off.
        Poll::Ready(_) => Poll::Ready(None),
        Poll::Pending => connection.end(cx).map_or(Poll::Pending, |end| Poll::Ready(Some(end))),
    });
    let Some(end) = end.await else { return };
    serving.as_mut().graceful_shutdown();
    match end {
        // Its place is taken already: it may finish an answer, not wait for the rest of a head.
        End::Evicted => drop(tokio::time::timeout(EVICTED, serving).await),
        End::Shutdown => drop(serving.await),
    }
}

/// The requests of one connection.
struct Requests {
    edge: Arc<Edge>,
    connection: Arc<Connection>,
    peer: IpAddr,
}

/// An answer that is there at once, or one that takes its time: only that one is worth an allocation.
type Answering = Either<Ready<Answered>, Pin<Box<dyn Future<Output = Answered> + Send>>>;
type Answered = Result<Response, Infallible>;

impl Service<Request<Incoming>> for Requests {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        if let Some(response) = self.edge.answer_at_once(self.peer, &request) {
            self.connection.answer();
            return Either::Left(ready(Ok(response)));
        }
        let (edge, connection, peer) = (self.edge.clone(), self.connection.clone(), self.peer);
        Either::Right(Box::pin(async move {
            let _busy = connection.busy();
            Ok(edge.answer(peer, request).await)
        }))
    }
}

async fn turn_away(mut stream: TcpStream) {
    let answer = async {
        stream.write_all(BUSY).await?;
        stream.shutdown().await
    };
    drop(tokio::time::timeout(EXHAUSTED, answer).await);
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_prepared_answer_is_well_formed() {
        let text = std::str::from_utf8(super::BUSY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())));
    }
}
