//! Checks the ledger in the background, one process of an installation at a time. The check runs on a thread of its own because it sums
//! every entry ever posted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rampart_core::time::Timestamp;
use rampart_store::VerifyReport;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::supervisor::{TurnOutcome, Worker, WorkerFuture};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::ledger_check;

/// The longest interval between two looks at whether a check is due or has ended.
const POLL_INTERVAL: Duration = Duration::from_secs(10);
/// After a check the ledger rests for this many times the check's duration: however large it is, checks take one twentieth of a core.
const REST_CHECK_DURATIONS: u32 = 20;

/// The report and duration of a check; `None` when it was stopped.
type CheckOutcome = Option<AppResult<(VerifyReport, Duration)>>;

struct RunningCheck {
    stop: oneshot::Sender<()>,
    task: JoinHandle<CheckOutcome>,
}

pub(crate) struct LedgerChecker {
    app: App,
    every: Duration,
    /// When this process last failed to check, or its start: no check runs right after a start.
    tried_at: Mutex<Timestamp>,
    check: Mutex<Option<RunningCheck>>,
    ended: Arc<Notify>,
}

impl LedgerChecker {
    /// `every` is the shortest interval between two checks.
    pub(crate) fn new(app: App, every: Duration) -> Self {
        Self { tried_at: Mutex::new(app.real.now()), every, check: Mutex::default(), ended: Arc::default(), app }
    }

    async fn look(&self) -> AppResult<TurnOutcome> {
        let running = self.check.lock().take();
        match running {
            Some(check) if check.task.is_finished() => self.end(check).await?,
            Some(check) => {
                *self.check.lock() = Some(check);
                ledger_check::lease(&self.app, |_| Some(Some(self.lease()))).await?;
            }
            None => self.begin().await?,
        }
        Ok(TurnOutcome::Idle)
    }

    fn lease(&self) -> Timestamp {
        self.app.real.now().after(self.app.config.workers.lease())
    }

    async fn begin(&self) -> AppResult<()> {
        let now = self.app.real.now();
        let tried_at = *self.tried_at.lock();
        let is_leased = ledger_check::lease(&self.app, |known| {
            let rest = self.every.max(Duration::from_millis(known.took_milliseconds).saturating_mul(REST_CHECK_DURATIONS));
            let due_at = known.ended_at.map_or(tried_at, |ended_at| ended_at.max(tried_at)).after(rest);
            let is_free = known.leased_until.is_none_or(|until| until <= now);
            (due_at <= now && is_free).then(|| Some(self.lease()))
        });
        if !is_leased.await? {
            return Ok(());
        }
        let (stop, stopped) = oneshot::channel();
        let (app, ended) = (self.app.clone(), self.ended.clone());
        let task = tokio::task::spawn_blocking(move || {
            let checked = Handle::current().block_on(async {
                let begun = Instant::now();
                tokio::select! {
                    _ = stopped => None,
                    report = ledger_check::examine(&app) => Some(report.map(|report| (report, begun.elapsed()))),
                }
            });
            ended.notify_one();
            checked
        });
        *self.check.lock() = Some(RunningCheck { stop, task });
        Ok(())
    }

    async fn end(&self, check: RunningCheck) -> AppResult<()> {
        // After a failure the next try is as far away as the next check would be.
        *self.tried_at.lock() = self.app.real.now();
        match check.task.await {
            Ok(Some(Ok((report, took)))) => ledger_check::record(&self.app, &report, took).await,
            Ok(Some(Err(error))) => Err(error),
            Ok(None) => Ok(()),
            Err(error) => Err(AppError::Defect(Box::new(error))),
        }
    }

    /// A stop does not wait for a running check; the next process may begin one.
    async fn abandon(&self) {
        let Some(check) = self.check.lock().take() else { return };
        if check.task.is_finished() {
            if let Err(error) = self.end(check).await {
                tracing::warn!(%error, "the result of the last ledger check could not be stored");
            }
            return;
        }
        // Sending fails only if the check has just ended.
        let _ = check.stop.send(());
        drop(check.task.await);
        if let Err(error) = ledger_check::lease(&self.app, |_| Some(None)).await {
            tracing::warn!(%error, "the lease of the ledger check could not be given back; it will expire");
        }
    }
}

impl Worker for LedgerChecker {
    fn name(&self) -> String {
        "ledger".to_owned()
    }

    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>> {
        Box::pin(self.look())
    }

    fn woken(&self) -> WorkerFuture<'_, ()> {
        Box::pin(self.ended.notified())
    }

    fn interval(&self) -> Option<Duration> {
        // Often enough to renew the lease of a long check.
        Some(POLL_INTERVAL.min(self.app.config.workers.lease() / 3).min(self.every))
    }

    fn finish(&self) -> WorkerFuture<'_, ()> {
        Box::pin(self.abandon())
    }
}
