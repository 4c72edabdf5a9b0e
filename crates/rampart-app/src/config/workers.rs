//! Configuration of the workers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The longest time an idle cursor goes without a confirmation of its reading time.
const CONFIRM_INTERVAL: Duration = Duration::from_secs(10);

/// Configuration of the workers. All times are real time unless stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkersConfig {
    /// The longest wait of a worker without a wake-up, in milliseconds.
    pub interval_milliseconds: u64,
    /// How long a lease lasts before another process may take over the work, in seconds. Longer than any call outside.
    pub lease_seconds: u64,
    /// The timeout of a call to an adapter, in seconds; its outcome counts as unknown afterwards.
    pub call_seconds: u64,
    /// How many tasks of one kind run concurrently.
    pub concurrency: usize,
    /// How long a worker or cursor may make no progress before `/readyz` reports the process as not ready, in seconds.
    pub stuck_after_seconds: u64,
    /// The time limit of a stop after the last request has been answered, in seconds. Three quarters of it are for running work, the rest
    /// for closing what is open.
    pub stop_seconds: u64,
    /// How often the ledger is checked in the background, in seconds; 0 disables it. A large ledger is checked less often.
    pub ledger_check_seconds: u64,
    /// The greatest age of a screening result when money or coins leave, in seconds of business time; an older receiver is screened again.
    pub screening_fresh_seconds: u64,
}

impl Default for WorkersConfig {
    fn default() -> Self {
        Self {
            interval_milliseconds: 500,
            lease_seconds: 30,
            call_seconds: 12,
            concurrency: 64,
            stuck_after_seconds: 60,
            stop_seconds: 20,
            ledger_check_seconds: 3_600,
            screening_fresh_seconds: 86_400,
        }
    }
}

impl WorkersConfig {
    pub(crate) const fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_milliseconds)
    }

    pub(crate) const fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }

    pub(crate) const fn call(&self) -> Duration {
        Duration::from_secs(self.call_seconds)
    }

    pub(crate) const fn stuck_after(&self) -> Duration {
        Duration::from_secs(self.stuck_after_seconds)
    }

    pub(crate) const fn ledger_check(&self) -> Option<Duration> {
        if self.ledger_check_seconds == 0 { None } else { Some(Duration::from_secs(self.ledger_check_seconds)) }
    }

    /// Frequent enough that an idle cursor does not count as stuck.
    pub(crate) fn confirm_interval(&self) -> Duration {
        CONFIRM_INTERVAL.min(self.stuck_after() / 4)
    }

    pub(crate) const fn screening_fresh(&self) -> Duration {
        Duration::from_secs(self.screening_fresh_seconds)
    }

    /// The time limit of a stop.
    #[must_use]
    pub const fn stop(&self) -> Duration {
        Duration::from_secs(self.stop_seconds)
    }

    /// How long a stop waits for running work; the rest of the time is for giving back leases.
    pub(crate) fn drain_timeout(&self) -> Duration {
        self.stop() * 3 / 4
    }
}
