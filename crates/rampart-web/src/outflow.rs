//! What leaves a connection: whether its reader takes it, and since when not.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How the way out of a connection stands. The system says that there is room again only once a third of what it holds was
/// taken: a reader that takes a byte now and then stands still by this measure.
#[derive(Debug)]
pub(crate) struct Outflow {
    begun: Instant,
    /// Microseconds after `begun` at which the way out became full, and one more; 0 while something can leave.
    full_since: AtomicU64,
    waiting: AtomicWaker,
}

impl Outflow {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { begun: Instant::now(), full_since: AtomicU64::new(0), waiting: AtomicWaker::new() })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX - 1) + 1
    }

    fn is_full(&self) -> bool {
        self.full_since.load(Ordering::Relaxed) != 0
    }

    fn full(&self) {
        if !self.is_full() {
            self.full_since.store(self.now(), Ordering::Relaxed);
        }
    }

    fn flows(&self) {
        if self.is_full() {
            self.full_since.store(0, Ordering::Release);
            self.waiting.wake();
        }
    }

    /// For how long nothing has been taken of what waits to leave.
    pub(crate) fn full_for(&self) -> Duration {
        match self.full_since.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => Duration::from_micros(self.now().saturating_sub(since)),
        }
    }

    /// Waits until something can leave: nothing is worked on for somebody who does not take what he asked for before.
    pub(crate) async fn flowing(&self) {
        poll_fn(|context| {
            if !self.is_full() {
                return Poll::Ready(());
            }
            self.waiting.register(context.waker());
            if self.is_full() { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

/// A stream whose way out is watched.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    pub(crate) stream: S,
    pub(crate) outflow: Arc<Outflow>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, bytes)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        match written {
            Poll::Pending => self.outflow.full(),
            Poll::Ready(_) => self.outflow.flows(),
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_reader_that_takes_nothing_stops_the_flow() {
        let (mut reader, stream) = tokio::io::duplex(4);
        let outflow = Outflow::new();
        let mut watched = Watched { stream, outflow: outflow.clone() };
        watched.write_all(b"abcd").await.unwrap();
        assert!(outflow.flowing().now_or_never().is_some(), "what fits is on its way");
        assert!(watched.write_all(b"e").now_or_never().is_none());
        assert!(outflow.is_full());
        let mut waiting = std::pin::pin!(outflow.flowing());
        assert!(futures::poll!(&mut waiting).is_pending());
        reader.read_exact(&mut [0; 4]).await.unwrap();
        watched.write_all(b"e").await.unwrap();
        waiting.await;
        assert_eq!(outflow.full_for(), Duration::ZERO);
    }
}
