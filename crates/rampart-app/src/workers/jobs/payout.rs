//! Handing payouts to their rails, and asking what became of those whose answer was lost. A payout's identifier is the
//! rail's idempotency key; an unknown outcome is asked for and never repeated blindly.

use rampart_core::id::PayoutId;
use rampart_core::outgoing::{Payout, PayoutFact, PayoutPurpose, PayoutRoute, PayoutState, Screening};
use rampart_core::ports::{CallOutcome, LookupResult};
use rampart_core::text;

use super::{Done, in_time};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::workers::leases::{self, Held};
use crate::workers::observe::{self, Permission};
use crate::workers::payouts::{self, load};
use crate::workers::settle::settle;

async fn hand_over(app: &App, payout: &Payout) -> AppResult<CallOutcome<String>> {
    let no_adapter = || AppError::defect(format!("payout {} takes a route that has no adapter", payout.id));
    let answer = match payout.route {
        PayoutRoute::Bank(rail) => in_time(app, app.ports().bank(rail).ok_or_else(no_adapter)?.pay(payout)).await,
        PayoutRoute::Processor(processor) => in_time(app, app.ports().processor(processor).ok_or_else(no_adapter)?.refund(payout)).await,
    };
    Ok(answer.unwrap_or_else(|| CallOutcome::Unknown { reason: "it did not answer in time".to_owned() }))
}

async fn look(app: &App, payout: &Payout) -> AppResult<Result<LookupResult<String>, String>> {
    let no_adapter = || AppError::defect(format!("payout {} takes a route that has no adapter", payout.id));
    let answer = match payout.route {
        PayoutRoute::Bank(rail) => in_time(app, app.ports().bank(rail).ok_or_else(no_adapter)?.find(rail, payout.id)).await,
        PayoutRoute::Processor(name) => {
            in_time(app, app.ports().processor(name).ok_or_else(no_adapter)?.find_refund(name, payout.id)).await
        }
    };
    Ok(match answer {
        Some(Ok(finding)) => Ok(finding),
        Some(Err(unavailable)) => Err(unavailable.to_string()),
        None => Err("it did not answer in time".to_owned()),
    })
}

pub(super) async fn send(app: &App, held: &Held) -> AppResult<Done> {
    let id: PayoutId = leases::subject(&held.job)?;
    let payout = load(app, id).await?;
    match payout.state {
        // Nobody has answered whether it may leave: it has a job of another kind.
        PayoutState::Queued if payout.screening == Screening::Due => {
            leases::drop_job(app, held).await?;
            Ok(Done::Finished)
        }
        PayoutState::Queued if held.interrupted => told(app, held, id, PayoutFact::Unknown).await,
        PayoutState::Queued => match stopped(app, &payout).await? {
            Some(stopped) => told(app, held, id, stopped).await,
            None if payout.is_off_step(app.catalogue()) => told(app, held, id, PayoutFact::OffStep).await,
            None => handed_over(app, held, &payout).await,
        },
        PayoutState::Unknown => told(app, held, id, PayoutFact::Unknown).await,
        _ => {
            leases::drop_job(app, held).await?;
            Ok(Done::Finished)
        }
    }
}

/// Whether customer and partner may not go on now, or the receiver has to be asked about again, after its lease was taken and
/// before anybody outside hears of it.
async fn stopped(app: &App, payout: &Payout) -> AppResult<Option<PayoutFact>> {
    let by = match payout.customer {
        Some(customer) => {
            let permission = Permission::of(app, customer).await?;
            permission.stops(payout.purpose != PayoutPurpose::Rampoff, payout.by_person, payout.screening)
        }
        None => None,
    };
    let is_outdated = payout.is_outdated(app.business().now(), app.config().workers.screening_fresh());
    Ok(match by {
        Some(by) => Some(PayoutFact::Stopped { by, reason: observe::told(by).to_owned() }),
        None => is_outdated.then_some(PayoutFact::Outdated),
    })
}

async fn handed_over(app: &App, held: &Held, payout: &Payout) -> AppResult<Done> {
    let id = payout.id;
    match hand_over(app, payout).await? {
        CallOutcome::Accepted(reference) => told(app, held, id, PayoutFact::Accepted { reference }).await,
        CallOutcome::Refused { reason } => told(app, held, id, PayoutFact::Refused { reason: text::reason(&reason) }).await,
        CallOutcome::NotSent { reason } => Ok(Done::Again(reason)),
        CallOutcome::Unknown { .. } => told(app, held, id, PayoutFact::Unknown).await,
    }
}

pub(super) async fn check(app: &App, held: &Held) -> AppResult<Done> {
    let id: PayoutId = leases::subject(&held.job)?;
    let payout = load(app, id).await?;
    if payout.state != PayoutState::Unknown {
        leases::drop_job(app, held).await?;
        return Ok(Done::Finished);
    }
    match look(app, &payout).await? {
        Ok(LookupResult::Found(reference)) => told(app, held, id, PayoutFact::Accepted { reference }).await,
        Ok(LookupResult::NotYet) => Ok(Done::Again("the rail does not know it yet".to_owned())),
        Ok(LookupResult::NeverWill) => told(app, held, id, PayoutFact::NeverArrived).await,
        Err(reason) => Ok(Done::Again(reason)),
    }
}

/// Commits what follows from what the rail said, and with it the end of the job. What became of it may have been told before
/// the answer was: then nothing is left but to drop the job.
async fn told(app: &App, held: &Held, id: PayoutId, fact: PayoutFact) -> AppResult<Done> {
    let fact = &fact;
    settle(app, Some(held.fence()), || async move {
        let mut step = payouts::observe(app, load(app, id).await?, fact.clone()).await?;
        held.done(&mut step);
        Ok(Some(step))
    })
    .await?;
    Ok(Done::Finished)
}
