//! The workers: everything that touches the outside world. Several processes on one PostgreSQL work together through
//! leases and versions; inside a process, [`crate::wake::Wake`] and the ports' news begin work when it arises, and an
//! interval finds what a lost wake-up left behind.

mod apply;
mod chain;
mod config;
mod deliver;
mod digested;
mod expiry;
mod fanout;
mod ingest;
mod jobs;
mod keys;
mod leases;
mod ledger;
mod nonces;
pub(crate) mod observe;
pub(crate) mod outgoing;
pub(crate) mod payouts;
mod pool;
mod prices;
mod sender;
mod settle;
mod supervisor;
mod sweep;
pub(crate) mod transfers;
pub(crate) mod unsigned;

pub use config::WorkersConfig;

pub(crate) use chain::cursor_of as chain_cursor;
pub(crate) use jobs::answer_in_time;
pub(crate) use prices::remember as remember_prices;

use rampart_core::job::JobKind;
use rampart_core::watch::CursorName;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::App;
use supervisor::{Worker, supervise};

/// Running workers. They go on until [`Workers::stop`] is called.
#[must_use = "workers are stopped by Workers::stop"]
pub struct Workers {
    /// In the order in which they are stopped.
    groups: [Group; 2],
}

/// Workers that stop together.
struct Group {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Group {
    fn start(app: &App, workers: Vec<Box<dyn Worker>>) -> Self {
        let (stop, stopping) = watch::channel(false);
        let tasks = workers.into_iter().map(|worker| tokio::spawn(supervise(app.clone(), worker, stopping.clone()))).collect();
        Self { stop, tasks }
    }

    async fn stop(self) {
        // Nobody listens any more when every worker has ended, and then there is nothing to stop.
        let _ = self.stop.send(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a worker did not stop in order");
            }
        }
    }
}

/// Starts every worker of an application.
pub fn start(app: &App) -> Workers {
    let mut workers: Vec<Box<dyn Worker>> = vec![
        Box::new(apply::Apply::new(app.clone())),
        Box::new(sender::Sender::new(app.clone())),
        Box::new(expiry::Expiry::new(app.clone())),
        Box::new(prices::Prices::new(app.clone())),
        Box::new(sweep::Sweep::new(app.clone())),
        Box::new(keys::FollowKeys::new(app.clone())),
    ];
    if let Some(every) = app.config().workers.ledger_check() {
        workers.push(Box::new(ledger::Ledger::new(app.clone(), every)));
    }
    for source in ingest::Source::all(app) {
        workers.push(Box::new(ingest::Ingest::new(app.clone(), source)));
    }
    for kind in JobKind::ALL.into_iter().filter(|kind| *kind != JobKind::SendTransfer) {
        workers.push(Box::new(jobs::Jobs::new(app.clone(), kind)));
    }
    for port in &app.ports().chains {
        workers.push(Box::new(chain::Watcher::new(app.clone(), port.clone())));
    }
    let (deliver, handover) = deliver::Deliver::new(app.clone());
    workers.push(Box::new(fanout::Fanout::new(app.clone(), handover)));
    // The fan-out gives deliveries to it, so it stops when the fan-out has.
    let last: Vec<Box<dyn Worker>> = vec![Box::new(deliver)];
    Workers { groups: [Group::start(app, workers), Group::start(app, last)] }
}

impl Workers {
    /// Stops every worker after what it has at hand, and leaves no lease behind.
    pub async fn stop(self) {
        for group in self.groups {
            group.stop().await;
        }
    }
}

/// The cursors that have to move while an application serves.
pub(crate) fn cursors(app: &App) -> Vec<CursorName> {
    let sources = ingest::Source::all(app).into_iter().map(|source| source.cursor());
    let chains = app.ports().chains.iter().map(|port| chain_cursor(port.chain()));
    sources.chain(chains).collect()
}
