//! A cached value whose lookup is expensive.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use rampart_core::time::{Clock, Timestamp};
use tokio::sync::Mutex;

/// A lookup may take one part in this many of the time: a value that is slow to look up is cached longer, within the
/// caller's limit.
const TTL_IN_LOOKUP_DURATIONS: u32 = 20;

/// A cached value. Of concurrent callers, one looks it up and the others wait.
#[derive(Debug)]
pub(crate) struct CachedLookup<T>(Mutex<Option<CachedValue<T>>>);

#[derive(Debug)]
struct CachedValue<T> {
    value: T,
    /// Real time of the lookup.
    at: Timestamp,
    ttl: Duration,
}

impl<T> Default for CachedLookup<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> CachedLookup<T> {
    /// The cached value, or a new one when the cached one is older than the minimum of `ttl` or `is_current` rejects
    /// it. A value that took long to look up is cached longer, up to the maximum of `ttl`.
    ///
    /// `lookup` gets the previous value and must end by itself in bounded time. When its caller is cancelled, the next
    /// caller looks up again.
    pub(crate) async fn get(
        &self,
        clock: &dyn Clock,
        ttl: RangeInclusive<Duration>,
        is_current: impl Fn(&T) -> bool,
        lookup: impl AsyncFnOnce(Option<T>) -> T,
    ) -> T {
        let mut taken = self.0.lock().await;
        let now = clock.now();
        if let Some(taken) = &*taken
            // After the clock was set back the age is unknown.
            && taken.at <= now
            && taken.at.until(now) < taken.ttl
            && is_current(&taken.value)
        {
            return taken.value.clone();
        }
        let begun = Instant::now();
        let value = lookup(taken.as_ref().map(|taken| taken.value.clone())).await;
        *taken = Some(CachedValue { value: value.clone(), at: clock.now(), ttl: ttl_after(begun.elapsed(), &ttl) });
        value
    }
}

/// How long a value is cached that took this long to look up.
fn ttl_after(took: Duration, ttl: &RangeInclusive<Duration>) -> Duration {
    took.saturating_mul(TTL_IN_LOOKUP_DURATIONS).min(*ttl.end()).max(*ttl.start())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use rampart_core::time::Sleep;

    use super::*;

    struct ManualClock(AtomicI64);

    impl Clock for ManualClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::Relaxed))
        }

        fn sleep_until(&self, _: Timestamp) -> Sleep {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test]
    async fn many_who_ask_cost_one_look() {
        let (cached, clock, lookups) = (CachedLookup::default(), ManualClock(AtomicI64::new(0)), AtomicI64::new(0));
        let lookup = async |_| {
            tokio::task::yield_now().await;
            lookups.fetch_add(1, Ordering::Relaxed)
        };
        let ttl = Duration::from_secs(5)..=Duration::from_secs(15);
        let ask = async || cached.get(&clock, ttl.clone(), |_| true, lookup).await;
        let all = futures::future::join_all((0..50).map(|_| ask())).await;
        assert!(all.iter().all(|value| *value == 0));
        for (second, value) in [(4, 0), (5, 1), (9, 1), (10, 2), (3, 3)] {
            clock.0.store(second * 1_000_000, Ordering::Relaxed);
            assert_eq!(ask().await, value, "at {second} s");
        }
        let refuted = cached.get(&clock, ttl.clone(), |value| *value != 3, lookup).await;
        assert_eq!((refuted, ask().await), (4, 4));
    }

    #[test]
    fn what_was_slow_holds_for_longer_and_no_longer_than_allowed() {
        let seconds = Duration::from_secs;
        for (took, ttl, expected) in [(0, 5..=15, 5), (6, 5..=15, 15), (6, 1..=1, 1), (u64::MAX, 5..=15, 15)] {
            let ttl = seconds(*ttl.start())..=seconds(*ttl.end());
            assert_eq!(ttl_after(seconds(took), &ttl), seconds(expected), "{took} s");
        }
        assert_eq!(ttl_after(Duration::from_millis(400), &(seconds(5)..=seconds(15))), seconds(8));
    }
}
