//! Submits payouts to their rails or processors, and looks up those whose answer was lost. The payout's identifier is the idempotency key
//! there; a payout with an unknown outcome is looked up and never blindly repeated.

use rampart_core::id::PayoutId;
use rampart_core::outgoing::{Payout, PayoutFact, PayoutPurpose, PayoutRoute, PayoutState, Screening};
use rampart_core::ports::{CallOutcome, LookupResult};
use rampart_core::text;

use super::{JobOutcome, finish};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::workers::leases::{self, LeasedJob};
use crate::workers::observe::{self, Permission, Reading};
use crate::workers::outgoing::load_payout;
use crate::workers::payouts;
use crate::workers::timeouts::in_time;

async fn submit(app: &App, payout: &Payout) -> AppResult<CallOutcome<String>> {
    let no_adapter = || AppError::defect(format!("payout {} takes a route that has no adapter", payout.id));
    let answer = match payout.route {
        PayoutRoute::Bank(rail) => in_time(app, app.ports.bank(rail).ok_or_else(no_adapter)?.pay(payout)).await,
        PayoutRoute::Processor(processor) => in_time(app, app.ports.processor(processor).ok_or_else(no_adapter)?.refund(payout)).await,
    };
    Ok(answer.unwrap_or_else(|| CallOutcome::Unknown { reason: "it did not answer in time".to_owned() }))
}

async fn look_up(app: &App, payout: &Payout) -> AppResult<Result<LookupResult<String>, String>> {
    let no_adapter = || AppError::defect(format!("payout {} takes a route that has no adapter", payout.id));
    let answer = match payout.route {
        PayoutRoute::Bank(rail) => in_time(app, app.ports.bank(rail).ok_or_else(no_adapter)?.find(rail, payout.id)).await,
        PayoutRoute::Processor(name) => in_time(app, app.ports.processor(name).ok_or_else(no_adapter)?.find_refund(name, payout.id)).await,
    };
    Ok(match answer {
        Some(Ok(finding)) => Ok(finding),
        Some(Err(unavailable)) => Err(unavailable.to_string()),
        None => Err("it did not answer in time".to_owned()),
    })
}

pub(super) async fn send(app: &App, leased: &LeasedJob) -> AppResult<JobOutcome> {
    let id: PayoutId = leases::subject(&leased.job)?;
    let payout = load_payout(app, id).await?;
    match payout.state {
        // Before it is screened, a payout has a job of another kind.
        PayoutState::Queued if payout.screening == Screening::Due => {
            leases::remove_job(app, leased).await?;
            Ok(JobOutcome::Finished)
        }
        PayoutState::Queued if leased.interrupted => commit_fact(app, leased, id, PayoutFact::Unknown).await,
        PayoutState::Queued => match stop_fact(app, &payout).await? {
            Some(stop_fact) => commit_fact(app, leased, id, stop_fact).await,
            None if payout.is_partly_payable(&app.catalogue) => commit_fact(app, leased, id, PayoutFact::PayableStepChanged).await,
            None => submit_and_commit(app, leased, &payout).await,
        },
        PayoutState::Unknown => commit_fact(app, leased, id, PayoutFact::Unknown).await,
        _ => {
            leases::remove_job(app, leased).await?;
            Ok(JobOutcome::Finished)
        }
    }
}

/// The fact that keeps a payout from leaving: customer or partner may not proceed, or the screening is outdated. Checked after the lease
/// was taken and before the payout is submitted.
async fn stop_fact(app: &App, payout: &Payout) -> AppResult<Option<PayoutFact>> {
    let by = match payout.customer {
        Some(customer) => {
            let permission = Permission::of(app, customer, Reading::Stored).await?;
            permission.stops(payout.purpose != PayoutPurpose::Rampoff, payout.by_person, payout.screening)
        }
        None => None,
    };
    let is_outdated = payout.is_outdated(app.business.now(), app.config.workers.screening_fresh());
    Ok(match by {
        Some(by) => Some(PayoutFact::Stopped { by, reason: observe::describe_stop(by).to_owned() }),
        None => is_outdated.then_some(PayoutFact::Outdated),
    })
}

async fn submit_and_commit(app: &App, leased: &LeasedJob, payout: &Payout) -> AppResult<JobOutcome> {
    let id = payout.id;
    match submit(app, payout).await? {
        CallOutcome::Accepted(reference) => commit_fact(app, leased, id, PayoutFact::Accepted { reference }).await,
        CallOutcome::Refused { reason } => commit_fact(app, leased, id, PayoutFact::Refused { reason: text::reason(&reason) }).await,
        CallOutcome::NotSent { reason } => Ok(JobOutcome::Retry(reason)),
        CallOutcome::Unknown { .. } => commit_fact(app, leased, id, PayoutFact::Unknown).await,
    }
}

pub(super) async fn check(app: &App, leased: &LeasedJob) -> AppResult<JobOutcome> {
    let id: PayoutId = leases::subject(&leased.job)?;
    let payout = load_payout(app, id).await?;
    if payout.state != PayoutState::Unknown {
        leases::remove_job(app, leased).await?;
        return Ok(JobOutcome::Finished);
    }
    match look_up(app, &payout).await? {
        Ok(LookupResult::Found(reference)) => commit_fact(app, leased, id, PayoutFact::Accepted { reference }).await,
        Ok(LookupResult::NotYet) => Ok(JobOutcome::Retry("the rail does not know it yet".to_owned())),
        Ok(LookupResult::NeverWill) => commit_fact(app, leased, id, PayoutFact::NeverArrived).await,
        Err(reason) => Ok(JobOutcome::Retry(reason)),
    }
}

/// Commits the fact and the end of the job. The outcome may have been reported before this answer: then only the job is removed.
async fn commit_fact(app: &App, leased: &LeasedJob, id: PayoutId, fact: PayoutFact) -> AppResult<JobOutcome> {
    let fact = &fact;
    finish(app, leased, |_| async move {
        let step = payouts::observe(app, load_payout(app, id).await?, fact.clone()).await?;
        Ok(step)
    })
    .await
}
