//! Handing payouts to their rails, and asking what became of those whose answer was lost. A payout's identifier is the
//! rail's idempotency key; an unknown outcome is asked for and never repeated blindly.

use std::time::Duration;

use rampart_core::id::PayoutId;
use rampart_core::job::{Job, JobKind};
use rampart_core::outgoing::{Payout, PayoutState, Route, Screening};
use rampart_core::ports::{Finding, Outcome};
use rampart_core::step::Step;

use super::{Done, in_time};
use crate::app::App;
use crate::error::{AppError, Reply};
use crate::workers::leases::{self, Held};
use crate::workers::payouts::{self, load};
use crate::workers::settle::settle;

/// How long a rail is left alone before it is asked what became of a payout (business time).
const FIRST_QUESTION_AFTER: Duration = Duration::from_secs(1);

async fn hand_over(app: &App, payout: &Payout) -> Reply<Outcome<String>> {
    let no_adapter = || AppError::defect(format!("payout {} takes a route that has no adapter", payout.id));
    let answer = match payout.route {
        Route::Bank(rail) => in_time(app, app.ports().bank(rail).ok_or_else(no_adapter)?.pay(payout)).await,
        Route::Processor(processor) => in_time(app, app.ports().processor(processor).ok_or_else(no_adapter)?.refund(payout)).await,
    };
    Ok(answer.unwrap_or_else(|| Outcome::Unknown { reason: "it did not answer in time".to_owned() }))
}

async fn look(app: &App, payout: &Payout) -> Reply<Result<Finding<String>, String>> {
    let no_adapter = || AppError::defect(format!("payout {} takes a route that has no adapter", payout.id));
    let answer = match payout.route {
        Route::Bank(rail) => in_time(app, app.ports().bank(rail).ok_or_else(no_adapter)?.find(rail, payout.id)).await,
        Route::Processor(name) => in_time(app, app.ports().processor(name).ok_or_else(no_adapter)?.find_refund(name, payout.id)).await,
    };
    Ok(match answer {
        Some(Ok(finding)) => Ok(finding),
        Some(Err(unavailable)) => Err(unavailable.to_string()),
        None => Err("it did not answer in time".to_owned()),
    })
}

pub(super) async fn send(app: &App, held: &Held) -> Reply<Done> {
    let id: PayoutId = leases::subject(&held.job)?;
    let payout = load(app, id).await?;
    match payout.state {
        // Nobody has answered whether it may leave: it has a job of another kind.
        PayoutState::Queued if payout.screening == Screening::Due => {
            leases::drop_job(app, held).await?;
            Ok(Done::Finished)
        }
        PayoutState::Queued if held.interrupted => unknown(app, held, id).await,
        PayoutState::Queued => match hand_over(app, &payout).await? {
            Outcome::Accepted(reference) => accepted(app, held, id, &reference).await,
            Outcome::Refused { reason } => refused(app, held, id, &reason).await,
            Outcome::NotSent { reason } => Ok(Done::Again(reason)),
            Outcome::Unknown { .. } => unknown(app, held, id).await,
        },
        PayoutState::Unknown => unknown(app, held, id).await,
        _ => {
            leases::drop_job(app, held).await?;
            Ok(Done::Finished)
        }
    }
}

pub(super) async fn check(app: &App, held: &Held) -> Reply<Done> {
    let id: PayoutId = leases::subject(&held.job)?;
    let payout = load(app, id).await?;
    if payout.state != PayoutState::Unknown {
        leases::drop_job(app, held).await?;
        return Ok(Done::Finished);
    }
    match look(app, &payout).await? {
        Ok(Finding::Found(reference)) => accepted(app, held, id, &reference).await,
        Ok(Finding::NotYet) => Ok(Done::Again("the rail does not know it yet".to_owned())),
        Ok(Finding::NeverWill) => put_back(app, held, id).await,
        Err(reason) => Ok(Done::Again(reason)),
    }
}

async fn accepted(app: &App, held: &Held, id: PayoutId, reference: &str) -> Reply<Done> {
    settle(app, Some(held.fence()), || async move {
        // What became of it may have been told before the answer was: then nothing is left but to drop the job.
        let mut step = payouts::accepted(app, load(app, id).await?, reference.to_owned()).await?.unwrap_or_default();
        held.done(&mut step);
        Ok(Some(step))
    })
    .await?;
    Ok(Done::Finished)
}

async fn refused(app: &App, held: &Held, id: PayoutId, reason: &str) -> Reply<Done> {
    settle(app, Some(held.fence()), || async move {
        let payout = load(app, id).await?;
        let mut step = match payouts::is_open(&payout) {
            true => payouts::failed(app, payout, reason.to_owned()).await?.unwrap_or_default(),
            false => Step::new(),
        };
        held.done(&mut step);
        Ok(Some(step))
    })
    .await?;
    Ok(Done::Finished)
}

/// Nobody knows whether it left: that is written down, and the rail is asked.
async fn unknown(app: &App, held: &Held, id: PayoutId) -> Reply<Done> {
    settle(app, Some(held.fence()), || async move {
        let mut payout = load(app, id).await?;
        let mut step = Step::new();
        if payouts::is_open(&payout) {
            let mint = app.mint();
            let job = Job::due_now(&mint, JobKind::CheckPayout, id);
            step.write(Job { due_at: mint.now.after(FIRST_QUESTION_AFTER), ..job });
            payout.state = PayoutState::Unknown;
            step.write(payout);
        }
        held.done(&mut step);
        Ok(Some(step))
    })
    .await?;
    Ok(Done::Finished)
}

/// The rail never had it and never will: it is handed over as if for the first time.
async fn put_back(app: &App, held: &Held, id: PayoutId) -> Reply<Done> {
    settle(app, Some(held.fence()), || async move {
        let mut payout = load(app, id).await?;
        let mut step = Step::new();
        if payout.state == PayoutState::Unknown {
            payout.state = PayoutState::Queued;
            step.write(Job::due_now(&app.mint(), JobKind::SendPayout, id));
            step.write(payout);
        }
        held.done(&mut step);
        Ok(Some(step))
    })
    .await?;
    Ok(Done::Finished)
}
