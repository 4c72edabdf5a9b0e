//! Applies facts to a payout, its order and the ledger. Facts are never refused; a repeated one, or one that does not fit the
//! state, yields an empty step.

use std::time::Duration;

use super::{Payout, PayoutPurpose, PayoutState};
use crate::id::{Mint, OrderId};
use crate::ledger::Origin;
use crate::money::amount::Amount;
use crate::order::payment::PaymentFact;
use crate::order::rampoff::RampoffFact;
use crate::order::{Context, Order, SetAside, StoppedBy};
use crate::outgoing::ScreeningResult;
use crate::outgoing::{Outgoing, PendingOutgoing, change_holds, observe_set_aside, pending};
use crate::review::{ReviewItem, ReviewSubject};
use crate::step::Step;
use crate::step::fact::PayoutReport;
use crate::step::job::{Job, JobKind};

/// Delay before the first lookup of a payout whose answer was lost (business time).
const FIRST_LOOKUP_DELAY: Duration = Duration::from_secs(1);

/// A fact about a payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayoutFact {
    /// The receiver was screened, by the provider or by our own check.
    Screened(ScreeningResult),
    /// The screening is outdated and has to be repeated.
    Outdated,
    Stopped {
        by: StoppedBy,
        reason: String,
    },
    /// The rail's payable step changed, so that it cannot pay the whole amount.
    PayableStepChanged,
    Unknown,
    /// A lookup after a lost answer: the rail has never had it and never will.
    NeverArrived,
    Accepted {
        reference: String,
    },
    Refused {
        reason: String,
    },
    /// It arrived. This may be reported before its acceptance.
    Settled {
        reference: String,
    },
    /// It will not arrive, or was returned.
    Failed {
        reason: String,
    },
    /// An operator reports what the bank said about a payout that was sent. This stands until the rail or the bank reports
    /// otherwise.
    Said {
        by: String,
        word: PayoutReport,
    },
}

impl Payout {
    /// Applies a fact.
    #[must_use]
    pub fn observe(self, fact: PayoutFact, outgoing: Outgoing, context: &Context<'_>) -> Step {
        let mint = &context.mint;
        match fact {
            PayoutFact::Screened(ScreeningResult::Clear) => self.cleared(mint),
            PayoutFact::Outdated => self.asked_again(mint),
            PayoutFact::Screened(ScreeningResult::Hit { reason }) if self.awaits_screening() => {
                self.stopped(StoppedBy::Screening, reason, outgoing, context)
            }
            PayoutFact::Screened(ScreeningResult::Hit { .. }) => Step::new(),
            PayoutFact::Stopped { by, reason } => self.stopped(by, reason, outgoing, context),
            PayoutFact::PayableStepChanged => self.round_to_payable_step(outgoing.order, context),
            PayoutFact::Unknown => self.unknown(mint),
            PayoutFact::NeverArrived => self.never_arrived(mint),
            PayoutFact::Accepted { reference } => self.accepted(reference, outgoing, context),
            PayoutFact::Refused { reason } if self.is_open() => self.failed(reason, None, outgoing, context),
            PayoutFact::Refused { .. } => Step::new(),
            PayoutFact::Settled { reference } => match self.state {
                PayoutState::Failed { .. } | PayoutState::Returned { .. } => self.arrived_after_all(&reference, outgoing, context),
                _ => self.settled(reference, None, outgoing, context),
            },
            PayoutFact::Failed { reason } => match self.state {
                PayoutState::Settled { .. } => self.returned(reason, outgoing, context),
                // Before it settled, the money is where it was before it left.
                _ => self.failed(reason, None, outgoing, context),
            },
            PayoutFact::Said { by, word: PayoutReport::Settled { reference } } => self.settled(reference, Some(by), outgoing, context),
            PayoutFact::Said { by, word: PayoutReport::Failed { reason } | PayoutReport::Returned { reason } } => {
                self.failed(reason, Some(by), outgoing, context)
            }
        }
    }

    /// Nothing leaves; an operator decides.
    fn stopped(self, by: StoppedBy, reason: String, mut outgoing: Outgoing, context: &Context<'_>) -> Step {
        if self.state != PayoutState::Queued {
            return Step::new();
        }
        let rampoff = RampoffFact::PayoutStopped { payout: self.id, by, reason: reason.clone() };
        let payment = PaymentFact::RefundStopped { payout: self.id, by, reason: reason.clone() };
        let mut step = self.notify_order(outgoing.order.take(), payment, rampoff, context);
        let reason = by.describe(&reason);
        let item = outgoing.did_not_leave(&context.mint, &reason, &mut step);
        let put_back = item.as_ref().map(|item| item.id);
        if let Some(item) = item {
            step.write(ReviewItem { screening_hit: item.screening_hit || by == StoppedBy::Screening, ..item });
        }
        Self { put_back, ..self }.transition(PayoutState::Failed { reason }, &mut step);
        pending::recovered(step, outgoing.lost, context)
    }

    /// Stopped because the payout it replaced has settled late.
    pub(in crate::outgoing) fn stop_for_late_settlement(self, why: &str, outgoing: Outgoing, context: &Context<'_>) -> Step {
        let (by, reason) = (StoppedBy::Operator, why.to_owned());
        let rampoff = RampoffFact::PayoutStopped { payout: self.id, by, reason: reason.clone() };
        let payment = PaymentFact::RefundStopped { payout: self.id, by, reason: reason.clone() };
        let mut step = self.notify_order(outgoing.order, payment, rampoff, context);
        self.transition(PayoutState::Failed { reason: format!("stopped: {reason}") }, &mut step);
        step
    }

    fn unknown(self, mint: &Mint<'_>) -> Step {
        let mut step = Step::new();
        if self.is_open() && !self.awaits_screening() {
            let job = Job::due_now(mint, JobKind::CheckPayout, self.id);
            step.write(Job { due_at: mint.now.after(FIRST_LOOKUP_DELAY), ..job });
            self.transition(PayoutState::Unknown, &mut step);
        }
        step
    }

    /// It is sent as if for the first time.
    fn never_arrived(self, mint: &Mint<'_>) -> Step {
        let mut step = Step::new();
        if self.state == PayoutState::Unknown {
            step.write(Job::due_now(mint, JobKind::SendPayout, self.id));
            self.transition(PayoutState::Queued, &mut step);
        }
        step
    }

    fn accepted(self, reference: String, outgoing: Outgoing, context: &Context<'_>) -> Step {
        if !self.is_open() {
            return Step::new();
        }
        let mut step = match (outgoing.order, self.purpose) {
            (Some(Order::Rampoff(order)), PayoutPurpose::Rampoff) => {
                order.observe(RampoffFact::PayoutAccepted { payout: self.id }, context)
            }
            _ => Step::new(),
        };
        step.post(self.post_accepted(&context.mint));
        self.transition(PayoutState::Accepted { reference }, &mut step);
        step
    }

    fn failed(self, reason: String, said_by: Option<String>, mut outgoing: Outgoing, context: &Context<'_>) -> Step {
        let was_taken = matches!(self.state, PayoutState::Accepted { .. });
        if !was_taken && !self.is_open() {
            return Step::new();
        }
        let mut step = match outgoing.lost {
            // The order must not create another refund after this one was refused: its money is gone already.
            Some(_) => {
                let (payout, by) = (self.id, StoppedBy::Operator);
                let rampoff = RampoffFact::PayoutStopped { payout, by, reason: reason.clone() };
                self.notify_order(
                    outgoing.order.take(),
                    PaymentFact::RefundStopped { payout, by, reason: reason.clone() },
                    rampoff,
                    context,
                )
            }
            None => {
                let payment = PaymentFact::RefundFailed { payout: self.id, reason: reason.clone() };
                let rampoff = RampoffFact::PayoutFailed { payout: self.id, reason: reason.clone() };
                self.notify_order(outgoing.order.take(), payment, rampoff, context)
            }
        };
        if was_taken {
            step.post(self.post_failed(&context.mint));
        }
        let item = outgoing.did_not_leave(&context.mint, &format!("sending it did not work: {reason}"), &mut step);
        let put_back = item.as_ref().map(|item| item.id);
        item.into_iter().for_each(|item| step.write(item));
        Self { put_back, said_by, ..self }.transition(PayoutState::Failed { reason }, &mut step);
        pending::recovered(step, outgoing.lost, context)
    }

    /// If it is reported before the acceptance, both are posted.
    fn settled(self, reference: String, said_by: Option<String>, outgoing: Outgoing, context: &Context<'_>) -> Step {
        let was_taken = matches!(self.state, PayoutState::Accepted { .. });
        if !was_taken && !self.is_open() {
            return self.confirms_the_word(reference, said_by.is_none());
        }
        let payment = PaymentFact::RefundSettled { payout: self.id, reference: reference.clone() };
        let rampoff = RampoffFact::PayoutSettled { payout: self.id, reference: reference.clone() };
        let mut step = self.notify_order(outgoing.order, payment, rampoff, context);
        step.extend(observe_set_aside(outgoing.beside, SetAside::Returned { withheld: self.rounding }, self.amount, context));
        if !was_taken {
            step.post(self.post_accepted(&context.mint));
        }
        step.post(self.post_settled(&context.mint));
        Self { said_by, ..self }.transition(PayoutState::Settled { reference }, &mut step);
        step
    }

    /// The rail confirms what an operator had reported.
    fn confirms_the_word(self, reference: String, is_fact: bool) -> Step {
        let mut step = Step::new();
        if is_fact && self.said_by.is_some() {
            Self { said_by: None, ..self }.transition(PayoutState::Settled { reference }, &mut step);
        }
        step
    }

    /// It settled after it was treated as failed, or had been returned. Its order is paid by it, or its review item resolved,
    /// if the money is still there or its replacement can be stopped; otherwise it is lost.
    fn arrived_after_all(self, reference: &str, mut outgoing: Outgoing, context: &Context<'_>) -> Step {
        let mint = &context.mint;
        let order = outgoing.order.as_ref().map(Order::id).or_else(|| outgoing.review.as_ref()?.order);
        let relied = outgoing.order.as_ref().map(Order::relied);
        let instead = outgoing.instead.as_ref().map(PendingOutgoing::description);
        // Returned money is in suspense while its review item is open.
        let was_returned = matches!(self.state, PayoutState::Returned { .. });
        let settles = match (outgoing.order.take(), outgoing.review.take()) {
            (_, Some(item)) => pending::settle_item(&self, item, outgoing.instead, context),
            (Some(order), None) if !was_returned => pending::settle_order(&self, reference, order, outgoing.instead, context),
            (_, None) => None,
        };
        let lost = settles.is_none();
        let mut step = settles.unwrap_or_default();
        step.post(self.post_accepted(mint));
        let outcome = match (lost, instead) {
            (false, None) => "it is used for its original purpose".to_owned(),
            (false, Some(instead)) => format!("it is used for its original purpose, and {instead} was stopped"),
            (true, Some(instead)) => format!("it is booked as lost, because {instead} was created in its place and may have left"),
            (true, None) => "it is booked as lost, because its money has gone another way".to_owned(),
        };
        if lost {
            relied.into_iter().for_each(|(key, version)| step.rely(key, version));
            step.post(self.post_lost(context));
        } else {
            step.post(if was_returned { self.post_sent_again(context) } else { self.post_settled(mint) });
            let withheld = if was_returned { Amount::ZERO } else { self.rounding };
            step.extend(observe_set_aside(outgoing.beside.take(), SetAside::Returned { withheld }, self.amount, context));
        }
        let said = match (&self.state, &self.said_by) {
            (_, Some(person)) => format!("{person} had reported it as failed"),
            (PayoutState::Returned { .. }, None) => "it had been returned".to_owned(),
            (_, None) => "it was treated as failed".to_owned(),
        };
        let reason = format!("payout {} has settled as {reference} after {said}: {outcome}", self.id);
        step.write(self.contradiction(order, reason, mint));
        Self { said_by: None, lost, ..self }.transition(PayoutState::Settled { reference: reference.to_owned() }, &mut step);
        step
    }

    fn contradiction(&self, order: Option<OrderId>, reason: String, mint: &Mint<'_>) -> ReviewItem {
        let item = ReviewItem::new(mint, ReviewSubject::Contradiction(()), reason);
        ReviewItem { order, asset: Some(self.currency.into()), amount: self.amount, ..item }
    }

    /// It had settled, or was reported to have, and was returned.
    fn returned(self, reason: String, mut outgoing: Outgoing, context: &Context<'_>) -> Step {
        let mint = &context.mint;
        let mut step = Step::new();
        let order = outgoing.order.as_ref().map(Order::id).or_else(|| outgoing.review.as_ref()?.order);
        let mut put_back = None;
        if self.lost {
            step.post(self.post_loss_returned(context));
        } else {
            // What the order takes from suspense has to be there first.
            step.post(self.post_returned(mint));
            let payment = PaymentFact::RefundReturned { payout: self.id, amount: self.amount, reason: reason.clone() };
            let rampoff = RampoffFact::PayoutReturned { payout: self.id, reason: reason.clone() };
            step.extend(self.notify_order(outgoing.order.take(), payment, rampoff, context));
            step.extend(observe_set_aside(outgoing.beside.take(), SetAside::CameBack { withheld: Amount::ZERO }, self.amount, context));
            let why = format!("the receiving bank returned what we had sent: {reason}");
            let item = outgoing.did_not_leave(mint, &why, &mut step);
            put_back = item.as_ref().map(|item| item.id);
            // What the rail could not pay was kept and did not come back.
            item.into_iter().for_each(|item| step.write(ReviewItem { amount: self.amount, ..item }));
        }
        if let Some(person) = &self.said_by {
            let reason = format!("payout {} failed or was returned ({reason}) after {person} had reported it as settled", self.id);
            step.write(self.contradiction(order, reason, mint));
        }
        // A lost payout is back where it was before it left: nothing of it is in suspense.
        let state = if self.lost { PayoutState::Failed { reason } } else { PayoutState::Returned { reason } };
        Self { put_back, said_by: None, lost: false, ..self }.transition(state, &mut step);
        step
    }

    /// Applies the fact to the order, by the payout's purpose.
    fn notify_order(&self, order: Option<Order>, payment: PaymentFact, rampoff: RampoffFact, context: &Context<'_>) -> Step {
        match (order, self.purpose) {
            (Some(Order::Payment(order)), PayoutPurpose::Refund) => order.observe(payment, context),
            (Some(Order::Rampoff(order)), PayoutPurpose::Rampoff) => order.observe(rampoff, context),
            _ => Step::new(),
        }
    }

    /// Writes the next state and changes its holds, which follow from facts.
    fn transition(self, state: PayoutState, step: &mut Step) {
        let before = self.holds();
        let after = Self { state, ..self };
        change_holds(step, &before, &after.holds(), Origin::Fact);
        step.write(after);
    }
}
