//! Transfers that cannot be signed: each is set aside alone, so that the others go on, and reaches the review queue.

use rampart_core::id::{ReviewId, TransferId};
use rampart_core::outgoing::{Transfer, TransferFact, TransferState};
use rampart_core::review::{ReviewDecision, ReviewItem, ReviewSubject};
use rampart_core::step::job::Job;
use rampart_core::step::record::RecordKey;
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::text;
use rampart_store::CommitError;

use super::super::{leases, transfers};
use crate::app::App;
use crate::error::refuse;
use crate::error::{AppError, AppResult};

/// Prefix of the last error of a job whose transfer cannot be signed.
pub(crate) const CANNOT_SIGN: &str = "it cannot be signed";
/// A review item follows after this many attempts: by then a restarted signer is back.
const REVIEW_AFTER_ATTEMPTS: u32 = 4;

fn claim_key(id: TransferId) -> String {
    format!("unsigned:{id}")
}

/// Reschedules a transfer; after [`REVIEW_AFTER_ATTEMPTS`] attempts it is put into the review queue, once.
pub(crate) async fn record_failure(app: &App, job: &Job, transfer: &Transfer, reason: &str) -> AppResult<()> {
    tracing::warn!(transfer = %transfer.id, chain = %transfer.chain(), reason, "a transfer cannot be signed and is set aside");
    let reason = &*text::reason(reason);
    let job = leases::retry_later(app, job, &format!("{CANNOT_SIGN}: {reason}"));
    let mut step = Step::new();
    if job.attempts >= REVIEW_AFTER_ATTEMPTS && app.store.claim(ClaimScope::Fact, &claim_key(transfer.id)).await?.is_none() {
        let item = item(app, transfer, reason);
        step.claims.push(Claim::forever(ClaimScope::Fact, claim_key(transfer.id), item.id));
        step.write(item);
    }
    step.write(job);
    match app.commit(step).await {
        // A process that has taken it over in the meantime keeps it.
        Ok(_) | Err(CommitError::Conflict(_) | CommitError::AlreadyClaimed(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn item(app: &App, transfer: &Transfer, reason: &str) -> ReviewItem {
    let reason = format!("transfer {} to {} cannot be signed, and is tried again: {reason}", transfer.id, transfer.to);
    let item = ReviewItem::new(&app.mint(), ReviewSubject::Unsigned(transfer.id), reason);
    ReviewItem { order: transfer.order, asset: Some(transfer.coin.into()), amount: transfer.amount, ..item }
}

/// The transfer could be signed after all: its review item is settled.
pub(crate) async fn resolve_review(app: &App, job: &Job, id: TransferId, step: &mut Step) -> AppResult<()> {
    if job.attempts < REVIEW_AFTER_ATTEMPTS {
        return Ok(());
    }
    let Some(claim) = app.store.claim(ClaimScope::Fact, &claim_key(id)).await? else { return Ok(()) };
    let review_id: ReviewId = claim.subject.parse().map_err(|_| AppError::defect("a claim has no review item"))?;
    if let Some(item) = app.store.review(review_id).await?.filter(|item| item.resolution.is_none()) {
        let reason = "it could be signed after all".to_owned();
        step.write(item.settled(ReviewDecision::Signed, "wallet", reason, None, app.business.now()));
    }
    Ok(())
}

/// The transfer of a review item and its jobs; refused unless the transfer still waits to be signed.
async fn queued(app: &App, item: &ReviewItem) -> AppResult<(Transfer, Vec<Job>)> {
    let ReviewSubject::Unsigned(id) = item.subject else { return Err(refuse("the item names no transfer")) };
    let transfer = app.store.transfer(id).await?.ok_or_else(|| refuse(format!("there is no transfer {id}")))?;
    if transfer.state != TransferState::Queued {
        return Err(refuse("the transfer was signed or abandoned in the meantime: dismiss the item"));
    }
    let jobs = app.store.jobs_of_subject(&id.to_string()).await?;
    Ok((transfer, jobs))
}

/// An operator's decision to try again at once.
pub(crate) async fn retry(app: &App, item: &ReviewItem) -> AppResult<Step> {
    let (transfer, jobs) = queued(app, item).await?;
    let mut step = Step::new();
    step.rely(RecordKey::Transfer(transfer.id), transfer.version);
    for job in jobs {
        step.write(Job { due_at: app.business.now(), ..job });
    }
    Ok(step)
}

/// An operator's decision to abandon the transfer. It was never signed, so nothing of it can be on its chain; its order is notified.
pub(crate) async fn give_up(app: &App, item: &ReviewItem) -> AppResult<Step> {
    let (transfer, jobs) = queued(app, item).await?;
    let reason = "it could not be signed and was abandoned".to_owned();
    let mut step = transfers::observe(app, transfer, TransferFact::Refused { reason }).await?;
    step.removals.extend(jobs.into_iter().map(|job| (RecordKey::Job(job.id), job.version)));
    Ok(step)
}
