//! A real clock that only a test moves.

use std::time::Duration;

use rampart_core::time::{Clock, Sleep, Timestamp};
use tokio::sync::watch;

/// What reading the clock takes.
const READING: Duration = Duration::from_micros(1);

/// A clock that moves by a microsecond when it is read, so that no two moments are equal, and otherwise only when it is moved.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<Timestamp>);

impl ManualClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(watch::Sender::new(now))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = now.after(by));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let mut now = Timestamp::default();
        self.0.send_if_modified(|moment| {
            *moment = moment.after(READING);
            now = *moment;
            // Nobody sleeps for so short a time.
            false
        });
        now
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep {
        let mut clock = self.0.subscribe();
        Box::pin(async move {
            // A clock that is gone never reaches the moment.
            if clock.wait_for(|now| *now >= moment).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}
