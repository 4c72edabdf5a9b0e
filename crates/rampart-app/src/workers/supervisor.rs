//! What every worker has in common: it takes turns, beats while it does, starts again after an error or a panic, and
//! stops between two turns.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::watch;

use crate::app::App;
use crate::error::{AppError, AppResult};

/// A future of a worker.
pub(crate) type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// There is more to do at once.
    More,
    /// Nothing is left until somebody rings.
    Idle,
}

/// A worker. A turn is bounded in time and leaves nothing half done; what it leaves undone is found by the next.
pub(crate) trait Worker: Send + Sync + 'static {
    /// Its name, for people.
    fn name(&self) -> String;
    /// Does what is to be done now.
    fn turn(&self) -> Task<'_, AppResult<Turn>>;
    /// Completes when there may be something to do.
    fn woken(&self) -> Task<'_, ()>;
    /// How long it waits at most before it looks by itself (real time); the configured interval unless it says otherwise.
    fn interval(&self) -> Option<Duration> {
        None
    }
    /// Finishes what is under way beside the turns and gives back what was taken and not begun.
    fn finish(&self) -> Task<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

fn pause_after(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_PAUSE)
}

/// Runs a worker until `stop` becomes true.
pub(crate) async fn supervise(app: App, worker: Box<dyn Worker>, mut stop: watch::Receiver<bool>) {
    let name = worker.name();
    let interval = worker.interval().unwrap_or(app.config().workers.interval());
    app.metrics().health().started(&name, interval);
    while !*stop.borrow() {
        let pause = match AssertUnwindSafe(worker.turn()).catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic))) {
            Ok(turn) => {
                app.metrics().health().completed(&name);
                app.metrics().turn(&name, "completed");
                match turn {
                    Turn::More => {
                        tokio::task::yield_now().await;
                        continue;
                    }
                    Turn::Idle => interval,
                }
            }
            Err(error) => {
                let failures = app.metrics().health().failed(&name, error.to_string());
                app.metrics().turn(&name, "failed");
                // Once, and again at 2, 4, 8 …: the same trouble in a thousand lines looks like a thousand troubles.
                if failures.is_power_of_two() {
                    tracing::warn!(worker = name, failures, %error, "a worker's turn failed");
                }
                pause_after(failures)
            }
        };
        let until = app.real().now().after(pause);
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = app.real().sleep_until(until) => {}
            () = worker.woken(), if pause == interval => {}
        }
    }
    worker.finish().await;
    app.metrics().health().stopped(&name);
}

/// What a panic said.
pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> AppError {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    AppError::defect(format!("panicked: {}", text.unwrap_or("without a word")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        assert_eq!(pause_after(1), FIRST_PAUSE);
        assert_eq!(pause_after(3), FIRST_PAUSE * 4);
        assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
    }
}
