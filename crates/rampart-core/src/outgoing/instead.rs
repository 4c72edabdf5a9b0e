//! A payout that was taken for failed, and arrives all the same. What was ordered in its place is stopped if it has certainly
//! not left yet. Otherwise what arrived is booked as lost, until what was ordered in its place turns out not to have left.

use super::{Outgoing, Payout, PayoutState, Transfer, TransferFact, TransferState};
use crate::id::{PayoutId, TransferId};
use crate::job::Job;
use crate::ledger::{Account, LossKind, Movement, Origin, Posting, PostingKind};
use crate::order::{Context, Order};
use crate::payment::PaymentFact;
use crate::rampoff::RampoffFact;
use crate::record::{Record, RecordKey};
use crate::review::ReviewItem;
use crate::step::Step;

/// Something that leaves, or left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Leaving {
    /// Money.
    Payout(PayoutId),
    /// Coins.
    Transfer(TransferId),
}

impl Leaving {
    /// The one that a record is, if it is one.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        match record {
            Record::Payout(payout) => Some(Self::Payout(payout.id)),
            Record::Transfer(transfer) => Some(Self::Transfer(transfer.id)),
            _ => None,
        }
    }
}

/// What was ordered in place of a payout that was taken for failed, with the jobs that wait for it.
#[derive(Debug, Clone)]
pub enum Instead {
    /// Money.
    Payout(Box<Payout>, Vec<Job>),
    /// Coins.
    Transfer(Box<Transfer>, Vec<Job>),
}

impl Instead {
    /// Stops it; nothing when it may have left. Signing writes a transfer, handing a payout over leases its job: either
    /// happens, or the stop.
    fn stop(self, why: &str, order: Option<Order>, context: &Context<'_>) -> Option<Step> {
        let named = Outgoing { order, ..Outgoing::default() };
        let (mut step, jobs) = match self {
            Self::Payout(payout, jobs) if payout.can_be_stopped(&jobs) => (payout.gives_way(why, named, context), jobs),
            Self::Transfer(transfer, jobs) if transfer.state == TransferState::Queued => {
                (transfer.observe(TransferFact::Stopped { reason: why.to_owned() }, named, context), jobs)
            }
            Self::Payout(..) | Self::Transfer(..) => return None,
        };
        step.removals.extend(jobs.iter().map(|job| (RecordKey::Job(job.id), job.version)));
        Some(step)
    }

    /// What it is called in a sentence.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Payout(payout, _) => format!("payout {}", payout.id),
            Self::Transfer(transfer, _) => format!("transfer {}", transfer.id),
        }
    }
}

/// What follows for an order when a payout of it has arrived that was taken for failed, and what was ordered in its place
/// could be stopped; nothing when the order has gone on, so that its money is not there any more.
pub(super) fn settles(payout: &Payout, reference: &str, order: Order, instead: Option<Instead>, context: &Context<'_>) -> Option<Step> {
    let step = match (order.on_its_way(), instead) {
        (None, _) => return arrived(payout, reference, order, context),
        (Some(_), None) => return None,
        (Some(_), Some(instead)) => instead.stop(&format!("payout {} has arrived after all", payout.id), Some(order), context)?,
    };
    then_arrived(step, payout, reference, context)
}

/// The same for an item of the list of reviews that was put back, and perhaps decided about since.
pub(super) fn settles_item(payout: &Payout, item: ReviewItem, instead: Option<Instead>, context: &Context<'_>) -> Option<Step> {
    let why = format!("payout {} has arrived after all", payout.id);
    match (&item.resolution, instead) {
        (None, _) => {
            let mut step = Step::new();
            step.write(item.settled("return", "bank", why, Some(Leaving::Payout(payout.id)), context.mint.now));
            Some(step)
        }
        (Some(resolution), Some(instead)) if resolution.sent.is_some() => instead.stop(&why, None, context),
        (Some(_), _) => None,
    }
}

/// The order that a step writes, which is told that this payout has arrived.
fn then_arrived(mut step: Step, payout: &Payout, reference: &str, context: &Context<'_>) -> Option<Step> {
    let place = step.writes.iter().position(|record| matches!(record, Record::Payment(_) | Record::Rampoff(_)))?;
    let order = match step.writes.remove(place) {
        Record::Payment(payment) => Order::Payment(payment),
        Record::Rampoff(rampoff) => Order::Rampoff(rampoff),
        _ => return None,
    };
    step.extend(arrived(payout, reference, order, context)?);
    Some(step)
}

fn arrived(payout: &Payout, reference: &str, order: Order, context: &Context<'_>) -> Option<Step> {
    let (id, amount, reference) = (payout.id, payout.amount, reference.to_owned());
    match order {
        Order::Payment(order) if order.waits_with(amount) => {
            Some(order.observe(PaymentFact::RefundArrived { payout: id, reference }, context))
        }
        Order::Rampoff(order) if order.waits_with(amount) => {
            Some(order.observe(RampoffFact::PayoutArrived { payout: id, amount, reference }, context))
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

    /// The money that was to go another way lies there again: that account is debited, `losses` credited.
    fn post_loss_recovered(&self, context: &Context<'_>) -> Option<Posting> {
        let movement = Movement::new(self.owed_to(), Account::Losses(LossKind::PaidTwice), self.currency, self.amount);
        Posting::moving(&context.mint, PostingKind::LossRecovered, Origin::Fact, self.order, &[movement])
    }

    /// A lost payout was sent back by the receiving bank: `bank` is debited, `losses` credited.
    pub(super) fn post_loss_returned(&self, context: &Context<'_>) -> Option<Posting> {
        let movement = Movement::new(self.route.account(), Account::Losses(LossKind::PaidTwice), self.currency, self.amount);
        Posting::moving(&context.mint, PostingKind::PayoutReturned, Origin::Fact, self.order, &[movement])
    }
}
