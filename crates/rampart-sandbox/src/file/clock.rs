//! The business clock: real time plus an offset that is stored in the file and never decreases.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rampart_core::time::{Clock, Sleep, Timestamp};

use super::settings::WorldSettings;
use super::signals::Signals;
use crate::error::WorldError;

/// The business clock. A change by another process is seen within 100 milliseconds.
pub struct SandboxClock {
    /// What the offset is added to.
    pub(crate) real: Arc<dyn Clock>,
    signals: Arc<Signals>,
    /// The latest time returned, in microseconds. Business time never goes back, even if the real clock does.
    last_micros: AtomicI64,
}

/// The machine's clock.
pub(crate) struct MachineClock;

/// The limit of one call: a leap year.
const MAX_ADVANCE_SECONDS: u64 = 366 * 24 * 3_600;
/// Business time runs at most a century ahead of real time.
const MAX_OFFSET_MICROS: i64 = 100 * 366 * 24 * 3_600 * 1_000_000;
/// A sleep is split into pieces, in case the machine's clock is changed.
const MAX_SLEEP: Duration = Duration::from_secs(60);

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "the simulated world's time is derived here")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep {
        Box::pin(tokio::time::sleep(self.now().until(moment).min(MAX_SLEEP)))
    }
}

impl SandboxClock {
    pub(super) fn new(real: Arc<dyn Clock>, signals: Arc<Signals>) -> Self {
        Self { real, signals, last_micros: AtomicI64::new(0) }
    }
}

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        let now = self.real.now().micros().saturating_add(self.signals.offset_micros.load(Ordering::Acquire));
        Timestamp::from_micros(now.max(self.last_micros.fetch_max(now, Ordering::AcqRel)))
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep {
        let (real, signals) = (self.real.clone(), self.signals.clone());
        let mut settings = signals.settings.subscribe();
        Box::pin(async move {
            loop {
                let wanted = Timestamp::from_micros(moment.micros().saturating_sub(signals.offset_micros.load(Ordering::Acquire)));
                if real.now() >= wanted {
                    return;
                }
                tokio::select! {
                    () = real.sleep_until(wanted) => {}
                    // `signals` owns the sender, so this cannot fail.
                    _ = settings.changed() => {}
                }
            }
        })
    }
}

impl WorldSettings {
    /// Advances business time. [`WorldError::Impossible`] for more than 366 days at once, or more than a century in total.
    pub(crate) fn advance(&mut self, seconds: u64) -> Result<(), WorldError> {
        if seconds > MAX_ADVANCE_SECONDS {
            return Err(WorldError::impossible(format!("business time can be advanced by at most {MAX_ADVANCE_SECONDS} seconds at once")));
        }
        let offset = self.clock_offset.saturating_add(i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX));
        if offset > MAX_OFFSET_MICROS {
            return Err(WorldError::impossible("business time cannot run more than a century ahead of real time"));
        }
        self.clock_offset = offset;
        Ok(())
    }
}
