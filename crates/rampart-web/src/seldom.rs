//! What is said once in a while, however often it happens.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long something that was said is not said again.
const PAUSE: Duration = Duration::from_secs(60);

/// When something was last said.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// Whether it is to be said at this moment, and then not again for a minute.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        let mut last = self.0.lock();
        let is_due = last.is_none_or(|last| now.saturating_duration_since(last) >= PAUSE);
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
    fn the_same_trouble_is_said_once_a_minute() {
        let (seldom, begun) = (Seldom::default(), Instant::now());
        let said = (0..=7_200).filter(|tick| seldom.is_due(begun + Duration::from_millis(20) * *tick));
        assert_eq!(said.collect::<Vec<u32>>(), [0, 3_000, 6_000]);
    }
}
