//! The workers: everything that talks to the outside world. Several processes on one PostgreSQL coordinate through leases and record
//! versions. Within a process, [`crate::state::wake::WakeSignals`] and the ports' news start work at once; a polling interval covers lost wake-ups.

mod apply;
pub(crate) mod chain;
mod deliver;
mod expiry;
mod fanout;
mod ingest;
mod jobs;
mod keys;
mod leases;
mod ledger;
pub(crate) mod observe;
pub(crate) mod outgoing;
pub(crate) mod payouts;
mod pool;
mod prices;
pub(crate) mod sending;
mod source_progress;
mod stepped;
pub mod stops;
mod supervisor;
mod sweep;
mod timeouts;
pub(crate) mod transfers;

pub(crate) use source_progress::chain_cursor;
pub use stepped::SteppedWorkers;
pub(crate) use timeouts::answer_in_time;

use rampart_core::step::job::JobKind;
use rampart_core::step::watch::CursorName;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::App;
use supervisor::{Worker, supervise};

/// Running workers; they run until [`Workers::stop`] is called.
#[must_use = "workers are stopped by Workers::stop"]
pub struct Workers {
    /// In the order of stopping.
    groups: [WorkerGroup; 2],
}

/// Workers that are stopped together.
struct WorkerGroup {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl WorkerGroup {
    fn start(app: &App, workers: Vec<Box<dyn Worker>>) -> Self {
        let (stop, stopping) = watch::channel(false);
        let tasks = workers.into_iter().map(|worker| tokio::spawn(supervise(app.clone(), worker, stopping.clone()))).collect();
        Self { stop, tasks }
    }

    async fn stop(self) {
        // Sending fails only if every worker has ended already.
        let _ = self.stop.send(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a worker did not stop cleanly");
            }
        }
    }
}

/// Starts every worker of an application.
pub fn start(app: &App) -> Workers {
    let (workers, deliver) = all(app);
    // Stopped last: the fan-out still passes deliveries to it while it stops.
    Workers { groups: [WorkerGroup::start(app, workers), WorkerGroup::start(app, vec![deliver])] }
}

/// Every worker of an application, to be stepped by hand instead of started.
#[must_use]
pub fn stepped(app: &App) -> SteppedWorkers {
    let (workers, deliver) = all(app);
    SteppedWorkers::new(app, workers.into_iter().chain([deliver]))
}

/// Every worker, with the one that delivers webhooks apart.
fn all(app: &App) -> (Vec<Box<dyn Worker>>, Box<dyn Worker>) {
    let mut workers: Vec<Box<dyn Worker>> = vec![
        Box::new(apply::Apply::new(app.clone())),
        Box::new(sending::Sender::new(app.clone())),
        Box::new(expiry::Expiry::new(app.clone())),
        Box::new(prices::PriceRefresher::new(app.clone())),
        Box::new(sweep::Sweep::new(app.clone())),
        Box::new(keys::FollowKeys::new(app.clone())),
    ];
    if let Some(interval) = app.config.workers.ledger_check() {
        workers.push(Box::new(ledger::LedgerChecker::new(app.clone(), interval)));
    }
    for source in ingest::Source::all(app) {
        workers.push(Box::new(ingest::Ingest::new(app.clone(), source)));
    }
    for kind in JobKind::ALL.into_iter().filter(|kind| *kind != JobKind::SendTransfer) {
        workers.push(Box::new(jobs::JobRunner::new(app.clone(), kind)));
    }
    for port in &app.ports.chains {
        workers.push(Box::new(chain::ChainWatcher::new(app.clone(), port.clone())));
    }
    let (deliver, dispatch) = deliver::WebhookWorker::new(app.clone());
    workers.push(Box::new(fanout::Fanout::new(app.clone(), dispatch)));
    (workers, Box::new(deliver))
}

impl Workers {
    /// Lets every worker finish its current work, then stops it. No lease is left behind.
    pub async fn stop(self) {
        for group in self.groups {
            group.stop().await;
        }
    }
}

/// The cursors that must move while the application runs; health checks watch them.
pub(crate) fn cursors(app: &App) -> Vec<CursorName> {
    let sources = ingest::Source::all(app).into_iter().map(|source| source.cursor());
    let chains = app.ports.chains.iter().map(|ports| chain_cursor(ports.reader.chain()));
    sources.chain(chains).collect()
}
