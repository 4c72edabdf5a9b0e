//! Applies facts to a transfer, its order and the ledger. Facts are never refused; a repeated one, or one that does not fit the
//! state, yields an empty step.

use super::{SentIn, Transfer, TransferPurpose, TransferState};
use crate::id::{Mint, TransmissionId};
use crate::ledger::Origin;
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
    /// A slot is reserved for it. Nothing is signed before this is committed.
    Signed(TransmissionId),
    /// The signer did not sign it: nothing of it can be in the chain, and it waits anew.
    NotSigned,
    /// Not wanted any more: what it is for was reversed, or an operator asked for it.
    Recalled,
    /// A node took it, or a block has it.
    Broadcast {
        txid: String,
    },
    /// The chain would not carry it out, or it cannot be signed. No slot is reserved for it.
    Refused {
        reason: String,
    },
    /// It is in a block with enough confirmations.
    Confirmed {
        txid: String,
        confirmations: u32,
    },
    /// It was confirmed, and a reorganisation removed its block.
    Unconfirmed,
    /// The chain included it and reverted it; the fee is spent all the same.
    Reverted,
    /// No node takes it, and none has had it for long.
    Vanished {
        reason: String,
    },
    /// Something else spent its slot, and that is final: it never left.
    NotDelivered {
        reason: String,
    },
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
            TransferFact::Signed(transmission) => self.signed(transmission),
            TransferFact::NotSigned => self.not_signed(),
            TransferFact::Recalled => self.recalled(),
            TransferFact::Broadcast { txid } => self.broadcast(txid, outgoing, context),
            TransferFact::Refused { reason } => self.refused(reason, outgoing, context),
            TransferFact::Confirmed { txid, confirmations } => self.confirmed(txid, confirmations, outgoing, context),
            TransferFact::Unconfirmed => self.unconfirmed(outgoing, context),
            TransferFact::Reverted => self.reverted(outgoing, context),
            TransferFact::Vanished { reason } => self.vanished(&reason, mint),
            TransferFact::NotDelivered { reason } => self.not_delivered(reason, outgoing, context),
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
        let failed = self.state.clone().failed(reason);
        self.transition(failed, &mut step);
        pending::recovered(step, lost, context)
    }

    fn signed(self, transmission: TransmissionId) -> Step {
        let mut step = Step::new();
        if self.state == TransferState::Queued && !self.awaits_screening() {
            self.transition(TransferState::Signed(SentIn::reserved(transmission)), &mut step);
        }
        step
    }

    fn not_signed(self) -> Step {
        let mut step = Step::new();
        if matches!(self.state, TransferState::Signed(_)) {
            self.transition(TransferState::Queued, &mut step);
        }
        step
    }

    fn recalled(self) -> Step {
        let mut step = Step::new();
        if let TransferState::Signed(sent) = self.state.clone() {
            self.transition(TransferState::Recalled(sent), &mut step);
        }
        step
    }

    fn broadcast(self, txid: String, outgoing: Outgoing, context: &Context<'_>) -> Step {
        let (TransferState::Signed(sent) | TransferState::Recalled(sent)) = self.state.clone() else { return Step::new() };
        let transfer = self.id;
        let payment = PaymentFact::CoinsBroadcast { transfer, txid: txid.clone() };
        let rampoff = RampoffFact::RefundBroadcast { transfer, txid: txid.clone() };
        let mut step = self.notify_order(outgoing.order, payment, rampoff, context);
        step.post(self.post_broadcast(&context.mint));
        self.transition(TransferState::Broadcast(SentIn { txid: Some(txid), ..sent }), &mut step);
        step
    }

    fn refused(self, reason: String, outgoing: Outgoing, context: &Context<'_>) -> Step {
        if self.state != TransferState::Queued {
            return Step::new();
        }
        let why = format!("the chain would not carry out the return: {reason}");
        self.failed(reason, &why, outgoing, context)
    }

    /// Its coins are ours again; its order or review item is updated.
    fn not_delivered(self, reason: String, outgoing: Outgoing, context: &Context<'_>) -> Step {
        match self.state {
            TransferState::Signed(_) | TransferState::Recalled(_) | TransferState::Broadcast(_) => {
                let why = format!("sending it back did not work: transfer {} was not delivered: {reason}", self.id);
                self.failed(reason, &why, outgoing, context)
            }
            TransferState::Queued | TransferState::Confirmed(_) | TransferState::Failed { .. } => Step::new(),
        }
    }

    /// It never left. `why` is for the review item that it was to resolve.
    fn failed(self, reason: String, why: &str, mut outgoing: Outgoing, context: &Context<'_>) -> Step {
        let mut step = Step::new();
        if matches!(self.state, TransferState::Broadcast(_)) {
            // Before the order's own postings: what it takes from its customer's account has to be there.
            step.post(self.post_returned(&context.mint));
        }
        step.extend(self.notify_failed(outgoing.order.take(), &reason, context));
        outgoing.did_not_leave(&context.mint, why, &mut step).into_iter().for_each(|item| step.write(item));
        let lost = outgoing.lost.take();
        let failed = self.state.clone().failed(reason);
        self.transition(failed, &mut step);
        pending::recovered(step, lost, context)
    }

    fn confirmed(self, txid: String, confirmations: u32, outgoing: Outgoing, context: &Context<'_>) -> Step {
        let TransferState::Broadcast(sent) = self.state.clone() else { return Step::new() };
        let (transfer, amount, withheld) = (self.id, self.amount, self.withheld);
        let payment = PaymentFact::CoinsConfirmed { transfer, txid: txid.clone(), confirmations };
        let rampoff = RampoffFact::RefundConfirmed { transfer, txid: txid.clone(), amount };
        let mut step = self.notify_order(outgoing.order, payment, rampoff, context);
        step.post(self.post_confirmed(&context.mint));
        step.extend(observe_set_aside(outgoing.beside, SetAside::Returned { withheld }, amount, context));
        step.extend(suspense::sent_back(outgoing.review, outgoing.shortage, context));
        self.transition(TransferState::Confirmed(SentIn { txid: Some(txid), ..sent }), &mut step);
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

    /// The order goes on hold and is decided again, even if its partner has seen the coins leave: the slot is spent. A transfer
    /// without an order becomes a review item.
    fn reverted(self, outgoing: Outgoing, context: &Context<'_>) -> Step {
        if !matches!(self.state, TransferState::Broadcast(_)) {
            return Step::new();
        }
        let why = format!("the chain reverted transfer {}: the coins never left", self.id);
        let is_own = matches!(self.purpose, TransferPurpose::Sweep | TransferPurpose::Withdrawal);
        let item = is_own.then(|| self.item(ReviewSubject::Reversal(Some(self.to.clone())), why.clone(), &context.mint));
        let mut step = self.failed("reverted by the chain".to_owned(), &why, outgoing, context);
        item.into_iter().for_each(|item| step.write(item));
        step
    }

    /// One review item, however often the transaction is offered to the chain, which continues.
    fn vanished(self, reason: &str, mint: &Mint<'_>) -> Step {
        let mut step = Step::new();
        if matches!(self.state, TransferState::Signed(_) | TransferState::Recalled(_) | TransferState::Broadcast(_)) {
            let why = format!("no node of {} has transfer {} or takes it: {reason}", self.chain(), self.id);
            let item = self.item(ReviewSubject::Vanished(self.id), why, mint);
            step.rely(RecordKey::Transfer(self.id), self.version);
            step.claims.push(Claim::forever(ClaimScope::Fact, format!("vanished:{}:v{}", self.id, self.version), item.id));
            step.write(item);
        }
        step
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
