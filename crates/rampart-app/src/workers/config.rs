//! What an operator can set about the workers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often a cursor that has nothing new is confirmed at least.
const CONFIRM_EVERY: Duration = Duration::from_secs(10);

/// What an operator can set about the workers. All times are real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkersConfig {
    /// How long a worker that nobody wakes waits before it looks again, in milliseconds.
    pub interval_milliseconds: u64,
    /// How long a piece of work is held before another process may take it, in seconds. Longer than any outside call.
    pub lease_seconds: u64,
    /// How long a call to an adapter may take before its outcome counts as unknown, in seconds.
    pub call_seconds: u64,
    /// How many pieces of work of one kind are under way at once.
    pub concurrency: usize,
    /// How long a worker or cursor may stand still before `/readyz` says no, in seconds.
    pub stuck_after_seconds: u64,
    /// How long a stop may take once no request is under way, in seconds: for the work at hand, and for putting away what
    /// is open. The work at hand may take three quarters of it.
    pub stop_seconds: u64,
    /// How often the ledger is checked in the background, in seconds; 0 never. A large ledger is checked less often.
    pub ledger_check_seconds: u64,
    /// How old what the screening provider said about a receiver may be when something leaves, in seconds of business time; with
    /// more it is asked again.
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

    /// How often a cursor that has nothing new is confirmed: often enough not to look as if it stood still.
    pub(crate) fn confirm_every(&self) -> Duration {
        CONFIRM_EVERY.min(self.stuck_after() / 4)
    }

    pub(crate) const fn screening_fresh(&self) -> Duration {
        Duration::from_secs(self.screening_fresh_seconds)
    }

    /// How long a stop may take.
    #[must_use]
    pub const fn stop(&self) -> Duration {
        Duration::from_secs(self.stop_seconds)
    }

    /// How long a stop waits for the work at hand: some time is left to give back leases.
    pub(crate) fn drain(&self) -> Duration {
        self.stop() * 3 / 4
    }
}
