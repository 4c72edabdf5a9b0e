//! The business clock: real time and an offset that lives in the file and only grows.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rampart_core::time::{Clock, Sleep, Timestamp};

use crate::error::WorldError;
use crate::signals::Signals;
use crate::world::World;

/// The business clock of the world. Every process that has the file open follows it, within a tenth of a second.
pub struct SandboxClock {
    signals: Arc<Signals>,
    /// The last moment given out: the machine's own clock may be set back, business time may not.
    last: AtomicI64,
}

/// The most one call may advance: a leap year.
const MAX_ADVANCE_SECONDS: u64 = 366 * 24 * 3_600;
/// Business time never runs further ahead of real time than this: a century, in microseconds.
const MAX_OFFSET_MICROS: i64 = 100 * 366 * 24 * 3_600 * 1_000_000;
/// Sleeping is done in pieces, in case the machine's clock is set.
const MAX_SLEEP: Duration = Duration::from_secs(60);

/// Real time, in microseconds since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "this clock is where the world's time comes from")]
pub(crate) fn real_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

impl SandboxClock {
    pub(crate) fn new(signals: Arc<Signals>) -> Self {
        Self { signals, last: AtomicI64::new(0) }
    }
}

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        let now = real_micros().saturating_add(self.signals.offset.load(Ordering::Acquire));
        let last = self.last.fetch_max(now, Ordering::AcqRel);
        Timestamp::from_micros(now.max(last))
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep {
        let signals = self.signals.clone();
        let mut settings = signals.settings.subscribe();
        Box::pin(async move {
            loop {
                let now = real_micros().saturating_add(signals.offset.load(Ordering::Acquire));
                if now >= moment.micros() {
                    return;
                }
                let remaining = Timestamp::from_micros(now).until(moment).min(MAX_SLEEP);
                tokio::select! {
                    () = tokio::time::sleep(remaining) => {}
                    // `signals` holds the sender, so this cannot fail.
                    _ = settings.changed() => {}
                }
            }
        })
    }
}

impl World {
    /// Moves business time forward, for the ramp and the world, and gives the new moment.
    ///
    /// # Errors
    /// [`WorldError::Impossible`] for more than 366 days at once or a century in all.
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
