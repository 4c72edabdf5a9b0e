//! What the commit path has done, counted without locks on its way.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The upper bounds of the buckets of batch sizes; the last bucket has no bound.
const BATCH_SIZE_BOUNDS_STEPS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/// The upper bounds of the buckets of commit durations, in microseconds; the last bucket has no bound.
const DURATION_BOUNDS_MICROS: [u64; 12] = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 512_000, 2_048_000];

/// A histogram: buckets with their upper bounds, counted one by one and not cumulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// (upper bound, how many); the last bound is `u64::MAX`.
    pub buckets: Vec<(u64, u64)>,
    /// How many there were in all.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
}

/// The commit path's state and history since the process started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// How many steps wait for the writer.
    pub queue_depth: usize,
    /// Transactions that were committed.
    pub batches: u64,
    /// Steps that became durable.
    pub committed: u64,
    /// Steps that were answered with a conflict, a taken claim, a ceiling or a floor.
    pub refused: u64,
    /// Steps that were answered with unavailable or a defect by the writer.
    pub failed: u64,
    /// Times a batch was run again after a deadlock, a busy database or a lost connection.
    pub retries: u64,
    /// How many steps the transactions carried.
    pub sizes: Histogram,
    /// How long the transactions took from first statement to durable, in microseconds.
    pub durations: Histogram,
    /// For how long the present transaction has been worked on; nothing when the writer is idle.
    pub busy_for: Option<Duration>,
    /// Why nothing can be written, since the writer last tried in vain; nothing when it wrote last.
    pub failing: Option<Failing>,
    /// Whether the writer still runs.
    pub running: bool,
}

/// That nothing can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// For how long.
    pub lasting: Duration,
    /// What the database said last.
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

/// The counters that the writer keeps.
pub(super) struct CommitCounters {
    started: Instant,
    /// Microseconds after `started` at which the present batch began; negative when idle.
    busy_since: AtomicI64,
    /// Microseconds after `started` at which the database first did not store what it was given; negative when it did last.
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

    /// The database has stored something.
    pub(super) fn record_write(&self) {
        if self.failing_since.load(Ordering::Relaxed) >= 0 {
            self.failing_since.store(-1, Ordering::Relaxed);
        }
    }

    /// The database has not stored what it could have.
    pub(super) fn record_failure(&self, reason: String) {
        *self.failing_reason.lock().unwrap_or_else(PoisonError::into_inner) = reason;
        // It has been failing since the first time.
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
