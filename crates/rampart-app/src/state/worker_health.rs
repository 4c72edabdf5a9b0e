//! How the workers of this process are doing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::cached_lookup::CachedLookup;

/// The state of one worker.
#[derive(Debug, Clone)]
struct Heartbeat {
    /// When it last completed a turn, or was started.
    completed: Instant,
    failures: u32,
    /// The error of the last failed turn.
    error: Option<String>,
    interval: Duration,
}

/// The health of this process's workers.
#[derive(Debug, Default)]
pub struct WorkerHealth {
    beats: Mutex<BTreeMap<String, Heartbeat>>,
    /// Why the process should get no traffic.
    pub(crate) reasons: CachedLookup<Arc<[String]>>,
}

impl WorkerHealth {
    pub(crate) fn started(&self, worker: &str, interval: Duration) {
        self.beats.lock().insert(worker.to_owned(), Heartbeat { completed: Instant::now(), failures: 0, error: None, interval });
    }

    pub(crate) fn completed(&self, worker: &str) {
        if let Some(beat) = self.beats.lock().get_mut(worker) {
            *beat = Heartbeat { completed: Instant::now(), failures: 0, error: None, interval: beat.interval };
        }
    }

    pub(crate) fn failed(&self, worker: &str, error: String) -> u32 {
        let mut beats = self.beats.lock();
        let Some(beat) = beats.get_mut(worker) else { return 1 };
        beat.failures = beat.failures.saturating_add(1);
        beat.error = Some(error);
        beat.failures
    }

    pub(crate) fn stopped(&self, worker: &str) {
        self.beats.lock().remove(worker);
    }

    /// Time since each worker completed a turn.
    #[must_use]
    pub fn ages(&self) -> Vec<(String, Duration)> {
        self.beats.lock().iter().map(|(worker, beat)| (worker.clone(), beat.completed.elapsed())).collect()
    }

    /// The workers that have not completed a turn within `after` and their interval, one sentence each.
    #[must_use]
    pub fn stuck(&self, after: Duration) -> Vec<String> {
        let beats = self.beats.lock();
        let stuck = beats.iter().filter(|(_, beat)| beat.completed.elapsed() > after + beat.interval);
        stuck
            .map(|(worker, beat)| {
                let since = beat.completed.elapsed().as_secs();
                match &beat.error {
                    Some(error) => format!("the worker {worker} has failed for {since} s: {error}"),
                    None => format!("the worker {worker} has been busy with one turn for {since} s"),
                }
            })
            .collect()
    }
}
