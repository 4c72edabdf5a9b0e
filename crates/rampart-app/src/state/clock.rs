//! The system clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rampart_core::time::{Clock, Sleep, Timestamp};

/// The system time may be corrected while a task sleeps, so it wakes at least this often to compare.
const MAX_SLEEP: Duration = Duration::from_secs(60);

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where real time enters")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep {
        let clock = *self;
        Box::pin(async move {
            loop {
                let left = clock.now().until(moment);
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(MAX_SLEEP)).await;
            }
        })
    }
}
