//! What is looked up seldom, however many ask for it.

use std::time::{Duration, Instant};

use rampart_core::time::{Clock, Timestamp};
use tokio::sync::Mutex;

/// Looking may take this share of the time at most: what has become slow is looked up less often.
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
    /// What was read, or is read now if that is longer ago than `holds`, or is known not to be so any more. `look` is given
    /// what was read before. A look must end by itself in bounded time; whoever goes away in the middle of his leaves it to
    /// the next.
    pub(crate) async fn get(
        &self,
        clock: &dyn Clock,
        holds: Duration,
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
        *taken = Some(Taken { value: value.clone(), at: clock.now(), holds: holds.max(begun.elapsed() * SHARE) });
        value
    }
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
        let ask = async || reading.get(&clock, Duration::from_secs(5), |_| true, look).await;
        let all = futures::future::join_all((0..50).map(|_| ask())).await;
        assert!(all.iter().all(|value| *value == 0));
        for (second, value) in [(4, 0), (5, 1), (9, 1), (10, 2), (3, 3)] {
            clock.0.store(second * 1_000_000, Ordering::Relaxed);
            assert_eq!(ask().await, value, "at {second} s");
        }
        let refuted = reading.get(&clock, Duration::from_secs(5), |value| *value != 3, look).await;
        assert_eq!((refuted, ask().await), (4, 4));
    }
}
