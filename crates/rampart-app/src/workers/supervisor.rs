//! The loop of every worker: it takes turns, reports its health, backs off after an error or a panic, and stops between two turns.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use futures::FutureExt as _;
use rampart_core::time::Timestamp;
use tokio::sync::watch;

use crate::app::App;
use crate::error::{AppError, AppResult};

pub(crate) type WorkerFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnOutcome {
    /// There is more to do: the next turn follows at once.
    More,
    /// Nothing is left to do until the next wake-up or interval.
    Idle,
}

/// A worker. A turn is bounded in time and leaves nothing half done; the next turn finds what it left.
pub(crate) trait Worker: Send + Sync + 'static {
    /// The name in health reports, metrics and logs.
    fn name(&self) -> String;
    /// Does the work that is due.
    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>>;
    /// Waits for work, where something announces it.
    fn woken(&self) -> WorkerFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
    /// The longest wait between two turns (real time); `None` means the configured interval.
    fn interval(&self) -> Option<Duration> {
        None
    }
    /// Called at the stop: finishes running tasks and gives back what was taken but not started.
    fn finish(&self) -> WorkerFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A worker that is woken takes its turns no closer than this (real time): each turn has a cost of its own, and the next one finds what has
/// come together by then.
const MIN_TURN_INTERVAL: Duration = Duration::from_millis(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(10);

fn pause_after(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(MAX_PAUSE)
}

pub(crate) async fn supervise(app: App, worker: Box<dyn Worker>, mut stop: watch::Receiver<bool>) {
    let name = worker.name();
    let interval = worker.interval().unwrap_or(app.config.workers.interval());
    app.metrics.health().started(&name, interval);
    while !*stop.borrow() {
        let began = app.real.now();
        let pause = match take_turn(&*worker).await {
            Ok(turn) => {
                app.metrics.health().completed(&name);
                app.metrics.turn(&name, "completed");
                match turn {
                    TurnOutcome::More => {
                        tokio::task::yield_now().await;
                        continue;
                    }
                    TurnOutcome::Idle => interval,
                }
            }
            Err(error) => {
                let failures = app.metrics.health().failed(&name, error.to_string());
                app.metrics.turn(&name, "failed");
                // Logged at the 1st, 2nd, 4th, 8th … failure in a row, so that a lasting error does not flood the log.
                if failures.is_power_of_two() {
                    tracing::warn!(worker = name, failures, %error, "a worker's turn failed");
                }
                pause_after(failures)
            }
        };
        let until = app.real.now().after(pause);
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = app.real.sleep_until(until) => {}
            () = woken(&app, &*worker, began), if pause == interval => {}
        }
    }
    worker.finish().await;
    app.metrics.health().stopped(&name);
}

/// Waits for work, and for the least time between two turns.
async fn woken(app: &App, worker: &dyn Worker, began: Timestamp) {
    worker.woken().await;
    app.real.sleep_until(began.after(MIN_TURN_INTERVAL)).await;
}

/// One turn; a panic in it is an error.
pub(crate) async fn take_turn(worker: &dyn Worker) -> AppResult<TurnOutcome> {
    AssertUnwindSafe(worker.turn()).catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic)))
}

/// Turns a panic's payload into an error.
pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> AppError {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    AppError::defect(format!("panicked: {}", text.unwrap_or("no message")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        assert_eq!(pause_after(1), FIRST_PAUSE);
        assert_eq!(pause_after(3), FIRST_PAUSE * 4);
        assert_eq!(pause_after(u32::MAX), MAX_PAUSE);
    }
}
