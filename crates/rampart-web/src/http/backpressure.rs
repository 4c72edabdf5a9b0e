//! Detects peers that do not read their responses: whether writes to a connection block, and since when.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Whether writes to a connection block. The kernel reports a socket as writable only once a third of its send buffer is
/// free, so a peer that reads a byte now and then still counts as blocked.
#[derive(Debug)]
pub(crate) struct WriteBackpressure {
    created_at: Instant,
    /// When writes began to block, in microseconds after `created_at`, plus 1. 0 while writes do not block.
    blocked_since_micros: AtomicU64,
    waker: AtomicWaker,
}

impl WriteBackpressure {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { created_at: Instant::now(), blocked_since_micros: AtomicU64::new(0), waker: AtomicWaker::new() })
    }

    fn now_micros(&self) -> u64 {
        u64::try_from(self.created_at.elapsed().as_micros()).unwrap_or(u64::MAX - 1) + 1
    }

    fn is_blocked(&self) -> bool {
        self.blocked_since_micros.load(Ordering::Relaxed) != 0
    }

    fn mark_blocked(&self) {
        if !self.is_blocked() {
            self.blocked_since_micros.store(self.now_micros(), Ordering::Relaxed);
        }
    }

    fn mark_writable(&self) {
        if self.is_blocked() {
            self.blocked_since_micros.store(0, Ordering::Release);
            self.waker.wake();
        }
    }

    /// How long writes have been blocked.
    pub(crate) fn blocked_for(&self) -> Duration {
        match self.blocked_since_micros.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => Duration::from_micros(self.now_micros().saturating_sub(since)),
        }
    }

    /// Waits until writes do not block, so that no request is handled for a peer that does not read earlier responses.
    pub(crate) async fn writable(&self) {
        poll_fn(|context| {
            if !self.is_blocked() {
                return Poll::Ready(());
            }
            self.waker.register(context.waker());
            if self.is_blocked() { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

/// A stream that records whether its writes block.
#[derive(Debug)]
pub(crate) struct MonitoredStream<S> {
    pub(crate) stream: S,
    pub(crate) backpressure: Arc<WriteBackpressure>,
}

impl<S: AsyncRead + Unpin> AsyncRead for MonitoredStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, bytes)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MonitoredStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        match written {
            Poll::Pending => self.backpressure.mark_blocked(),
            Poll::Ready(_) => self.backpressure.mark_writable(),
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
    async fn a_peer_that_reads_nothing_blocks_writes() {
        let (mut reader, stream) = tokio::io::duplex(4);
        let backpressure = WriteBackpressure::new();
        let mut monitored = MonitoredStream { stream, backpressure: backpressure.clone() };
        monitored.write_all(b"abcd").await.unwrap();
        assert!(backpressure.writable().now_or_never().is_some(), "it fits into the buffer");
        assert!(monitored.write_all(b"e").now_or_never().is_none());
        assert!(backpressure.is_blocked());
        let mut waiting = std::pin::pin!(backpressure.writable());
        assert!(futures::poll!(&mut waiting).is_pending());
        reader.read_exact(&mut [0; 4]).await.unwrap();
        monitored.write_all(b"e").await.unwrap();
        waiting.await;
        assert_eq!(backpressure.blocked_for(), Duration::ZERO);
    }
}
