//! Runs jobs of every kind except sending coins, which [`super::sender`] does in batches. A job is run by one process at a time; its result
//! is fenced by the lease.

mod identity;
mod payout;
mod screening;

use std::future::Future;

use futures::FutureExt as _;
use rampart_core::order::arrival::{Grade, Leg};
use rampart_core::step::Step;
use rampart_core::step::job::{Job, JobKind};

use super::leases::{self, LeasedJob};
use super::pool::Pool;
use super::supervisor::{TurnOutcome, Worker, WorkerFuture, panicked};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::retry::retry_with_grade;
use crate::workers::stops;

pub(crate) enum JobOutcome {
    /// Its result is durable, or another process has taken it over.
    Finished,
    /// To be tried again, with the reason.
    Retry(String),
}

/// Runs the jobs of one kind.
pub(crate) struct JobRunner {
    app: App,
    kind: JobKind,
    pool: Pool,
}

impl JobRunner {
    pub(crate) fn new(app: App, kind: JobKind) -> Self {
        let pool = Pool::new(app.config.workers.concurrency);
        Self { app, kind, pool }
    }

    /// Whether running the job twice concurrently would have an effect outside.
    const fn needs_lease(&self) -> bool {
        !matches!(
            self.kind,
            JobKind::ScreenPayment
                | JobKind::ScreenRampoff
                | JobKind::ScreenPayout
                | JobKind::ScreenTransfer
                | JobKind::CheckPayout
                | JobKind::CheckKyc
        )
    }

    async fn begin(&self) -> AppResult<TurnOutcome> {
        let app = &self.app;
        let free = self.pool.free();
        if free == 0 {
            return Ok(TurnOutcome::Idle);
        }
        // A stop of everything covers payouts too.
        if self.kind == JobKind::SendPayout && stops::present(app).await?.everything {
            return Ok(TurnOutcome::Idle);
        }
        let asked = u32::try_from(self.pool.busy() + free).unwrap_or(u32::MAX);
        let due = app.store.jobs_due(self.kind, app.business.now(), app.real.now(), asked).await?;
        let new_jobs: Vec<Job> = due.into_iter().filter(|job| !self.pool.has(&job.id.to_string())).take(free).collect();
        let started = new_jobs.len();
        let leased = if self.needs_lease() {
            leases::lease(app, new_jobs).await?
        } else {
            new_jobs.into_iter().map(LeasedJob::without_lease).collect()
        };
        for leased in leased {
            let app = app.clone();
            self.pool.begin(leased.job.id.to_string(), async move { run(&app, leased).await });
        }
        Ok(if started > 0 && started == free { TurnOutcome::More } else { TurnOutcome::Idle })
    }
}

impl Worker for JobRunner {
    fn name(&self) -> String {
        format!("jobs-{}", self.kind.as_str())
    }

    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>> {
        Box::pin(self.begin())
    }

    fn woken(&self) -> WorkerFuture<'_, ()> {
        Box::pin(async move {
            let is_full = self.pool.free() == 0;
            tokio::select! {
                () = self.app.wake.jobs(self.kind), if !is_full => {}
                () = self.pool.freed(), if is_full => {}
            }
        })
    }

    fn finish(&self) -> WorkerFuture<'_, ()> {
        Box::pin(self.pool.drain(self.app.config.workers.drain_timeout()))
    }
}

/// Runs one job and records its outcome.
async fn run(app: &App, leased: LeasedJob) {
    let kind = leased.job.kind.as_str();
    let done = std::panic::AssertUnwindSafe(dispatch(app, &leased)).catch_unwind().await;
    let (outcome, error) = match done.unwrap_or_else(|panic| Err(panicked(&*panic))) {
        Ok(JobOutcome::Finished) => ("finished", None),
        Ok(JobOutcome::Retry(reason)) => ("again", Some(reason)),
        Err(error) => {
            let reason = error.to_string();
            if !matches!(error, AppError::Unavailable(_)) {
                tracing::error!(job = %leased.job.id, kind, reason, "a job failed");
            }
            ("failed", Some(reason))
        }
    };
    app.metrics.job(kind, outcome);
    if let Some(reason) = error
        && let Err(error) = leases::reschedule(app, &leased, &reason).await
    {
        tracing::warn!(job = %leased.job.id, kind, %error, "a job could not be rescheduled; its lease will expire");
    }
}

async fn dispatch(app: &App, leased: &LeasedJob) -> AppResult<JobOutcome> {
    match leased.job.kind {
        JobKind::ScreenPayment => screening::order(app, Leg::Buying, leased).await,
        JobKind::ScreenRampoff => screening::order(app, Leg::Selling, leased).await,
        JobKind::ScreenPayout => screening::payout(app, leased).await,
        JobKind::ScreenTransfer => screening::transfer(app, leased).await,
        JobKind::SendPayout => payout::send(app, leased).await,
        JobKind::CheckPayout => payout::check(app, leased).await,
        JobKind::SubmitKyc => identity::submit(app, leased).await,
        JobKind::CheckKyc => identity::check(app, leased).await,
        JobKind::SendTransfer => Err(AppError::defect("transfers are sent by the sender")),
    }
}

/// Commits what a job came to, decided on the records as stored now, and the end of the job with it.
pub(super) async fn finish<F>(app: &App, leased: &LeasedJob, decide: impl Fn(Grade) -> F) -> AppResult<JobOutcome>
where
    F: Future<Output = AppResult<Step>>,
{
    let decide = &decide;
    retry_with_grade(app, Some(leased.fence()), |grade| async move {
        let mut step = decide(grade).await?;
        leased.complete(&mut step);
        Ok(step)
    })
    .await?;
    Ok(JobOutcome::Finished)
}
