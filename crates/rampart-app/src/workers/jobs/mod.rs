//! Jobs of every kind but sending coins, which [`super::sender`] does in batches. Each is done at most once at a time;
//! its result is fenced by the lease.

mod identity;
mod payout;
mod screening;

use futures::FutureExt as _;
use rampart_core::job::{Job, JobKind};
use rampart_core::ports::Unavailable;

use super::leases::{self, Held};
use super::pool::Pool;
use super::supervisor::{Task, Turn, Worker, panicked};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::stops;

/// What became of a job.
pub(crate) enum Done {
    /// Its result is durable, or somebody else has taken it over.
    Finished,
    /// It is to be tried again.
    Again(String),
}

/// Does the jobs of one kind.
pub(crate) struct Jobs {
    app: App,
    kind: JobKind,
    pool: Pool,
}

impl Jobs {
    pub(crate) fn new(app: App, kind: JobKind) -> Self {
        let pool = Pool::new(app.config().workers.concurrency);
        Self { app, kind, pool }
    }

    /// Whether doing it twice at the same time would change something outside.
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

    async fn begin(&self) -> AppResult<Turn> {
        let app = &self.app;
        let free = self.pool.free();
        if free == 0 {
            return Ok(Turn::Idle);
        }
        // No money leaves either.
        if self.kind == JobKind::SendPayout && stops::present(app).await?.everything {
            return Ok(Turn::Idle);
        }
        let asked = u32::try_from(self.pool.busy() + free).unwrap_or(u32::MAX);
        let due = app.store().jobs_due(self.kind, app.business().now(), app.real().now(), asked).await?;
        let fresh: Vec<Job> = due.into_iter().filter(|job| !self.pool.has(&job.id.to_string())).take(free).collect();
        let begun = fresh.len();
        let held = if self.needs_lease() { leases::lease(app, fresh).await? } else { fresh.into_iter().map(Held::unleased).collect() };
        for held in held {
            let app = app.clone();
            self.pool.begin(held.job.id.to_string(), async move { run(&app, held).await });
        }
        Ok(if begun > 0 && begun == free { Turn::More } else { Turn::Idle })
    }
}

impl Worker for Jobs {
    fn name(&self) -> String {
        format!("jobs-{}", self.kind.as_str())
    }

    fn turn(&self) -> Task<'_, AppResult<Turn>> {
        Box::pin(self.begin())
    }

    fn woken(&self) -> Task<'_, ()> {
        Box::pin(async move {
            let is_full = self.pool.free() == 0;
            tokio::select! {
                () = self.app.wake().jobs(self.kind), if !is_full => {}
                () = self.pool.freed(), if is_full => {}
            }
        })
    }

    fn finish(&self) -> Task<'_, ()> {
        Box::pin(self.pool.drain(self.app.config().workers.drain()))
    }
}

/// Does one job and keeps what came of it.
async fn run(app: &App, held: Held) {
    let kind = held.job.kind.as_str();
    let done = std::panic::AssertUnwindSafe(dispatch(app, &held)).catch_unwind().await;
    let (outcome, error) = match done.unwrap_or_else(|panic| Err(panicked(&*panic))) {
        Ok(Done::Finished) => ("finished", None),
        Ok(Done::Again(reason)) => ("again", Some(reason)),
        Err(error) => {
            let reason = error.to_string();
            if !matches!(error, AppError::Unavailable(_)) {
                tracing::error!(job = %held.job.id, kind, reason, "a job failed");
            }
            ("failed", Some(reason))
        }
    };
    app.metrics().job(kind, outcome);
    if let Some(reason) = error
        && let Err(error) = leases::put_off(app, &held, &reason).await
    {
        tracing::warn!(job = %held.job.id, kind, %error, "a job could not be put off; its lease runs out");
    }
}

async fn dispatch(app: &App, held: &Held) -> AppResult<Done> {
    match held.job.kind {
        JobKind::ScreenPayment => screening::payment(app, held).await,
        JobKind::ScreenRampoff => screening::rampoff(app, held).await,
        JobKind::ScreenPayout => screening::payout(app, held).await,
        JobKind::ScreenTransfer => screening::transfer(app, held).await,
        JobKind::SendPayout => payout::send(app, held).await,
        JobKind::CheckPayout => payout::check(app, held).await,
        JobKind::SubmitKyc => identity::submit(app, held).await,
        JobKind::CheckKyc => identity::check(app, held).await,
        JobKind::SendTransfer => Err(AppError::defect("coins are sent by the sender")),
    }
}

/// An answer, or the outcome of one that did not come in time.
pub(crate) async fn in_time<T>(app: &App, call: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(app.config().workers.call(), call).await.ok()
}

/// What the outside says, if it says it in time.
///
/// # Errors
/// [`AppError::Unavailable`] when it does not answer, or not in time.
pub(crate) async fn answer_in_time<T>(app: &App, call: impl Future<Output = Result<T, Unavailable>>) -> AppResult<T> {
    let late = || AppError::Unavailable("it did not answer in time".to_owned());
    in_time(app, call).await.ok_or_else(late)?.map_err(|fault| AppError::Unavailable(fault.0))
}
