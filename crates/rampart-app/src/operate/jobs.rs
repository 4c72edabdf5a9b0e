//! Failing jobs: what they are, since when and why they fail.

use std::collections::HashMap;

use rampart_core::id::{JobId, OrderId, PayoutId, TransferId};
use rampart_core::step::Step;
use rampart_core::step::job::{Job, JobKind};
use serde::Serialize;

use super::{Operator, audit_about, operators_retry, refuse};
use crate::app::App;
use crate::error::AppResult;

/// A failing job.
#[derive(Debug, Clone, Serialize)]
pub struct JobLine {
    pub id: String,
    pub kind: &'static str,
    pub subject: String,
    /// The order of the subject, if any.
    pub order: Option<String>,
    pub attempts: u32,
    /// Business time, RFC 3339.
    pub failing_since: String,
    /// Business time, RFC 3339.
    pub next_attempt_at: String,
    /// `None` when the last attempt ended without a result.
    pub last_error: Option<String>,
}

/// Failing jobs, oldest first, after `behind`.
pub async fn failing(app: &App, behind: Option<JobId>, limit: u32) -> AppResult<Vec<JobLine>> {
    let jobs = app.store.jobs_failing(behind, limit).await?;
    let orders = orders(app, &jobs).await?;
    Ok(jobs.into_iter().map(|job| line(job, &orders)).collect())
}

fn line(job: Job, orders: &HashMap<String, OrderId>) -> JobLine {
    JobLine {
        id: job.id.to_string(),
        kind: job.kind.as_str(),
        order: orders.get(&job.subject).map(ToString::to_string),
        attempts: job.attempts,
        failing_since: job.failing_since().to_string(),
        next_attempt_at: job.due_at.to_string(),
        subject: job.subject,
        last_error: job.last_error,
    }
}

/// The orders of jobs, by the jobs' subjects.
async fn orders(app: &App, jobs: &[Job]) -> AppResult<HashMap<String, OrderId>> {
    let (mut known, mut payouts, mut transfers) = (HashMap::new(), Vec::new(), Vec::new());
    for job in jobs {
        match job.kind {
            JobKind::ScreenPayment | JobKind::ScreenRampoff => {
                known.extend(job.subject.parse::<OrderId>().map(|order| (job.subject.clone(), order)));
            }
            JobKind::ScreenPayout | JobKind::SendPayout | JobKind::CheckPayout => payouts.extend(job.subject.parse::<PayoutId>()),
            JobKind::ScreenTransfer | JobKind::SendTransfer => transfers.extend(job.subject.parse::<TransferId>()),
            JobKind::SubmitKyc | JobKind::CheckKyc => {}
        }
    }
    let payouts = app.store.payouts_by_id(&payouts).await?.into_iter();
    known.extend(payouts.filter_map(|payout| payout.order.map(|order| (payout.id.to_string(), order))));
    let transfers = app.store.transfers_by_id(&transfers).await?.into_iter();
    known.extend(transfers.filter_map(|transfer| transfer.order.map(|order| (transfer.id.to_string(), order))));
    Ok(known)
}

/// Makes a job due now.
///
/// # Errors
/// A refusal when there is no such job, or it is being tried.
pub async fn retry(app: &App, operator: &Operator, id: JobId) -> AppResult<JobLine> {
    operators_retry(app, "job is", || async move {
        let job = app.store.job(id).await?.ok_or_else(|| refuse(format!("there is no job {id}: it was done, or never was")))?;
        if job.leased_until.is_some_and(|until| until > app.real.now()) {
            return Err(refuse(format!("the job {id} is being tried at present")));
        }
        let job = Job { due_at: app.business.now().min(job.due_at), ..job };
        let line = line(job.clone(), &orders(app, std::slice::from_ref(&job)).await?);
        let mut step = Step::new();
        step.write(job);
        for subject in [Some(&line.subject), line.order.as_ref().filter(|order| **order != line.subject)].into_iter().flatten() {
            audit_about(app, operator, ("job.retry", format!("{} of {}", line.kind, line.subject)), subject, &mut step);
        }
        Ok((step, line))
    })
    .await
}
