//! The business clock: real time plus an offset that is stored in the database and never decreases.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rampart_core::time::{Clock, Sleep, Timestamp};

use crate::error::WorldError;
use crate::signals::Signals;
use crate::world::World;

/// The business clock. A change by another process is seen within 100 milliseconds.
pub struct SandboxClock {
    signals: Arc<Signals>,
    /// What business time is ahead of: the machine's clock, or a test's.
    real: Arc<dyn Clock>,
    /// The latest time returned, in microseconds. Business time never goes back, even if the system clock does.
    last: AtomicI64,
}

/// The limit of one call: a leap year.
const MAX_ADVANCE_SECONDS: u64 = 366 * 24 * 3_600;
/// Business time runs at most a century ahead of real time.
const MAX_OFFSET_MICROS: i64 = 100 * 366 * 24 * 3_600 * 1_000_000;
/// A sleep is split into pieces, in case the system clock is changed.
const MAX_SLEEP: Duration = Duration::from_secs(60);

/// Real time, in microseconds since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "the simulated world's time is derived here")]
pub(crate) fn real_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The machine's clock.
pub(crate) struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(real_micros())
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep {
        Box::pin(tokio::time::sleep(self.now().until(moment)))
    }
}

impl SandboxClock {
    pub(crate) fn new(signals: Arc<Signals>, real: Arc<dyn Clock>) -> Self {
        Self { signals, real, last: AtomicI64::new(0) }
    }

    /// Real time, in microseconds since the Unix epoch.
    pub(crate) fn real_micros(&self) -> i64 {
        self.real.now().micros()
    }
}

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        let now = self.real_micros().saturating_add(self.signals.offset.load(Ordering::Acquire));
        let last = self.last.fetch_max(now, Ordering::AcqRel);
        Timestamp::from_micros(now.max(last))
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep {
        let (signals, real) = (self.signals.clone(), self.real.clone());
        let mut settings = signals.settings.subscribe();
        Box::pin(async move {
            loop {
                let now = real.now().micros().saturating_add(signals.offset.load(Ordering::Acquire));
                if now >= moment.micros() {
                    return;
                }
                let remaining = Timestamp::from_micros(now).until(moment).min(MAX_SLEEP);
                tokio::select! {
                    () = real.sleep_until(real.now().after(remaining)) => {}
                    // `signals` owns the sender, so this cannot fail.
                    _ = settings.changed() => {}
                }
            }
        })
    }
}

impl World {
    /// Advances business time for the ramp and the world. Returns the new time.
    /// [`WorldError::Impossible`] for more than 366 days at once, or more than a century in total.
    pub async fn advance(&self, seconds: u64) -> Result<Timestamp, WorldError> {
        if seconds > MAX_ADVANCE_SECONDS {
            return Err(WorldError::impossible(format!("business time can be advanced by at most {MAX_ADVANCE_SECONDS} seconds at once")));
        }
        let micros = i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        let change = move |settings: &mut crate::settings::WorldSettings| {
            let offset = settings.clock_offset.saturating_add(micros);
            if offset > MAX_OFFSET_MICROS {
                return Err(WorldError::impossible("business time cannot run more than a century ahead of real time"));
            }
            settings.clock_offset = offset;
            Ok(())
        };
        self.database.change_settings(change).await?;
        Ok(self.database.now())
    }
}
