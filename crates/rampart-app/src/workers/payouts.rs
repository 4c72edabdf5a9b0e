//! What becomes of payouts, with what it means for their orders and for the ledger.

use rampart_core::fact::PayoutReport;
use rampart_core::id::{PayoutId, ReviewId};
use rampart_core::ledger::Origin;
use rampart_core::order::StoppedBy;
use rampart_core::outgoing::{Payout, PayoutPurpose, PayoutState, Screening};
use rampart_core::payment::PaymentFact;
use rampart_core::rampoff::RampoffFact;
use rampart_core::review::ReviewItem;
use rampart_core::step::Step;

use super::observe;
use crate::app::App;
use crate::error::{AppError, Reply};

/// Brings what is promised for a payout beside its order's promise from one state to the next.
pub(crate) fn change_holds(step: &mut Step, before: Option<&Payout>, after: &Payout) {
    let before = before.map(Payout::holds).unwrap_or_default();
    // A new promise is asked for and bound by the floor; everything later follows from facts.
    let origin = if after.version == 0 { Origin::Request } else { Origin::Fact };
    before.into_iter().for_each(|(account, currency, amount)| step.hold(account, currency, amount.negated(), origin));
    after.holds().into_iter().for_each(|(account, currency, amount)| step.hold(account, currency, amount, origin));
}

/// Writes a payout in its next state, with what that does to its promises.
fn write_next(step: &mut Step, before: Payout, state: PayoutState) {
    let after = Payout { state, ..before.clone() };
    change_holds(step, Some(&before), &after);
    step.write(after);
}

/// A payout that a record of ours names.
pub(crate) async fn load(app: &App, id: PayoutId) -> Reply<Payout> {
    app.store().payout(id).await?.ok_or_else(|| AppError::defect(format!("there is no payout {id}")))
}

/// Orders a new payout, with what is promised for it and what is to be done with it first.
pub(crate) fn order(app: &App, payout: Payout, step: &mut Step) {
    change_holds(step, None, &payout);
    step.write(payout.first_job(&app.mint()));
    step.write(payout);
}

/// The screening provider knows nothing against the receiver: it is handed over.
pub(crate) fn cleared(app: &App, payout: Payout, step: &mut Step) {
    let payout = Payout { screening: Screening::Cleared, ..payout };
    step.write(payout.first_job(&app.mint()));
    step.write(payout);
}

/// It is stopped before it was handed over: because the screening provider, or we ourselves, know something against the
/// receiver, or because an operator wants it. Nothing leaves, and a person decides.
pub(crate) async fn stopped(app: &App, payout: Payout, by: StoppedBy, reason: String) -> Reply<Step> {
    let mut step = match (payout.order, payout.purpose) {
        (Some(order), PayoutPurpose::Rampoff) => {
            let fact = RampoffFact::PayoutStopped { payout: payout.id, by, reason: reason.clone() };
            observe::rampoff(app, observe::load_rampoff(app, order).await?, fact)
        }
        (Some(order), PayoutPurpose::Refund) => {
            let fact = PaymentFact::RefundStopped { payout: payout.id, by, reason: reason.clone() };
            observe::payment(app, observe::load_payment(app, order).await?, fact)
        }
        _ => Step::new(),
    };
    let reason = match by {
        StoppedBy::Screening => format!("stopped by screening: {reason}"),
        StoppedBy::Operator => format!("stopped by an operator: {reason}"),
    };
    if let Some(item) = put_back(app, payout.resolves, &reason).await? {
        step.write(ReviewItem { screening_hit: item.screening_hit || by == StoppedBy::Screening, ..item });
    }
    write_next(&mut step, payout, PayoutState::Failed { reason });
    Ok(step)
}

/// The item that something from suspense was to resolve, on the list once more.
pub(crate) async fn put_back(app: &App, resolved: Option<ReviewId>, reason: &str) -> Reply<Option<ReviewItem>> {
    let Some(id) = resolved else { return Ok(None) };
    let item = app.store().review(id).await?.ok_or_else(|| AppError::defect(format!("there is no item {id}")))?;
    Ok(Some(item.put_back(&app.mint(), reason.to_owned())))
}

/// Whether the rail may still be asked about it.
pub(crate) const fn is_open(payout: &Payout) -> bool {
    matches!(payout.state, PayoutState::Queued | PayoutState::Unknown)
}

/// The rail has taken it.
pub(crate) async fn accepted(app: &App, payout: Payout, reference: String) -> Reply<Option<Step>> {
    if !is_open(&payout) {
        return Ok(None);
    }
    let mut step = Step::new();
    if let (Some(order), PayoutPurpose::Rampoff) = (payout.order, payout.purpose) {
        let fact = RampoffFact::PayoutAccepted { payout: payout.id };
        step = observe::rampoff(app, observe::load_rampoff(app, order).await?, fact);
    }
    step.post(payout.accepted(&app.mint()));
    write_next(&mut step, payout, PayoutState::Accepted { reference });
    Ok(Some(step))
}

/// It will not arrive. It may have been taken before.
pub(crate) async fn failed(app: &App, payout: Payout, reason: String) -> Reply<Option<Step>> {
    let was_taken = matches!(payout.state, PayoutState::Accepted { .. });
    if !was_taken && !is_open(&payout) {
        return Ok(None);
    }
    let mut step = match (payout.order, payout.purpose) {
        (Some(order), PayoutPurpose::Rampoff) => {
            let fact = RampoffFact::PayoutFailed { payout: payout.id, reason: reason.clone() };
            observe::rampoff(app, observe::load_rampoff(app, order).await?, fact)
        }
        (Some(order), PayoutPurpose::Refund) => {
            let fact = PaymentFact::RefundFailed { payout: payout.id, reason: reason.clone() };
            observe::payment(app, observe::load_payment(app, order).await?, fact)
        }
        _ => Step::new(),
    };
    if was_taken {
        step.post(payout.failed(&app.mint()));
    }
    if let Some(item) = put_back(app, payout.resolves, &format!("sending it did not work: {reason}")).await? {
        step.write(item);
    }
    write_next(&mut step, payout, PayoutState::Failed { reason });
    Ok(Some(step))
}

/// It arrived. That may be told before we heard that it was taken; both are booked then.
pub(crate) async fn settled(app: &App, payout: Payout, reference: String) -> Reply<Option<Step>> {
    let was_taken = match &payout.state {
        PayoutState::Queued | PayoutState::Unknown => false,
        PayoutState::Accepted { .. } => true,
        PayoutState::Settled { .. } => return Ok(None),
        // Money that we counted as ours again has left after all: a person has to look.
        PayoutState::Failed { .. } | PayoutState::Returned { .. } => {
            return Err(AppError::defect(format!("payout {} is told to have arrived after it had failed", payout.id)));
        }
    };
    let mut step = match (payout.order, payout.purpose) {
        (Some(order), PayoutPurpose::Rampoff) => {
            let fact = RampoffFact::PayoutSettled { payout: payout.id, reference: reference.clone() };
            observe::rampoff(app, observe::load_rampoff(app, order).await?, fact)
        }
        (Some(order), PayoutPurpose::Refund) => {
            let fact = PaymentFact::RefundSettled { payout: payout.id, reference: reference.clone() };
            observe::payment(app, observe::load_payment(app, order).await?, fact)
        }
        _ => Step::new(),
    };
    let mint = app.mint();
    if !was_taken {
        step.post(payout.accepted(&mint));
    }
    step.post(payout.settled(&mint));
    write_next(&mut step, payout, PayoutState::Settled { reference });
    Ok(Some(step))
}

/// It had arrived and was sent back.
async fn returned(app: &App, payout: Payout, reason: String) -> Reply<Option<Step>> {
    let mut step = Step::new();
    // What the order takes from suspense has to lie there first.
    step.post(payout.returned(&app.mint()));
    match (payout.order, payout.purpose) {
        (Some(order), PayoutPurpose::Rampoff) => {
            let fact = RampoffFact::PayoutReturned { payout: payout.id, reason: reason.clone() };
            step.extend(observe::rampoff(app, observe::load_rampoff(app, order).await?, fact));
        }
        (Some(order), PayoutPurpose::Refund) => {
            let fact = PaymentFact::RefundReturned { payout: payout.id, amount: payout.amount, reason: reason.clone() };
            step.extend(observe::payment(app, observe::load_payment(app, order).await?, fact));
        }
        _ => {
            let item = put_back(app, payout.resolves, &format!("the receiving bank returned what we had sent: {reason}")).await?;
            item.into_iter().for_each(|item| step.write(item));
        }
    }
    write_next(&mut step, payout, PayoutState::Returned { reason });
    Ok(Some(step))
}

/// What a rail or processor tells. Nothing when it was known before.
///
/// A return before the arrival was told, or after a failure, is a failure: the money is where it was before it left.
pub(crate) async fn reported(app: &App, payout: Payout, report: PayoutReport) -> Reply<Option<Step>> {
    let arrived = matches!(payout.state, PayoutState::Settled { .. });
    match report {
        PayoutReport::Settled { reference } => settled(app, payout, reference).await,
        PayoutReport::Failed { reason } | PayoutReport::Returned { reason } if arrived => returned(app, payout, reason).await,
        PayoutReport::Failed { reason } | PayoutReport::Returned { reason } => failed(app, payout, reason).await,
    }
}
