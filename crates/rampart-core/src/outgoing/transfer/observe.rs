//! Applies facts to a transfer, its order and the ledger. Facts are never refused; a repeated one, or one that does not fit the
//! state, yields an empty step.

use super::{SignedTransaction, Transfer, TransferPurpose, TransferSource, TransferState};
use crate::id::Mint;
use crate::ledger::Origin;
use crate::money::amount::Amount;
use crate::order::payment::PaymentFact;
use crate::order::rampoff::RampoffFact;
use crate::order::{Context, Order, SetAside, StoppedBy};
use crate::outgoing::ScreeningResult;
use crate::outgoing::{Outgoing, change_holds, observe_set_aside, pending};
use crate::review::suspense;
use crate::review::{ReviewItem, ReviewSubject};
use crate::step::record::RecordKey;
use crate::step::{Claim, ClaimScope, Step};

/// A fact about a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferFact {
    /// The receiver was screened, by the provider or by our own check.
    Screened(ScreeningResult),
    /// The screening is outdated and has to be repeated.
    Outdated,
    Stopped {
        by: StoppedBy,
        reason: String,
    },
    /// Signed. Nothing is broadcast before this is committed.
    Signed(SignedTransaction),
    /// Not to be broadcast again: what it is for was reversed, or an operator asked for it.
    Recalled,
    Broadcast,
    /// The chain refused it for good and has never had it.
    Refused {
        reason: String,
    },
    /// It is in a block with enough confirmations.
    Confirmed {
        confirmations: u32,
        /// The network fee, in minor units of the chain's native coin.
        network_fee: Amount,
    },
    /// It was confirmed, and a reorganisation removed its block.
    Unconfirmed,
    /// The chain included it and reverted it; the fee is spent all the same.
    Reverted {
        /// The network fee, in minor units of the chain's native coin.
        network_fee: Amount,
    },
    /// The chain has dropped it and refuses to accept it again.
    Vanished {
        reason: String,
    },
    /// It vanished, can never come back, and an operator has abandoned it.
    Abandoned,
}

impl Transfer {
    /// Applies a fact.
    #[must_use]
    pub fn observe(self, fact: TransferFact, outgoing: Outgoing, context: &Context<'_>) -> Step {
        let mint = &context.mint;
        match fact {
            TransferFact::Screened(ScreeningResult::Clear) => self.cleared(mint),
            TransferFact::Outdated => self.asked_again(mint),
            TransferFact::Screened(ScreeningResult::Hit { reason }) if self.awaits_screening() => {
                self.stopped(StoppedBy::Screening, &reason, outgoing, context)
            }
            TransferFact::Screened(ScreeningResult::Hit { .. }) => Step::new(),
            TransferFact::Stopped { by, reason } => self.stopped(by, &reason, outgoing, context),
            TransferFact::Signed(signed) => self.signed(signed),
            TransferFact::Recalled => self.recalled(),
            TransferFact::Broadcast => self.broadcast(outgoing, context),
            TransferFact::Refused { reason } => self.refused(reason, outgoing, context),
            TransferFact::Confirmed { confirmations, network_fee } => self.confirmed(confirmations, network_fee, outgoing, context),
            TransferFact::Unconfirmed => self.unconfirmed(outgoing, context),
            TransferFact::Reverted { network_fee } => self.reverted(network_fee, outgoing, context),
            TransferFact::Vanished { reason } => self.vanished(&reason, mint),
            TransferFact::Abandoned => self.abandoned(outgoing, context),
        }
    }

    /// Nothing leaves; an operator decides, or the order resumes when the reason ends.
    fn stopped(self, by: StoppedBy, reason: &str, mut outgoing: Outgoing, context: &Context<'_>) -> Step {
        if self.state != TransferState::Queued {
            return Step::new();
        }
        let (transfer, text) = (self.id, reason.to_owned());
        let payment = PaymentFact::TransferStopped { transfer, by, reason: text.clone() };
        let rampoff = RampoffFact::RefundStopped { transfer, by, reason: text };
        let mut step = self.notify_order(outgoing.order.take(), payment, rampoff, context);
        let reason = by.describe(reason);
        if let Some(item) = outgoing.did_not_leave(&context.mint, &reason, &mut step) {
            step.write(ReviewItem { screening_hit: item.screening_hit || by == StoppedBy::Screening, ..item });
        }
        let lost = outgoing.lost.take();
        self.transition(TransferState::Failed { reason }, &mut step);
        pending::recovered(step, lost, context)
    }

    fn signed(self, signed: SignedTransaction) -> Step {
        let mut step = Step::new();
        if self.state == TransferState::Queued && !self.awaits_screening() {
            self.transition(TransferState::Signed(signed), &mut step);
        }
        step
    }

    /// Only a nonce of the hot wallet can be given to another transfer.
    fn recalled(self) -> Step {
        let mut step = Step::new();
        if let (TransferState::Signed(signed), TransferSource::Hot) = (self.state.clone(), self.source) {
            self.transition(TransferState::Recalled(signed), &mut step);
        }
        step
    }

    fn broadcast(self, outgoing: Outgoing, context: &Context<'_>) -> Step {
        let (TransferState::Signed(signed) | TransferState::Recalled(signed)) = self.state.clone() else { return Step::new() };
        let (transfer, txid) = (self.id, signed.txid.clone());
        let payment = PaymentFact::CoinsBroadcast { transfer, txid: txid.clone() };
        let mut step = self.notify_order(outgoing.order, payment, RampoffFact::RefundBroadcast { transfer, txid }, context);
        step.post(self.post_broadcast(&context.mint));
        self.transition(TransferState::Broadcast(signed), &mut step);
        step
    }

    fn refused(self, reason: String, mut outgoing: Outgoing, context: &Context<'_>) -> Step {
        if !matches!(self.state, TransferState::Queued | TransferState::Signed(_) | TransferState::Recalled(_)) {
            return Step::new();
        }
        let mut step = self.notify_failed(outgoing.order.take(), &reason, context);
        let why = format!("the chain refused the return: {reason}");
        outgoing.did_not_leave(&context.mint, &why, &mut step).into_iter().for_each(|item| step.write(item));
        let lost = outgoing.lost.take();
        self.transition(TransferState::Failed { reason }, &mut step);
        pending::recovered(step, lost, context)
    }

    fn confirmed(mut self, confirmations: u32, network_fee: Amount, outgoing: Outgoing, context: &Context<'_>) -> Step {
        let TransferState::Broadcast(signed) = self.state.clone() else { return Step::new() };
        let (transfer, amount, withheld) = (self.id, self.amount, self.withheld);
        let payment = PaymentFact::CoinsConfirmed { transfer, confirmations };
        let mut step = self.notify_order(outgoing.order, payment, RampoffFact::RefundConfirmed { transfer, amount }, context);
        step.post(self.post_confirmed(&context.mint));
        step.extend(observe_set_aside(outgoing.beside, SetAside::Returned { withheld }, amount, context));
        step.extend(suspense::sent_back(outgoing.review, outgoing.shortage, context));
        self.book_fee(network_fee, context, &mut step);
        self.transition(TransferState::Confirmed(signed), &mut step);
        step
    }

    fn unconfirmed(self, outgoing: Outgoing, context: &Context<'_>) -> Step {
        let TransferState::Confirmed(signed) = self.state.clone() else { return Step::new() };
        let (transfer, amount, withheld) = (self.id, self.amount, self.withheld);
        let payment = PaymentFact::CoinsUnconfirmed { transfer };
        let mut step = self.notify_order(outgoing.order, payment, RampoffFact::RefundUnconfirmed { transfer, amount, withheld }, context);
        step.post(self.post_unconfirmed(&context.mint));
        step.extend(observe_set_aside(outgoing.beside, SetAside::CameBack { withheld }, amount, context));
        step.extend(suspense::not_sent_back(outgoing.review, outgoing.shortage, context));
        self.transition(TransferState::Broadcast(signed), &mut step);
        step
    }

    /// The order goes on hold and is decided again, even if its partner has seen the coins leave: the old signed bytes are used
    /// up. A transfer without an order becomes a review item.
    fn reverted(mut self, network_fee: Amount, mut outgoing: Outgoing, context: &Context<'_>) -> Step {
        if !matches!(self.state, TransferState::Broadcast(_)) {
            return Step::new();
        }
        let (mint, reason) = (&context.mint, "reverted by the chain".to_owned());
        let mut step = self.notify_failed(outgoing.order.take(), &reason, context);
        step.post(self.post_returned(mint));
        self.book_fee(network_fee, context, &mut step);
        let why = format!("the chain reverted transfer {}: the coins never left", self.id);
        outgoing.did_not_leave(mint, &why, &mut step).into_iter().for_each(|item| step.write(item));
        if matches!(self.purpose, TransferPurpose::Sweep | TransferPurpose::Withdrawal) {
            step.write(self.item(ReviewSubject::Reversal(Some(self.to.clone())), why, mint));
        }
        let lost = outgoing.lost.take();
        self.transition(TransferState::Failed { reason }, &mut step);
        pending::recovered(step, lost, context)
    }

    /// One review item, however often the transaction is offered to the chain, which continues with every block.
    fn vanished(self, reason: &str, mint: &Mint<'_>) -> Step {
        let mut step = Step::new();
        if matches!(self.state, TransferState::Broadcast(_)) {
            let why = format!("transfer {} vanished from {}, which refuses to accept it again: {reason}", self.id, self.chain());
            let item = self.item(ReviewSubject::Vanished(self.id), why, mint);
            step.rely(RecordKey::Transfer(self.id), self.version);
            step.claims.push(Claim::forever(ClaimScope::Fact, format!("vanished:{}:v{}", self.id, self.version), item.id));
            step.write(item);
        }
        step
    }

    /// Its coins are ours again; its order or review item is updated.
    fn abandoned(self, mut outgoing: Outgoing, context: &Context<'_>) -> Step {
        let mut step = Step::new();
        if !matches!(self.state, TransferState::Broadcast(_)) {
            return step;
        }
        let reason = "vanished from the chain and abandoned".to_owned();
        // Before the order's own postings: what it takes from its customer's account has to be there.
        step.post(self.post_returned(&context.mint));
        step.extend(self.notify_failed(outgoing.order.take(), &reason, context));
        let why = format!("sending it back did not work: transfer {} vanished from the chain", self.id);
        outgoing.did_not_leave(&context.mint, &why, &mut step).into_iter().for_each(|item| step.write(item));
        let lost = outgoing.lost.take();
        self.transition(TransferState::Failed { reason }, &mut step);
        pending::recovered(step, lost, context)
    }

    /// Applies the fact to the order, by the transfer's purpose.
    fn notify_order(&self, order: Option<Order>, payment: PaymentFact, rampoff: RampoffFact, context: &Context<'_>) -> Step {
        match (order, self.purpose) {
            (Some(Order::Payment(order)), TransferPurpose::Buy) => order.observe(payment, context),
            (Some(Order::Rampoff(order)), TransferPurpose::Refund) => order.observe(rampoff, context),
            _ => Step::new(),
        }
    }

    fn notify_failed(&self, order: Option<Order>, reason: &str, context: &Context<'_>) -> Step {
        let (transfer, reason) = (self.id, reason.to_owned());
        let payment = PaymentFact::TransferFailed { transfer, reason: reason.clone() };
        self.notify_order(order, payment, RampoffFact::RefundFailed { transfer, reason }, context)
    }

    /// The chain takes its fee once, however often it mines the same bytes.
    fn book_fee(&mut self, network_fee: Amount, context: &Context<'_>, step: &mut Step) {
        if let Some(chain) = context.catalogue.chain(self.chain())
            && !std::mem::replace(&mut self.fee_booked, true)
        {
            step.post(self.post_network_fee(&context.mint, chain.native, network_fee));
        }
    }

    /// Writes the next state and changes its holds, which follow from facts.
    fn transition(self, state: TransferState, step: &mut Step) {
        let before = self.holds();
        let after = Self { state, ..self };
        change_holds(step, &before, &after.holds(), Origin::Fact);
        step.write(after);
    }

    fn item(&self, subject: ReviewSubject, reason: String, mint: &Mint<'_>) -> ReviewItem {
        let item = ReviewItem::new(mint, subject, reason);
        ReviewItem { order: self.order, asset: Some(self.coin.into()), amount: self.amount, ..item }
    }
}
