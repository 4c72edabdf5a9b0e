//! The processor time that the world takes from its callers. It runs on their threads, so a process shows the time of the ramp and of the
//! world as one sum; this is what has to be subtracted.

use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

thread_local! {
    /// Whether this thread is being measured, so that an operation inside a route counts once.
    static IS_MEASURED: Cell<bool> = const { Cell::new(false) };
}

/// The processor time of all work that was measured.
#[derive(Debug, Default)]
pub(crate) struct ProcessorTime {
    nanoseconds: AtomicU64,
}

/// Counts what its thread has used since it began when it is dropped, also by a panic.
struct Measurement<'a> {
    total: &'a ProcessorTime,
    began: Duration,
}

impl Drop for Measurement<'_> {
    fn drop(&mut self) {
        let used = thread_time().saturating_sub(self.began);
        self.total.nanoseconds.fetch_add(u64::try_from(used.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        IS_MEASURED.set(false);
    }
}

impl ProcessorTime {
    /// The time so far.
    pub(crate) fn total(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
    }

    /// Does something and counts the processor time of this thread meanwhile.
    pub(crate) fn measure<T>(&self, work: impl FnOnce() -> T) -> T {
        let _measurement = (!IS_MEASURED.replace(true)).then(|| Measurement { total: self, began: thread_time() });
        work()
    }

    /// Completes a future and counts the processor time of its polls.
    pub(crate) async fn measure_polls<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        std::future::poll_fn(|context| self.measure(|| work.as_mut().poll(context))).await
    }
}

/// The processor time of this thread.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses the processor until the clock of this thread has moved on.
    fn use_processor() {
        let began = thread_time();
        while thread_time().saturating_sub(began) < Duration::from_millis(2) {}
    }

    #[test]
    fn what_is_measured_inside_another_measurement_counts_once() {
        let time = ProcessorTime::default();
        let before = thread_time();
        time.measure(|| time.measure(use_processor));
        let used = thread_time().saturating_sub(before);
        assert!(time.total() >= Duration::from_millis(2) && time.total() <= used, "{:?} of {used:?}", time.total());
    }

    #[test]
    fn a_panic_ends_a_measurement() {
        let time = ProcessorTime::default();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| time.measure(|| panic!("expected"))));
        assert!(panicked.is_err());
        let before = time.total();
        time.measure(use_processor);
        assert!(time.total() > before);
    }
}
