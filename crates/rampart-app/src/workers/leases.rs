//! Leases of jobs: taken, given back and put off through the one commit path.

use std::time::Duration;

use rampart_core::job::Job;
use rampart_core::record::RecordKey;
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use crate::app::App;
use crate::error::{AppError, AppResult};

/// A job that this process holds.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// The job, at the version of the lease.
    pub(crate) job: Job,
    /// Whether an earlier lease ran out without a result: nobody knows what its holder did.
    pub(crate) interrupted: bool,
}

impl Held {
    /// What fences the result: whoever takes the lease over changes this record.
    pub(crate) const fn fence(&self) -> RecordKey {
        RecordKey::Job(self.job.id)
    }

    /// Removes the job in the step that records its result.
    pub(crate) fn done(&self, step: &mut Step) {
        step.removals.push((self.fence(), self.job.version));
    }

    /// A job that is worked on without a lease, because doing it twice changes nothing.
    pub(crate) const fn unleased(job: Job) -> Self {
        Self { job, interrupted: false }
    }
}

/// The job as a lease has it.
pub(crate) fn leased(app: &App, job: &Job) -> Job {
    let until = app.real().now().after(app.config().workers.lease());
    Job { leased_until: Some(until), attempts: job.attempts.saturating_add(1), ..job.clone() }
}

/// The lease as it is after the commit that took it.
pub(crate) fn held(before: &Job, leased: Job) -> Held {
    Held { interrupted: before.leased_until.is_some(), job: Job { version: leased.version + 1, ..leased } }
}

/// Takes leases: all in one step, or, when somebody was faster with one of them, one by one.
pub(crate) async fn lease(app: &App, jobs: Vec<Job>) -> AppResult<Vec<Held>> {
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

async fn try_lease(app: &App, jobs: &[Job], taken: &mut Vec<Held>) -> AppResult<bool> {
    let wanted: Vec<Job> = jobs.iter().map(|job| leased(app, job)).collect();
    let mut step = Step::new();
    wanted.iter().for_each(|job| step.write(job.clone()));
    match app.commit(step).await {
        Ok(_) => {
            taken.extend(jobs.iter().zip(wanted).map(|(before, leased)| held(before, leased)));
            Ok(true)
        }
        Err(CommitError::Conflict(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// How long a piece of work rests after so many attempts (business time).
pub(crate) fn delay_after(attempts: u32) -> Duration {
    FIRST_DELAY.saturating_mul(1 << attempts.saturating_sub(1).min(10)).min(LONGEST_DELAY)
}

/// A job that is to be tried again, without a lease.
pub(crate) fn again(app: &App, job: &Job, error: &str) -> Job {
    let attempts = job.attempts.max(1);
    Job {
        due_at: due(app, delay_after(attempts)),
        leased_until: None,
        attempts: if job.leased_until.is_some() { job.attempts } else { attempts.saturating_add(1) },
        last_error: Some(error.chars().take(300).collect()),
        first_failed_at: job.first_failed_at.or_else(|| Some(app.business().now())),
        ..job.clone()
    }
}

fn due(app: &App, delay: Duration) -> Timestamp {
    app.business().now().after(delay)
}

/// Puts a job off. Whoever took it over meanwhile keeps it.
pub(crate) async fn put_off(app: &App, held: &Held, error: &str) -> AppResult<()> {
    let mut step = Step::new();
    step.write(again(app, &held.job, error));
    match app.commit(step).await {
        Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Puts several jobs off that nobody holds: all in one step, or, when somebody was faster with one of them, one by one.
pub(crate) async fn put_off_all(app: &App, jobs: Vec<Job>, error: &str) -> AppResult<()> {
    let mut step = Step::new();
    jobs.iter().for_each(|job| step.write(again(app, job, error)));
    match app.commit(step).await {
        Ok(_) => return Ok(()),
        Err(CommitError::Conflict(_)) => {}
        Err(error) => return Err(error.into()),
    }
    for job in jobs {
        put_off(app, &Held::unleased(job), error).await?;
    }
    Ok(())
}

/// Removes a job that has nothing left to do.
pub(crate) async fn drop_job(app: &App, held: &Held) -> AppResult<()> {
    let mut step = Step::new();
    held.done(&mut step);
    match app.commit(step).await {
        Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A subject as a kind of job writes it.
pub(crate) fn subject<T: std::str::FromStr>(job: &Job) -> AppResult<T> {
    job.subject.parse().map_err(|_| AppError::defect(format!("the subject of {} is not what its kind says", job.id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_are_bounded() {
        assert_eq!(delay_after(1), FIRST_DELAY);
        assert_eq!(delay_after(4), FIRST_DELAY * 8);
        assert_eq!(delay_after(u32::MAX), LONGEST_DELAY);
    }
}
