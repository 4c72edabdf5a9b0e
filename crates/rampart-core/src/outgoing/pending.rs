//! Stopping and recalling what is outgoing when an event makes it pointless. It is stopped only if it was certainly not
//! attempted.
//!
//! If money or coins of its order were reversed, the rest waits for an operator. If a payout treated as failed settles late,
//! its replacement is stopped; otherwise the payout is booked as lost until the replacement turns out not to have left.

use super::{Outgoing, Payout, PayoutState, Transfer, TransferFact, TransferState};
use crate::id::{PayoutId, TransferId};
use crate::ledger::{Account, LossKind, Movement, Origin, Posting, PostingKind};
use crate::order::payment::PaymentFact;
use crate::order::rampoff::RampoffFact;
use crate::order::{Context, Order, StoppedBy};
use crate::review::{ReviewDecision, ReviewItem};
use crate::step::Step;
use crate::step::job::Job;
use crate::step::record::{Record, RecordKey};

/// A payout or transfer that leaves, or left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum OutgoingRecord {
    Payout(PayoutId),
    Transfer(TransferId),
}

impl OutgoingRecord {
    /// The reference to a record, if it is a payout or a transfer.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        match record {
            Record::Payout(payout) => Some(Self::Payout(payout.id)),
            Record::Transfer(transfer) => Some(Self::Transfer(transfer.id)),
            _ => None,
        }
    }
}

/// A payout or transfer under way, with its open jobs.
#[derive(Debug, Clone)]
pub enum PendingOutgoing {
    Payout(Box<Payout>, Vec<Job>),
    Transfer(Box<Transfer>, Vec<Job>),
}

impl PendingOutgoing {
    /// Stops it; `None` if it may have left. Signing writes the transfer and sending a payout leases its job, so either that or
    /// the stop is committed, never both.
    pub(crate) fn stop(self, why: &str, order: Option<Order>, context: &Context<'_>) -> Option<Step> {
        let named = Outgoing { order, ..Outgoing::default() };
        let (mut step, jobs) = match self {
            Self::Payout(payout, jobs) if payout.can_be_stopped(&jobs) => (payout.stop_for_late_settlement(why, named, context), jobs),
            Self::Transfer(transfer, jobs) if transfer.state == TransferState::Queued => {
                (transfer.observe(TransferFact::Stopped { by: StoppedBy::Operator, reason: why.to_owned() }, named, context), jobs)
            }
            Self::Payout(..) | Self::Transfer(..) => return None,
        };
        step.removals.extend(jobs.iter().map(|job| (RecordKey::Job(job.id), job.version)));
        Some(step)
    }

    /// Whether it is a payout that is being sent right now; soon it is known whether it was.
    #[must_use]
    pub fn is_being_handed_over(&self) -> bool {
        match self {
            Self::Payout(payout, jobs) => payout.state == PayoutState::Queued && jobs.iter().any(|job| job.leased_until.is_some()),
            Self::Transfer(..) => false,
        }
    }

    /// Recalls a signed transfer: it is not broadcast again. `None` for anything that cannot be recalled. Broadcasting leases
    /// its job first, so either that or the recall is committed. A broadcast in progress is found on the chain.
    #[must_use]
    pub fn recall(self, context: &Context<'_>) -> Option<Step> {
        let Self::Transfer(transfer, jobs) = self else { return None };
        let step = transfer.observe(TransferFact::Recalled, Outgoing::default(), context);
        (!step.is_empty()).then(|| {
            let mut step = step;
            // When the sender finds the job, it looks for nonces that no transfer uses.
            jobs.into_iter().filter(|job| job.leased_until.is_none()).for_each(|job| step.write(Job { due_at: context.mint.now, ..job }));
            step
        })
    }

    /// Its description in messages.
    pub(super) fn description(&self) -> String {
        match self {
            Self::Payout(payout, _) => format!("payout {}", payout.id),
            Self::Transfer(transfer, _) => format!("transfer {}", transfer.id),
        }
    }
}

/// Applies a payout that settled late to its order, after stopping the replacement. `None` if the order has moved on and its
/// money is not there any more.
pub(super) fn settle_order(
    payout: &Payout,
    reference: &str,
    order: Order,
    instead: Option<PendingOutgoing>,
    context: &Context<'_>,
) -> Option<Step> {
    let step = match (order.on_its_way(), instead) {
        (None, _) => return arrived(payout, reference, order, context),
        (Some(_), None) => return None,
        (Some(_), Some(instead)) => instead.stop(&format!("payout {} has settled after all", payout.id), Some(order), context)?,
    };
    then_arrived(step, payout, reference, context)
}

/// The same for a reopened review item, which may have been decided again since.
pub(super) fn settle_item(payout: &Payout, item: ReviewItem, instead: Option<PendingOutgoing>, context: &Context<'_>) -> Option<Step> {
    let why = format!("payout {} has settled after all", payout.id);
    match (&item.resolution, instead) {
        (None, _) => {
            let mut step = Step::new();
            step.write(item.settled(ReviewDecision::Return, "bank", why, Some(OutgoingRecord::Payout(payout.id)), context.mint.now));
            Some(step)
        }
        (Some(resolution), Some(instead)) if resolution.sent.is_some() => instead.stop(&why, None, context),
        (Some(_), _) => None,
    }
}

/// Removes the order that a step writes, for the same step to continue with; `None` if it writes none.
fn take_order(step: &mut Step) -> Option<Order> {
    let place = step.writes.iter().position(|record| matches!(record, Record::Payment(_) | Record::Rampoff(_)))?;
    match step.writes.remove(place) {
        Record::Payment(payment) => Some(Order::Payment(payment)),
        Record::Rampoff(rampoff) => Some(Order::Rampoff(rampoff)),
        _ => None,
    }
}

/// Applies the late settlement to the order that a step writes.
fn then_arrived(mut step: Step, payout: &Payout, reference: &str, context: &Context<'_>) -> Option<Step> {
    let order = take_order(&mut step)?;
    step.extend(arrived(payout, reference, order, context)?);
    Some(step)
}

/// Stops what is outgoing for an order if it was certainly not attempted, and recalls it if it was signed. Returns the step,
/// the order as it is then, and whether the order changed.
fn withdraw(order: Order, on_its_way: Vec<PendingOutgoing>, why: &str, context: &Context<'_>) -> (Step, Order, bool) {
    let (mut step, mut order, mut is_changed) = (Step::new(), order, false);
    for leaving in on_its_way {
        let withdrawn = match &leaving {
            PendingOutgoing::Transfer(transfer, _) if matches!(transfer.state, TransferState::Signed(_)) => leaving.recall(context),
            _ => leaving.stop(why, Some(order.clone()), context),
        };
        let Some(mut withdrawn) = withdrawn else { continue };
        if let Some(changed) = take_order(&mut withdrawn) {
            (order, is_changed) = (changed, true);
        }
        step.extend(withdrawn);
    }
    (step, order, is_changed)
}

/// An operator calls back what is outgoing for an order; `None` if none of it can be stopped or recalled any more.
#[must_use]
pub fn called_back(order: Order, on_its_way: Vec<PendingOutgoing>, why: &str, context: &Context<'_>) -> Option<Step> {
    let (mut step, order, is_changed) = withdraw(order, on_its_way, why, context);
    match order {
        _ if !is_changed => {}
        Order::Payment(payment) => step.write(*payment),
        Order::Rampoff(rampoff) => step.write(*rampoff),
    }
    (!step.is_empty()).then_some(step)
}

/// Applies a fact that makes what is outgoing for an order pointless. The same step stops it if it was certainly not attempted
/// and recalls it if it was signed. One event reports the result.
#[must_use]
pub fn stopped_by(
    order: Order,
    on_its_way: Vec<PendingOutgoing>,
    why: &str,
    context: &Context<'_>,
    fact: impl FnOnce(Order) -> Step,
) -> Step {
    let (mut step, order, _) = withdraw(order, on_its_way, why, context);
    let in_between = std::mem::take(&mut step.events);
    let follows = fact(order);
    if follows.events.is_empty() {
        step.events.extend(in_between.into_iter().last());
    }
    step.extend(follows);
    step
}

fn arrived(payout: &Payout, reference: &str, order: Order, context: &Context<'_>) -> Option<Step> {
    let (id, amount, rounding, reference) = (payout.id, payout.amount, payout.rounding, reference.to_owned());
    match order {
        Order::Payment(order) if order.holds_unsent(payout.takes()) => {
            Some(order.observe(PaymentFact::RefundArrived { payout: id, amount, reference }, context))
        }
        Order::Rampoff(order) if order.holds_unsent(payout.takes()) => {
            Some(order.observe(RampoffFact::PayoutArrived { payout: id, amount, rounding, reference }, context))
        }
        Order::Payment(_) | Order::Rampoff(_) => None,
    }
}

/// The replacement of a lost payout did not leave, so the payout is no loss. `step` is the one in which the order gets its
/// money back.
pub(super) fn recovered(step: Step, lost: Option<Payout>, context: &Context<'_>) -> Step {
    let Some(lost) = lost else { return step };
    let PayoutState::Settled { reference } = lost.state.clone() else { return step };
    let Some(mut recovered) = then_arrived(step.clone(), &lost, &reference, context) else { return step };
    recovered.post(lost.post_loss_recovered(context));
    recovered.write(Payout { lost: false, ..lost });
    recovered
}

impl Payout {
    /// It settled after its order's money had gone another way: `losses` is debited, `in_transit` credited.
    pub(super) fn post_lost(&self, context: &Context<'_>) -> Option<Posting> {
        let movement = Movement::new(Account::Losses(LossKind::PaidTwice), self.route.in_transit(), self.currency, self.amount);
        Posting::moving(&context.mint, PostingKind::PayoutSettled, Origin::Fact, self.order, &[movement])
    }

    /// It had been returned and settled again: `suspense` is debited, `in_transit` credited.
    pub(super) fn post_sent_again(&self, context: &Context<'_>) -> Option<Posting> {
        let movement = Movement::new(Account::Suspense, self.route.in_transit(), self.currency, self.amount);
        Posting::moving(&context.mint, PostingKind::PayoutSettled, Origin::Fact, self.order, &[movement])
    }

    /// The replacement's money is back: that account is debited, `losses` credited. What the rail could not pay is kept as a
    /// fee.
    fn post_loss_recovered(&self, context: &Context<'_>) -> Option<Posting> {
        let movement = Movement::new(self.owed_to(), Account::Losses(LossKind::PaidTwice), self.currency, self.amount);
        Posting::moving(&context.mint, PostingKind::LossRecovered, Origin::Fact, self.order, &[movement, self.rounding_movement()])
    }

    /// The receiving bank returned a lost payout: `bank` is debited, `losses` credited.
    pub(super) fn post_loss_returned(&self, context: &Context<'_>) -> Option<Posting> {
        let movement = Movement::new(self.route.account(), Account::Losses(LossKind::PaidTwice), self.currency, self.amount);
        Posting::moving(&context.mint, PostingKind::PayoutReturned, Origin::Fact, self.order, &[movement])
    }
}
