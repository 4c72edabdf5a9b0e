//! Statistics of the commit path, counted without locks.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Upper bounds of the batch size buckets, in steps. The last bucket is unbounded.
const BATCH_SIZE_BOUNDS_STEPS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/// Upper bounds of the commit duration buckets, in microseconds. The last bucket is unbounded.
const DURATION_BOUNDS_MICROS: [u64; 12] = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 512_000, 2_048_000];

/// A histogram. Bucket counts are not cumulative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// (upper bound, count); the last bound is `u64::MAX`.
    pub buckets: Vec<(u64, u64)>,
    pub count: u64,
    pub sum: u64,
}

/// The state of the commit path, and its totals since the process started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    pub queue_depth: usize,
    pub batches: u64,
    pub committed: u64,
    /// Steps refused for a conflict, a taken claim, a ceiling or a floor.
    pub refused: u64,
    /// Steps that failed as unavailable or with a defect in the writer.
    pub failed: u64,
    /// Retries of batches, after a deadlock, a busy database, a lost connection or a record that turned out not to be new.
    pub retries: u64,
    pub sizes: Histogram,
    /// Duration per transaction from the first statement to the commit, in microseconds.
    pub durations: Histogram,
    /// Time spent on the current transaction; `None` when the writer is idle.
    pub busy_for: Option<Duration>,
    /// Set while writes fail: from the first failure to the next success.
    pub failing: Option<Failing>,
    pub running: bool,
}

/// A lasting failure to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Time since the first failure.
    pub lasting: Duration,
    /// The last error of the database.
    pub reason: String,
}

struct AtomicHistogram<const N: usize> {
    bounds: [u64; N],
    counts: [AtomicU64; N],
    beyond: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> AtomicHistogram<N> {
    fn new(bounds: [u64; N]) -> Self {
        Self { bounds, counts: std::array::from_fn(|_| AtomicU64::new(0)), beyond: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }

    fn record(&self, value: u64) {
        let slot = self.bounds.iter().position(|bound| value <= *bound).map_or(&self.beyond, |index| &self.counts[index]);
        slot.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    fn read(&self) -> Histogram {
        let mut buckets: Vec<(u64, u64)> =
            self.bounds.iter().zip(&self.counts).map(|(bound, count)| (*bound, count.load(Ordering::Relaxed))).collect();
        buckets.push((u64::MAX, self.beyond.load(Ordering::Relaxed)));
        let count = buckets.iter().map(|(_, count)| count).sum();
        Histogram { buckets, count, sum: self.sum.load(Ordering::Relaxed) }
    }
}

/// The counters that the writer updates.
pub(super) struct CommitCounters {
    started: Instant,
    /// Microseconds from `started` to the start of the current batch; negative when idle.
    busy_since: AtomicI64,
    /// Microseconds from `started` to the first failed write since the last successful one; negative when there is none.
    failing_since: AtomicI64,
    failing_reason: Mutex<String>,
    pub(super) committed: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) retries: AtomicU64,
    sizes: AtomicHistogram<9>,
    durations: AtomicHistogram<12>,
}

impl CommitCounters {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            busy_since: AtomicI64::new(-1),
            failing_since: AtomicI64::new(-1),
            failing_reason: Mutex::new(String::new()),
            committed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            sizes: AtomicHistogram::new(BATCH_SIZE_BOUNDS_STEPS),
            durations: AtomicHistogram::new(DURATION_BOUNDS_MICROS),
        }
    }

    fn elapsed(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    pub(super) fn mark_busy(&self) {
        self.busy_since.store(self.elapsed(), Ordering::Relaxed);
    }

    pub(super) fn mark_idle(&self) {
        self.busy_since.store(-1, Ordering::Relaxed);
    }

    pub(super) fn record_write(&self) {
        if self.failing_since.load(Ordering::Relaxed) >= 0 {
            self.failing_since.store(-1, Ordering::Relaxed);
        }
    }

    pub(super) fn record_failure(&self, reason: String) {
        *self.failing_reason.lock().unwrap_or_else(PoisonError::into_inner) = reason;
        // Keeps the time of the first failure.
        let _ = self.failing_since.compare_exchange(-1, self.elapsed(), Ordering::Relaxed, Ordering::Relaxed);
    }

    fn since(&self, moment: &AtomicI64) -> Option<Duration> {
        let since = moment.load(Ordering::Relaxed);
        u64::try_from(since).ok().map(|_| Duration::from_micros(u64::try_from(self.elapsed() - since).unwrap_or(0)))
    }

    pub(super) fn record_batch(&self, steps: usize, took: Duration) {
        self.sizes.record(u64::try_from(steps).unwrap_or(u64::MAX));
        self.durations.record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    pub(super) fn read(&self, queue_depth: usize, running: bool) -> Stats {
        let sizes = self.sizes.read();
        let failing = self
            .since(&self.failing_since)
            .map(|lasting| Failing { lasting, reason: self.failing_reason.lock().unwrap_or_else(PoisonError::into_inner).clone() });
        Stats {
            queue_depth,
            batches: sizes.count,
            committed: self.committed.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            sizes,
            durations: self.durations.read(),
            busy_for: self.since(&self.busy_since),
            failing,
            running,
        }
    }
}
