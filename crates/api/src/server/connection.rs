//! A stream that does not wait for slow clients.
//!
//! hyper's own time-out for headers also counts the pause between two requests; a proxy keeps connections for longer than a
//! request head may take. So the stream itself measures both: the pause until a first byte, and from it the head.
//!
//! Most heads arrive whole, and most pauses are short, so the timer is not set anew for each: it runs out too early at worst,
//! and then the real limit counts.

use std::{
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep, sleep_until},
};

use super::registry::Connection;
use crate::Limits;

pub(super) struct Guarded<S> {
    stream: S,
    connection: Arc<Connection>,
    /// The number of answers when the clock for reading was set.
    answered: u64,
    /// The clock runs for the head of a request, not for the pause before it.
    in_head: bool,
    /// When reading has taken too long. The timer beside it is never later.
    read_until: Instant,
    read_timer: Pin<Box<Sleep>>,
    write_limit: Option<Pin<Box<Sleep>>>,
    idle: Duration,
    head: Duration,
    write: Duration,
}

impl<S> Guarded<S> {
    pub(super) fn new(stream: S, connection: Arc<Connection>, limits: &Limits) -> Self {
        // The first request of a connection is on its way already.
        let read_until = Instant::now() + limits.head_timeout;
        Self {
            stream,
            connection,
            answered: 0,
            in_head: true,
            read_until,
            read_timer: Box::pin(sleep_until(read_until)),
            write_limit: None,
            idle: limits.idle_timeout,
            head: limits.head_timeout,
            write: limits.write_timeout,
        }
    }

    /// Fails when reading has taken too long.
    fn read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.read_timer.deadline() > self.read_until {
            self.read_timer.as_mut().reset(self.read_until);
        }
        while self.read_timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= self.read_until {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.read_timer.as_mut().reset(self.read_until);
        }
        Poll::Pending
    }

    /// Fails when writing has been stuck for too long.
    fn written<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.write_limit = None;
            return result;
        }
        let write = self.write;
        let limit = self.write_limit.get_or_insert_with(|| Box::pin(sleep(write)));
        limit.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let result = pin!(&mut this.stream).poll_read(cx, buffer);
        if this.connection.is_busy() {
            return result; // the request under way has its own limits
        }
        let answered = this.connection.answered();
        if this.answered != answered {
            this.answered = answered;
            this.in_head = false;
            this.read_until = Instant::now() + this.idle;
        }
        if result.is_ready() {
            if buffer.filled().len() > before && !this.in_head {
                this.in_head = true;
                this.read_until = Instant::now() + this.head;
            }
            return result;
        }
        this.read(cx)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = pin!(&mut this.stream).poll_write(cx, bytes);
        this.written(cx, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = pin!(&mut this.stream).poll_write_vectored(cx, slices);
        this.written(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = pin!(&mut this.stream).poll_flush(cx);
        this.written(cx, result)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
