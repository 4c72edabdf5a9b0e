//! Leases of jobs: taking them, giving them back, and rescheduling jobs, through the one commit path.

use std::time::Duration;

use rampart_core::step::Step;
use rampart_core::step::job::Job;
use rampart_core::step::record::RecordKey;
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use crate::app::App;
use crate::error::{AppError, AppResult};

/// A job that this process may work on.
#[derive(Debug, Clone)]
pub(crate) struct LeasedJob {
    /// At the version that the lease wrote.
    pub(crate) job: Job,
    /// Whether an earlier lease expired without a result: what its holder did is unknown.
    pub(crate) interrupted: bool,
}

impl LeasedJob {
    /// The record that fences the result: a process that takes over the lease changes it.
    pub(crate) const fn fence(&self) -> RecordKey {
        RecordKey::Job(self.job.id)
    }

    /// Adds the removal of the job to the step that records its result.
    pub(crate) fn complete(&self, step: &mut Step) {
        step.removals.push((self.fence(), self.job.version));
    }

    /// For jobs that are idempotent outside: running one twice does no harm.
    pub(crate) const fn without_lease(job: Job) -> Self {
        Self { job, interrupted: false }
    }
}

/// The job as the commit of its lease writes it.
pub(crate) fn with_lease(app: &App, job: &Job) -> Job {
    let until = app.real.now().after(app.config.workers.lease());
    Job { leased_until: Some(until), attempts: job.attempts.saturating_add(1), ..job.clone() }
}

/// The leased job after that commit.
pub(crate) fn after_commit(before: &Job, leased: Job) -> LeasedJob {
    LeasedJob { interrupted: before.leased_until.is_some(), job: Job { version: leased.version + 1, ..leased } }
}

/// Takes leases in one step; after a conflict one by one.
pub(crate) async fn lease(app: &App, jobs: Vec<Job>) -> AppResult<Vec<LeasedJob>> {
    let mut taken = Vec::with_capacity(jobs.len());
    if jobs.is_empty() {
        return Ok(taken);
    }
    if try_lease(app, &jobs, &mut taken).await? {
        return Ok(taken);
    }
    for job in jobs {
        try_lease(app, &[job], &mut taken).await?;
    }
    Ok(taken)
}

async fn try_lease(app: &App, jobs: &[Job], taken: &mut Vec<LeasedJob>) -> AppResult<bool> {
    let leases: Vec<Job> = jobs.iter().map(|job| with_lease(app, job)).collect();
    let mut step = Step::new();
    leases.iter().for_each(|job| step.write(job.clone()));
    match app.commit(step).await {
        Ok(_) => {
            taken.extend(jobs.iter().zip(leases).map(|(before, leased)| after_commit(before, leased)));
            Ok(true)
        }
        Err(CommitError::Conflict(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

const FIRST_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(60);
const MAX_ERROR_CHARACTERS: usize = 300;

/// The delay before the next attempt (business time).
pub(crate) fn delay_after(attempts: u32) -> Duration {
    FIRST_DELAY.saturating_mul(1 << attempts.saturating_sub(1).min(10)).min(MAX_DELAY)
}

/// The job rescheduled for another attempt, without a lease.
pub(crate) fn retry_later(app: &App, job: &Job, error: &str) -> Job {
    let attempts = job.attempts.max(1);
    Job {
        due_at: due(app, delay_after(attempts)),
        leased_until: None,
        attempts: if job.leased_until.is_some() { job.attempts } else { attempts.saturating_add(1) },
        last_error: Some(error.chars().take(MAX_ERROR_CHARACTERS).collect()),
        first_failed_at: job.first_failed_at.or_else(|| Some(app.business.now())),
        ..job.clone()
    }
}

fn due(app: &App, delay: Duration) -> Timestamp {
    app.business.now().after(delay)
}

/// Reschedules a job. A process that has taken it over in the meantime keeps it.
pub(crate) async fn reschedule(app: &App, leased: &LeasedJob, error: &str) -> AppResult<()> {
    let mut step = Step::new();
    step.write(retry_later(app, &leased.job, error));
    app.commit_if_unchanged(step).await
}

/// Reschedules jobs that are not leased, in one step; after a conflict one by one.
pub(crate) async fn reschedule_all(app: &App, jobs: Vec<Job>, error: &str) -> AppResult<()> {
    let mut step = Step::new();
    jobs.iter().for_each(|job| step.write(retry_later(app, job, error)));
    match app.commit(step).await {
        Ok(_) => return Ok(()),
        Err(CommitError::Conflict(_)) => {}
        Err(error) => return Err(error.into()),
    }
    for job in jobs {
        reschedule(app, &LeasedJob::without_lease(job), error).await?;
    }
    Ok(())
}

/// Removes a job that has nothing left to do.
pub(crate) async fn remove_job(app: &App, leased: &LeasedJob) -> AppResult<()> {
    let mut step = Step::new();
    leased.complete(&mut step);
    app.commit_if_unchanged(step).await
}

/// Parses the job's subject as the identifier that its kind expects.
pub(crate) fn subject<T: std::str::FromStr>(job: &Job) -> AppResult<T> {
    job.subject.parse().map_err(|_| AppError::defect(format!("the subject of job {} does not fit its kind", job.id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_are_bounded() {
        assert_eq!(delay_after(1), FIRST_DELAY);
        assert_eq!(delay_after(4), FIRST_DELAY * 8);
        assert_eq!(delay_after(u32::MAX), MAX_DELAY);
    }
}
