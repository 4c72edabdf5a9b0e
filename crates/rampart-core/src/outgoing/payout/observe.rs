//! What a payout does with facts, with what that means for its order and for the ledger. Facts are never refused; one that
//! was known before, or that its state leaves no room for, gives a step that does nothing.

use std::time::Duration;

use super::{Payout, PayoutPurpose, PayoutState};
use crate::id::Mint;
use crate::job::{Job, JobKind};
use crate::ledger::Origin;
use crate::order::{Context, Order, StoppedBy};
use crate::outgoing::{Outgoing, Screening, change_holds};
use crate::payment::PaymentFact;
use crate::ports::Verdict;
use crate::rampoff::RampoffFact;
use crate::review::ReviewItem;
use crate::step::Step;

/// How long a rail is left alone before it is asked what became of a payout (business time).
const FIRST_QUESTION_AFTER: Duration = Duration::from_secs(1);

/// What can happen to a payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayoutFact {
    /// The screening provider, or we ourselves, have answered about who receives it.
    Screened(Verdict),
    /// It is stopped before it was handed over.
    Stopped {
        /// By whom.
        by: StoppedBy,
        /// Why.
        reason: String,
    },
    /// It was handed over, and the answer was lost: the rail is asked.
    Unknown,
    /// The rail, asked about one whose answer was lost, has never had it and never will.
    NeverArrived,
    /// The rail has taken it.
    Accepted {
        /// The rail's reference.
        reference: String,
    },
    /// The rail refused it for good when it was handed over.
    Refused {
        /// Why.
        reason: String,
    },
    /// It arrived. That may be told before we heard that it was taken.
    Settled {
        /// The bank's reference.
        reference: String,
    },
    /// It will not arrive, or was sent back.
    Failed {
        /// Why.
        reason: String,
    },
}

impl Payout {
    /// What follows from a fact.
    #[must_use]
    pub fn observe(self, fact: PayoutFact, outgoing: Outgoing, context: &Context<'_>) -> Step {
        let mint = &context.mint;
        match fact {
            PayoutFact::Screened(Verdict::Clear) => self.cleared(mint),
            PayoutFact::Screened(Verdict::Hit { reason }) if self.awaits_screening() => {
                self.stopped(StoppedBy::Screening, reason, outgoing, context)
            }
            PayoutFact::Screened(Verdict::Hit { .. }) => Step::new(),
            PayoutFact::Stopped { by, reason } => self.stopped(by, reason, outgoing, context),
            PayoutFact::Unknown => self.unknown(mint),
            PayoutFact::NeverArrived => self.never_arrived(mint),
            PayoutFact::Accepted { reference } => self.accepted(reference, outgoing, context),
            PayoutFact::Refused { reason } if self.is_open() => self.failed(reason, outgoing, context),
            PayoutFact::Refused { .. } => Step::new(),
            PayoutFact::Settled { reference } => self.settled(reference, outgoing, context),
            PayoutFact::Failed { reason } => match self.state {
                PayoutState::Settled { .. } => self.returned(reason, outgoing, context),
                // Before it arrived, the money is where it was before it left.
                _ => self.failed(reason, outgoing, context),
            },
        }
    }

    /// Nothing is known against the receiver: it is handed over.
    fn cleared(self, mint: &Mint<'_>) -> Step {
        let mut step = Step::new();
        if self.awaits_screening() {
            let cleared = Self { screening: Screening::Cleared, ..self };
            step.write(cleared.first_job(mint));
            step.write(cleared);
        }
        step
    }

    /// Nothing leaves, and a person decides.
    fn stopped(self, by: StoppedBy, reason: String, mut outgoing: Outgoing, context: &Context<'_>) -> Step {
        if self.state != PayoutState::Queued {
            return Step::new();
        }
        let rampoff = RampoffFact::PayoutStopped { payout: self.id, by, reason: reason.clone() };
        let payment = PaymentFact::RefundStopped { payout: self.id, by, reason: reason.clone() };
        let mut step = self.tell(outgoing.order.take(), payment, rampoff, context);
        let reason = match by {
            StoppedBy::Screening => format!("stopped by screening: {reason}"),
            StoppedBy::Operator => format!("stopped by an operator: {reason}"),
        };
        if let Some(item) = outgoing.did_not_leave(&context.mint, &reason, &mut step) {
            step.write(ReviewItem { screening_hit: item.screening_hit || by == StoppedBy::Screening, ..item });
        }
        self.becomes(PayoutState::Failed { reason }, &mut step);
        step
    }

    fn unknown(self, mint: &Mint<'_>) -> Step {
        let mut step = Step::new();
        if self.is_open() && !self.awaits_screening() {
            let job = Job::due_now(mint, JobKind::CheckPayout, self.id);
            step.write(Job { due_at: mint.now.after(FIRST_QUESTION_AFTER), ..job });
            self.becomes(PayoutState::Unknown, &mut step);
        }
        step
    }

    /// It is handed over as if for the first time.
    fn never_arrived(self, mint: &Mint<'_>) -> Step {
        let mut step = Step::new();
        if self.state == PayoutState::Unknown {
            step.write(Job::due_now(mint, JobKind::SendPayout, self.id));
            self.becomes(PayoutState::Queued, &mut step);
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
        self.becomes(PayoutState::Accepted { reference }, &mut step);
        step
    }

    fn failed(self, reason: String, mut outgoing: Outgoing, context: &Context<'_>) -> Step {
        let was_taken = matches!(self.state, PayoutState::Accepted { .. });
        if !was_taken && !self.is_open() {
            return Step::new();
        }
        let payment = PaymentFact::RefundFailed { payout: self.id, reason: reason.clone() };
        let rampoff = RampoffFact::PayoutFailed { payout: self.id, reason: reason.clone() };
        let mut step = self.tell(outgoing.order.take(), payment, rampoff, context);
        if was_taken {
            step.post(self.post_failed(&context.mint));
        }
        let why = format!("sending it did not work: {reason}");
        outgoing.did_not_leave(&context.mint, &why, &mut step).into_iter().for_each(|item| step.write(item));
        self.becomes(PayoutState::Failed { reason }, &mut step);
        step
    }

    /// When that is told before we heard that it was taken, both are booked.
    fn settled(self, reference: String, outgoing: Outgoing, context: &Context<'_>) -> Step {
        let was_taken = matches!(self.state, PayoutState::Accepted { .. });
        if !was_taken && !self.is_open() {
            return Step::new();
        }
        let payment = PaymentFact::RefundSettled { payout: self.id, reference: reference.clone() };
        let rampoff = RampoffFact::PayoutSettled { payout: self.id, reference: reference.clone() };
        let mut step = self.tell(outgoing.order, payment, rampoff, context);
        if !was_taken {
            step.post(self.post_accepted(&context.mint));
        }
        step.post(self.post_settled(&context.mint));
        self.becomes(PayoutState::Settled { reference }, &mut step);
        step
    }

    /// It had arrived and was sent back.
    fn returned(self, reason: String, mut outgoing: Outgoing, context: &Context<'_>) -> Step {
        let mut step = Step::new();
        // What the order takes from suspense has to lie there first.
        step.post(self.post_returned(&context.mint));
        let payment = PaymentFact::RefundReturned { payout: self.id, amount: self.amount, reason: reason.clone() };
        let rampoff = RampoffFact::PayoutReturned { payout: self.id, reason: reason.clone() };
        step.extend(self.tell(outgoing.order.take(), payment, rampoff, context));
        let why = format!("the receiving bank returned what we had sent: {reason}");
        outgoing.did_not_leave(&context.mint, &why, &mut step).into_iter().for_each(|item| step.write(item));
        self.becomes(PayoutState::Returned { reason }, &mut step);
        step
    }

    /// What the order is told, by what the payout is for.
    fn tell(&self, order: Option<Order>, payment: PaymentFact, rampoff: RampoffFact, context: &Context<'_>) -> Step {
        match (order, self.purpose) {
            (Some(Order::Payment(order)), PayoutPurpose::Refund) => order.observe(payment, context),
            (Some(Order::Rampoff(order)), PayoutPurpose::Rampoff) => order.observe(rampoff, context),
            _ => Step::new(),
        }
    }

    /// Writes it in its next state, with what that does to its promises: they follow from facts.
    fn becomes(self, state: PayoutState, step: &mut Step) {
        let before = self.holds();
        let after = Self { state, ..self };
        change_holds(step, &before, &after.holds(), Origin::Fact);
        step.write(after);
    }
}
