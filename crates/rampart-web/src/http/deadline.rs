//! Coarse deadlines without timer entries.
//!
//! Every request has a deadline for its head and one for its body, and nearly all are met. Registering a tokio timer for each
//! costs 5 % of a quote request. Instead, the server wakes every connection once per [`wake_interval`] and the deadlines are
//! checked then: a timeout is noticed up to one interval late.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// How often connections are woken to check deadlines of this length.
pub(crate) fn wake_interval(timeout: Duration) -> Duration {
    (timeout / 10).clamp(Duration::from_millis(5), Duration::from_secs(1))
}

/// hyper's timer, made of coarse deadlines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CoarseTimer;

impl Timer for CoarseTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Deadline(deadline))
    }
}

/// The output of a future, or `None` if it does not complete in time.
pub(crate) async fn with_deadline<F: Future>(time: Duration, future: F) -> Option<F::Output> {
    let (mut future, mut deadline) = (pin!(future), Deadline(Instant::now() + time));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Pin::new(&mut deadline).poll(context).map(|()| None),
    })
    .await
}

struct Deadline(Instant);

impl Future for Deadline {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Sleep for Deadline {}
