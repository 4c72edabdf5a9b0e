//! Workers that a caller steps by hand: one after another in a fixed order, on the caller's task. Under manual clocks and with a
//! concurrency of one, equal inputs give equal runs.

use std::time::Duration;

use parking_lot::Mutex;
use rampart_core::time::Timestamp;

use super::supervisor::{TurnOutcome, Worker, take_turn};
use crate::app::App;

/// Every worker of an application, none of them running by itself.
pub struct SteppedWorkers {
    app: App,
    workers: Vec<SteppedWorker>,
}

struct SteppedWorker {
    worker: Box<dyn Worker>,
    /// When a worker with an interval of its own takes its next turn (real time).
    due_at: Mutex<Timestamp>,
}

impl SteppedWorkers {
    pub(super) fn new(app: &App, workers: impl IntoIterator<Item = Box<dyn Worker>>) -> Self {
        let workers = workers.into_iter().map(|worker| SteppedWorker { worker, due_at: Mutex::default() });
        Self { app: app.clone(), workers: workers.collect() }
    }

    /// Lets the workers take turns until a whole round commits nothing. Returns whether anything was committed. A worker whose turn
    /// fails is asked again in the next round.
    pub async fn run_until_idle(&self) -> bool {
        let committed = || self.app.store.stats().committed;
        let at_start = committed();
        loop {
            let before = committed();
            for stepped in &self.workers {
                stepped.run(&self.app).await;
            }
            if committed() == before {
                return before != at_start;
            }
        }
    }
}

impl SteppedWorker {
    /// Takes turns until none is left to take, each with the tasks it started.
    async fn run(&self, app: &App) {
        if let Some(interval) = self.worker.interval() {
            let mut due_at = self.due_at.lock();
            if app.real.now() < *due_at {
                return;
            }
            *due_at = app.real.now().after(interval.max(Duration::from_micros(1)));
        }
        loop {
            let turn = take_turn(&*self.worker).await;
            self.worker.finish().await;
            match turn {
                Ok(TurnOutcome::More) => {}
                Ok(TurnOutcome::Idle) => return,
                Err(error) => {
                    tracing::debug!(worker = self.worker.name(), %error, "a worker's turn failed");
                    return;
                }
            }
        }
    }
}
