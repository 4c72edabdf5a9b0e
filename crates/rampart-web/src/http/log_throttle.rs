//! Logs a repeated problem at most once a minute.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

const LOG_INTERVAL: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(crate) struct LogThrottle(Mutex<Option<Instant>>);

impl LogThrottle {
    /// Whether the message should be logged now. After `true`, it is `false` for [`LOG_INTERVAL`].
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        let mut last = self.0.lock();
        let is_due = last.is_none_or(|last| now.saturating_duration_since(last) >= LOG_INTERVAL);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_message_is_logged_once_a_minute() {
        let (throttle, start) = (LogThrottle::default(), Instant::now());
        let logged = (0..=7_200).filter(|tick| throttle.is_due(start + Duration::from_millis(20) * *tick));
        assert_eq!(logged.collect::<Vec<u32>>(), [0, 3_000, 6_000]);
    }
}
