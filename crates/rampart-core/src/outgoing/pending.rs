//! What is on its way, when something comes that makes it pointless: it is stopped if it was certainly not attempted.
//!
//! Money or coins of its order were taken back: what is left waits for a person. A payout that was taken for failed arrives
//! all the same: what was ordered in its place is stopped; otherwise what arrived is booked as lost, until that turns out not
//! to have left.

use super::{Outgoing, Payout, PayoutState, Transfer, TransferFact, TransferState};
use crate::id::{PayoutId, TransferId};
use crate::job::Job;
use crate::ledger::{Account, LossKind, Movement, Origin, Posting, PostingKind};
use crate::order::{Context, Order, StoppedBy};
use crate::payment::PaymentFact;
use crate::rampoff::RampoffFact;
use crate::record::{Record, RecordKey};
use crate::review::ReviewItem;
use crate::step::Step;

/// Something that leaves, or left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum OutgoingRecord {
    /// Money.
    Payout(PayoutId),
    /// Coins.
    Transfer(TransferId),
}

impl OutgoingRecord {
    /// The one that a record is, if it is one.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        match record {
            Record::Payout(payout) => Some(Self::Payout(payout.id)),
            Record::Transfer(transfer) => Some(Self::Transfer(transfer.id)),
            _ => None,
        }
    }
}

/// Something that was ordered to leave, with the jobs that wait for it.
#[derive(Debug, Clone)]
pub enum PendingOutgoing {
    /// Money.
    Payout(Box<Payout>, Vec<Job>),
    /// Coins.
    Transfer(Box<Transfer>, Vec<Job>),
}

impl PendingOutgoing {
    /// Stops it; nothing when it may have left. Signing writes a transfer, handing a payout over leases its job: either
    /// happens, or the stop.
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

    /// Whether it is a payout that is being handed over at this moment: soon it is known whether it was.
    #[must_use]
    pub fn is_being_handed_over(&self) -> bool {
        match self {
            Self::Payout(payout, jobs) => payout.state == PayoutState::Queued && jobs.iter().any(|job| job.leased_until.is_some()),
            Self::Transfer(..) => false,
        }
    }

    /// What was signed and may have been broadcast is not broadcast again; nothing for whatever cannot be recalled. Broadcasting
    /// leases its job first: either happens, or this. What is being broadcast at this moment is found on its chain.
    #[must_use]
    pub fn recall(self, context: &Context<'_>) -> Option<Step> {
        let Self::Transfer(transfer, jobs) = self else { return None };
        let step = transfer.observe(TransferFact::Recalled, Outgoing::default(), context);
        (!step.is_empty()).then(|| {
            let mut step = step;
            // The sender looks for nonces that nobody carries when it finds the job.
            jobs.into_iter().filter(|job| job.leased_until.is_none()).for_each(|job| step.write(Job { due_at: context.mint.now, ..job }));
            step
        })
    }

    /// What it is called in a sentence.
    pub(super) fn description(&self) -> String {
        match self {
            Self::Payout(payout, _) => format!("payout {}", payout.id),
            Self::Transfer(transfer, _) => format!("transfer {}", transfer.id),
        }
    }
}

/// What follows for an order when a payout of it has arrived that was taken for failed, and what was ordered in its place
/// could be stopped; nothing when the order has gone on, so that its money is not there any more.
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
        (Some(_), Some(instead)) => instead.stop(&format!("payout {} has arrived after all", payout.id), Some(order), context)?,
    };
    then_arrived(step, payout, reference, context)
}

/// The same for an item of the list of reviews that was put back, and perhaps decided about since.
pub(super) fn settle_item(payout: &Payout, item: ReviewItem, instead: Option<PendingOutgoing>, context: &Context<'_>) -> Option<Step> {
    let why = format!("payout {} has arrived after all", payout.id);
    match (&item.resolution, instead) {
        (None, _) => {
            let mut step = Step::new();
            step.write(item.settled("return", "bank", why, Some(OutgoingRecord::Payout(payout.id)), context.mint.now));
            Some(step)
        }
        (Some(resolution), Some(instead)) if resolution.sent.is_some() => instead.stop(&why, None, context),
        (Some(_), _) => None,
    }
}

/// The order that a step writes, taken out of it for the same step to go on with it; nothing when it writes none.
fn take_order(step: &mut Step) -> Option<Order> {
    let place = step.writes.iter().position(|record| matches!(record, Record::Payment(_) | Record::Rampoff(_)))?;
    match step.writes.remove(place) {
        Record::Payment(payment) => Some(Order::Payment(payment)),
        Record::Rampoff(rampoff) => Some(Order::Rampoff(rampoff)),
        _ => None,
    }
}

/// The order that a step writes, which is told that this payout has arrived.
fn then_arrived(mut step: Step, payout: &Payout, reference: &str, context: &Context<'_>) -> Option<Step> {
    let order = take_order(&mut step)?;
    step.extend(arrived(payout, reference, order, context)?);
    Some(step)
}

/// Stops what is on its way for an order where that was certainly not attempted, and recalls it where it was signed; with the
/// order as that leaves it, and whether it was changed.
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

/// What follows when a person calls back what is on its way for an order; nothing when none of it can be stopped or recalled
/// any more.
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

/// What follows for an order from `fact`, which makes pointless what is on its way for it: in the same step that is stopped
/// where it was certainly not attempted, and recalled where it was signed. The partner is told of what comes of all of it.
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

/// What was ordered in place of a lost payout did not leave: what has arrived was no loss. The step is the one in which the
/// order takes its money back.
pub(super) fn recovered(step: Step, lost: Option<Payout>, context: &Context<'_>) -> Step {
    let Some(lost) = lost else { return step };
    let PayoutState::Settled { reference } = lost.state.clone() else { return step };
    let Some(mut recovered) = then_arrived(step.clone(), &lost, &reference, context) else { return step };
    recovered.post(lost.post_loss_recovered(context));
    recovered.write(Payout { lost: false, ..lost });
    recovered
}

impl Payout {
    /// It arrived, and its order's money has gone another way: `losses` is debited, `in_transit` credited.
    pub(super) fn post_lost(&self, context: &Context<'_>) -> Option<Posting> {
        let movement = Movement::new(Account::Losses(LossKind::PaidTwice), self.route.in_transit(), self.currency, self.amount);
        Posting::moving(&context.mint, PostingKind::PayoutSettled, Origin::Fact, self.order, &[movement])
    }

    /// It had been sent back, and has arrived once more: `suspense` is debited, `in_transit` credited.
    pub(super) fn post_sent_again(&self, context: &Context<'_>) -> Option<Posting> {
        let movement = Movement::new(Account::Suspense, self.route.in_transit(), self.currency, self.amount);
        Posting::moving(&context.mint, PostingKind::PayoutSettled, Origin::Fact, self.order, &[movement])
    }

    /// The money that was to go another way lies there again: that account is debited, `losses` credited, and
    /// what the rail could not pay is kept.
    fn post_loss_recovered(&self, context: &Context<'_>) -> Option<Posting> {
        let movement = Movement::new(self.owed_to(), Account::Losses(LossKind::PaidTwice), self.currency, self.amount);
        Posting::moving(&context.mint, PostingKind::LossRecovered, Origin::Fact, self.order, &[movement, self.rounding_movement()])
    }

    /// A lost payout was sent back by the receiving bank: `bank` is debited, `losses` credited.
    pub(super) fn post_loss_returned(&self, context: &Context<'_>) -> Option<Posting> {
        let movement = Movement::new(self.route.account(), Account::Losses(LossKind::PaidTwice), self.currency, self.amount);
        Posting::moving(&context.mint, PostingKind::PayoutReturned, Origin::Fact, self.order, &[movement])
    }
}
