//! Checking the ledger in the background: one process of an installation at a time, on a thread of its own, because a
//! check adds up everything that was ever posted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rampart_core::time::Timestamp;
use rampart_store::VerifyReport;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::supervisor::{Task, Turn, Worker};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::operate::ledger;

/// How often it is looked at whether a check is due or has ended, at most.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// After a check, the ledger rests for so many times what it took: however large it is, checks take a twentieth of one core.
const RESTS_FOR: u32 = 20;

/// What a check came to; nothing when it was stopped.
type Checked = Option<AppResult<(VerifyReport, Duration)>>;

/// A check under way.
struct Check {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Checked>,
}

/// Checks the ledger.
pub(crate) struct Ledger {
    app: App,
    every: Duration,
    /// When this process last tried and could not, or was started: a start is disturbed by nothing.
    tried_at: Mutex<Timestamp>,
    check: Mutex<Option<Check>>,
    ended: Arc<Notify>,
}

impl Ledger {
    /// Checks so often, at most.
    pub(crate) fn new(app: App, every: Duration) -> Self {
        Self { tried_at: Mutex::new(app.real().now()), every, check: Mutex::default(), ended: Arc::default(), app }
    }

    async fn look(&self) -> AppResult<Turn> {
        let under_way = self.check.lock().take();
        match under_way {
            Some(check) if check.task.is_finished() => self.end(check).await?,
            Some(check) => {
                *self.check.lock() = Some(check);
                ledger::lease(&self.app, |_| Some(Some(self.lease()))).await?;
            }
            None => self.begin().await?,
        }
        Ok(Turn::Idle)
    }

    fn lease(&self) -> Timestamp {
        self.app.real().now().after(self.app.config().workers.lease())
    }

    async fn begin(&self) -> AppResult<()> {
        let now = self.app.real().now();
        let tried_at = *self.tried_at.lock();
        let is_mine = ledger::lease(&self.app, |known| {
            let rest = self.every.max(Duration::from_millis(known.took_milliseconds).saturating_mul(RESTS_FOR));
            let due_at = known.ended_at.map_or(tried_at, |ended_at| ended_at.max(tried_at)).after(rest);
            let is_free = known.leased_until.is_none_or(|until| until <= now);
            (due_at <= now && is_free).then(|| Some(self.lease()))
        });
        if !is_mine.await? {
            return Ok(());
        }
        let (stop, stopped) = oneshot::channel();
        let (app, ended) = (self.app.clone(), self.ended.clone());
        let task = tokio::task::spawn_blocking(move || {
            let checked = Handle::current().block_on(async {
                let begun = Instant::now();
                tokio::select! {
                    _ = stopped => None,
                    report = ledger::examine(&app) => Some(report.map(|report| (report, begun.elapsed()))),
                }
            });
            ended.notify_one();
            checked
        });
        *self.check.lock() = Some(Check { stop, task });
        Ok(())
    }

    async fn end(&self, check: Check) -> AppResult<()> {
        // Unless it ends well, the next try is as far away as the next check would be.
        *self.tried_at.lock() = self.app.real().now();
        match check.task.await {
            Ok(Some(Ok((report, took)))) => ledger::record(&self.app, &report, took).await,
            Ok(Some(Err(error))) => Err(error),
            Ok(None) => Ok(()),
            Err(error) => Err(AppError::Defect(Box::new(error))),
        }
    }

    /// A stop does not wait for a check; the next process may begin one.
    async fn give_up(&self) {
        let Some(check) = self.check.lock().take() else { return };
        if check.task.is_finished() {
            if let Err(error) = self.end(check).await {
                tracing::warn!(%error, "the last check of the ledger is not noted");
            }
            return;
        }
        // Nobody listens any more when it has just ended.
        let _ = check.stop.send(());
        drop(check.task.await);
        if let Err(error) = ledger::lease(&self.app, |_| Some(None)).await {
            tracing::warn!(%error, "the lease of a check of the ledger runs out by itself");
        }
    }
}

impl Worker for Ledger {
    fn name(&self) -> String {
        "ledger".to_owned()
    }

    fn turn(&self) -> Task<'_, AppResult<Turn>> {
        Box::pin(self.look())
    }

    fn woken(&self) -> Task<'_, ()> {
        Box::pin(self.ended.notified())
    }

    fn interval(&self) -> Option<Duration> {
        // Often enough to keep the lease of a check that takes long.
        Some(LOOK_EVERY.min(self.app.config().workers.lease() / 3).min(self.every))
    }

    fn finish(&self) -> Task<'_, ()> {
        Box::pin(self.give_up())
    }
}
