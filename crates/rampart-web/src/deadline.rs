//! Deadlines that wake nobody: they are looked at whenever their connection is awake.
//!
//! The head of every request has one, and its body if there is one; nearly all are met. A sleep of the runtime's would be
//! entered among the timers of all threads, and taken out again, for each of them: a twentieth of what a quote costs. These
//! are entered nowhere; instead the server wakes every connection once in a [`pulse`], and what has not arrived in time is
//! noticed up to a pulse late.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// How often connections have to be woken for deadlines of such a length.
pub(crate) fn pulse(timeout: Duration) -> Duration {
    (timeout / 10).clamp(Duration::from_millis(5), Duration::from_secs(1))
}

/// Makes the deadlines of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines;

impl Timer for Deadlines {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Deadline(deadline))
    }
}

/// What a future comes to, unless it is found to take longer than this.
pub(crate) async fn within<F: Future>(time: Duration, future: F) -> Option<F::Output> {
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
