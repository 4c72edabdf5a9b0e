//! What is looked up seldom, however many ask for it.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use rampart_core::time::{Clock, Timestamp};
use tokio::sync::Mutex;

/// Looking may take one part of so many of the time: what has become slow is looked up less often, as far as whoever asks
/// allows.
const SHARE: u32 = 20;

/// Something that was looked up, and is told for a while to everybody who asks. Of many who ask at once, one looks.
#[derive(Debug)]
pub(crate) struct Reading<T>(Mutex<Option<Taken<T>>>);

#[derive(Debug)]
struct Taken<T> {
    value: T,
    /// When it was looked up, in real time.
    at: Timestamp,
    holds: Duration,
}

impl<T> Default for Reading<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Reading<T> {
    /// What was read, or is read now if that is longer ago than the shortest of `holds`, or is known not to be so any more.
    /// What was slow to read holds for longer, up to the longest of `holds`. `look` is given what was read before. A look must end by itself in bounded time; whoever goes away in the middle of his leaves it to
    /// the next.
    pub(crate) async fn get(
        &self,
        clock: &dyn Clock,
        holds: RangeInclusive<Duration>,
        may_be_so: impl Fn(&T) -> bool,
        look: impl AsyncFnOnce(Option<T>) -> T,
    ) -> T {
        let mut taken = self.0.lock().await;
        let now = clock.now();
        if let Some(taken) = &*taken
            // A clock that was set back says nothing of age.
            && taken.at <= now
            && taken.at.until(now) < taken.holds
            && may_be_so(&taken.value)
        {
            return taken.value.clone();
        }
        let begun = Instant::now();
        let value = look(taken.as_ref().map(|taken| taken.value.clone())).await;
        *taken = Some(Taken { value: value.clone(), at: clock.now(), holds: held(begun.elapsed(), &holds) });
        value
    }
}

/// For how long something holds that took so long to read.
fn held(took: Duration, holds: &RangeInclusive<Duration>) -> Duration {
    took.saturating_mul(SHARE).min(*holds.end()).max(*holds.start())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use rampart_core::time::Sleep;

    use super::*;

    struct Manual(AtomicI64);

    impl Clock for Manual {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::Relaxed))
        }

        fn sleep_until(&self, _: Timestamp) -> Sleep {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test]
    async fn many_who_ask_cost_one_look() {
        let (reading, clock, looks) = (Reading::default(), Manual(AtomicI64::new(0)), AtomicI64::new(0));
        let look = async |_| {
            tokio::task::yield_now().await;
            looks.fetch_add(1, Ordering::Relaxed)
        };
        let holds = Duration::from_secs(5)..=Duration::from_secs(15);
        let ask = async || reading.get(&clock, holds.clone(), |_| true, look).await;
        let all = futures::future::join_all((0..50).map(|_| ask())).await;
        assert!(all.iter().all(|value| *value == 0));
        for (second, value) in [(4, 0), (5, 1), (9, 1), (10, 2), (3, 3)] {
            clock.0.store(second * 1_000_000, Ordering::Relaxed);
            assert_eq!(ask().await, value, "at {second} s");
        }
        let refuted = reading.get(&clock, holds.clone(), |value| *value != 3, look).await;
        assert_eq!((refuted, ask().await), (4, 4));
    }

    #[test]
    fn what_was_slow_holds_for_longer_and_no_longer_than_allowed() {
        let seconds = Duration::from_secs;
        for (took, holds, expected) in [(0, 5..=15, 5), (6, 5..=15, 15), (6, 1..=1, 1), (u64::MAX, 5..=15, 15)] {
            let holds = seconds(*holds.start())..=seconds(*holds.end());
            assert_eq!(held(seconds(took), &holds), seconds(expected), "{took} s");
        }
        assert_eq!(held(Duration::from_millis(400), &(seconds(5)..=seconds(15))), seconds(8));
    }
}
