//! Payouts: lists, and operator commands for a payout that does not progress.

use rampart_core::id::PayoutId;
use rampart_core::identity::bank_account::masked;
use rampart_core::order::StoppedBy;
use rampart_core::outgoing::{Payout, PayoutFact, PayoutPurpose, PayoutRoute, PayoutState, PayoutStatus, Screening};
use rampart_core::step::Step;
use rampart_core::step::fact::PayoutReport;
use rampart_core::step::record::RecordKey;
use rampart_core::text;
use serde::Serialize;

use super::{AuditLine, Operator, OrderFileLine, audit, audit_lines, job_line, major, operators_retry, refuse};
use crate::app::App;
use crate::error::AppResult;
use crate::workers::payouts;

/// States of payouts in progress.
pub const OPEN: [PayoutStatus; 3] = [PayoutStatus::Queued, PayoutStatus::Unknown, PayoutStatus::Accepted];

/// A payout without personal data: accounts are masked.
#[derive(Debug, Clone, Serialize)]
pub struct PayoutLine {
    pub id: String,
    pub state: String,
    pub purpose: PayoutPurpose,
    pub order: Option<String>,
    pub route: String,
    /// Amount in major units, and the asset.
    pub amount: String,
    /// The part below the rail's payable step, which the company keeps; `None` when there is none.
    pub rounding: Option<String>,
    pub account: String,
    pub screening: Screening,
    pub created_at: String,
}

/// Everything known about a payout.
#[derive(Debug, Clone, Serialize)]
pub struct PayoutFile {
    #[serde(flatten)]
    pub payout: PayoutLine,
    pub resolves: Option<String>,
    pub jobs: Vec<OrderFileLine>,
    pub audit: Vec<AuditLine>,
}

/// The state for display.
pub(super) fn state_of(payout: &Payout) -> String {
    match &payout.state {
        PayoutState::Queued => "queued".to_owned(),
        PayoutState::Unknown => "unknown: the rail is being asked".to_owned(),
        PayoutState::Accepted { reference } => format!("accepted as {reference}"),
        PayoutState::Settled { reference } => format!("settled as {reference}"),
        PayoutState::Failed { reason } => format!("failed: {reason}"),
        PayoutState::Returned { reason } => format!("returned: {reason}"),
    }
}

fn line(app: &App, payout: &Payout) -> PayoutLine {
    let of_currency = |amount| format!("{} {}", major(app, amount, payout.currency.into()), payout.currency);
    PayoutLine {
        id: payout.id.to_string(),
        state: state_of(payout),
        purpose: payout.purpose,
        order: payout.order.map(|order| order.to_string()),
        route: match payout.route {
            PayoutRoute::Bank(rail) => format!("bank:{rail}"),
            PayoutRoute::Processor(processor) => format!("card:{processor}"),
        },
        amount: of_currency(payout.amount),
        rounding: payout.rounding.is_positive().then(|| of_currency(payout.rounding)),
        account: masked(payout.destination.account.reveal()),
        screening: payout.screening,
        created_at: payout.created_at.to_string(),
    }
}

/// Payouts in one of these states, oldest first, after `behind`.
pub async fn list(app: &App, states: &[PayoutStatus], behind: Option<PayoutId>, limit: u32) -> AppResult<Vec<PayoutLine>> {
    let mut found = Vec::new();
    for state in states {
        found.extend(app.store.payouts_in_state(*state, behind, limit).await?);
    }
    found.sort_by_key(|payout| payout.id);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found.iter().map(|payout| line(app, payout)).collect())
}

async fn find(app: &App, id: PayoutId) -> AppResult<Payout> {
    app.store.payout(id).await?.ok_or_else(|| refuse(format!("there is no payout {id}")))
}

/// Everything known about a payout.
///
/// # Errors
/// A refusal for an unknown payout.
pub async fn show(app: &App, id: PayoutId) -> AppResult<PayoutFile> {
    let payout = find(app, id).await?;
    let subject = id.to_string();
    let jobs = app.store.jobs_of_subject(&subject).await?;
    Ok(PayoutFile {
        payout: line(app, &payout),
        resolves: payout.resolves.map(|item| item.to_string()),
        jobs: jobs.into_iter().map(job_line).collect(),
        audit: audit_lines(app, &subject).await?,
    })
}

/// Settles a payout: the bank confirmed to an operator that the money arrived.
///
/// # Errors
/// A refusal when it was not handed over, or has ended.
pub async fn settle(app: &App, operator: &Operator, id: PayoutId, reference: &str) -> AppResult<()> {
    let reference = reference.trim();
    if reference.is_empty() || reference.chars().count() > MAX_REFERENCE_CHARACTERS {
        return Err(refuse("say the bank's own reference of it"));
    }
    text::check(reference).map_err(|fault| refuse(format!("the bank's reference {fault}")))?;
    decide(app, operator, id, "payout.settle", async |payout| {
        was_handed_over(&payout, "settled")?;
        let word = PayoutReport::Settled { reference: reference.to_owned() };
        payouts::observe(app, payout, PayoutFact::Said { by: operator.actor.clone(), word }).await
    })
    .await
}

/// Fails a payout: the bank confirmed to an operator that the money will not arrive.
///
/// # Errors
/// A refusal when it was not handed over, or has ended.
pub async fn fail(app: &App, operator: &Operator, id: PayoutId) -> AppResult<()> {
    decide(app, operator, id, "payout.fail", async |payout| {
        was_handed_over(&payout, "failed")?;
        let word = PayoutReport::Failed { reason: operator.reason.clone() };
        payouts::observe(app, payout, PayoutFact::Said { by: operator.actor.clone(), word }).await
    })
    .await
}

/// Stops a payout that was certainly not sent to its rail.
///
/// # Errors
/// A refusal when it may have been sent.
pub async fn stop(app: &App, operator: &Operator, id: PayoutId) -> AppResult<()> {
    decide(app, operator, id, "payout.stop", async |payout| {
        if payout.state != PayoutState::Queued {
            return Err(refuse(format!("it is {} and cannot be stopped any more", state_of(&payout))));
        }
        let jobs = app.store.jobs_of_subject(&id.to_string()).await?;
        if !payout.can_be_stopped(&jobs) {
            return Err(refuse("it may be handed over at this moment: look again in a minute"));
        }
        let mut step = Step::new();
        step.removals = jobs.iter().map(|job| (RecordKey::Job(job.id), job.version)).collect();
        let stopped = PayoutFact::Stopped { by: StoppedBy::Operator, reason: operator.reason.clone() };
        step.extend(payouts::observe(app, payout, stopped).await?);
        Ok(step)
    })
    .await
}

const MAX_REFERENCE_CHARACTERS: usize = 140;

/// A bank knows only payouts that were sent to it.
fn was_handed_over(payout: &Payout, participle: &str) -> AppResult<()> {
    match payout.state {
        PayoutState::Unknown | PayoutState::Accepted { .. } => Ok(()),
        PayoutState::Queued => Err(refuse("it was not handed over: it can be stopped")),
        _ => Err(refuse(format!("it is {} and cannot be {participle}", state_of(payout)))),
    }
}

async fn decide(
    app: &App,
    operator: &Operator,
    id: PayoutId,
    action: &str,
    decision: impl AsyncFn(Payout) -> AppResult<Step>,
) -> AppResult<()> {
    let decision = &decision;
    operators_retry(app, "payout is", || async move {
        let payout = find(app, id).await?;
        let order = payout.order;
        let mut step = decision(payout).await?;
        audit(app, operator, action, id, &mut step);
        if let Some(order) = order {
            audit(app, operator, action, order, &mut step);
        }
        Ok((step, ()))
    })
    .await
}
