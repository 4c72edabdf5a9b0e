//! Reversed money, and what a reversal means for money that returns later.
//!
//! A chargeback takes what is on the customer's account. Money that is under way or has left is booked as lost. If it turns out
//! not to have left, it offsets the loss first: the customer already has it back and must not get it twice.

use super::receipt::MAX_RECEIPTS;
use super::{Payment, PaymentState, Receipt};
use crate::id::{FactId, Mint, PayoutId};
use crate::ledger::Account;
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::order::leg::OrderLeg;
use crate::order::{Context, HoldReason, Reversal};
use crate::review::{ReviewItem, ReviewSubject};
use crate::step::Step;
use crate::text::redacted::Redacted;

/// A reversal of an order's money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReversedReceipt {
    /// In minor units.
    pub amount: Amount,
    /// The fact that reported the money; `None` when the provider names none: then the newest receipts.
    pub receipt: Option<FactId>,
    /// Our account it had arrived on, if known: an operator may have assigned money of another rail.
    pub arrived_on: Option<Account>,
    /// The part taken from suspense, where it was beside the order, in minor units.
    pub from_suspense: Amount,
    pub reason: String,
}

/// A capture that was reversed before it was reported.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EarlyReversal {
    pub capture: Redacted,
    /// In minor units. Booked as lost until the capture is reported.
    pub amount: Amount,
}

impl Payment {
    pub(super) fn reversed(&mut self, taken: ReversedReceipt, context: &Context<'_>, step: &mut Step) {
        let (mint, reason) = (&context.mint, taken.reason);
        let source = taken.arrived_on.unwrap_or_else(|| self.pay_in.account());
        self.set_aside = self.set_aside.less(taken.from_suspense);
        let amount = taken.amount.less(taken.from_suspense);
        if amount.is_zero() {
            return;
        }
        self.reversal = Some(Reversal::Chargeback);
        let left = taken.receipt.map(|fact| {
            let meant = self.receipts.iter().filter(|receipt| receipt.fact == fact);
            Amount::from_minor(meant.fold(0_i128, |sum, receipt| sum.saturating_add(receipt.left().minor())))
        });
        if left.is_some_and(Amount::is_zero) {
            // None of it is on the order any more: it was refunded or kept.
            step.post(self.post_chargeback(mint, source, Amount::ZERO, amount));
            let reason = format!("reversed after it had been refunded or kept: {reason}");
            return step.write(self.reversal_item(amount, None, reason, mint));
        }
        let waits = self.is_unpaid() || matches!(self.state, PaymentState::PaymentReceived { .. } | PaymentState::OnHold { .. });
        let from_customer = if waits { amount.min(self.fiat_balance).min(left.unwrap_or(amount)) } else { Amount::ZERO };
        let from_losses = Amount::from_minor(amount.minor() - from_customer.minor());
        step.post(self.post_chargeback(mint, source, from_customer, from_losses));
        self.fiat_balance = Amount::from_minor(self.fiat_balance.minor() - from_customer.minor());
        self.take_back(from_customer, taken.receipt);
        self.lost = Amount::from_minor(self.lost.minor().saturating_add(from_losses.minor()));
        let goes_on_waiting = self.is_unpaid() && taken.receipt.is_some();
        if waits && self.fiat_balance.is_zero() && !goes_on_waiting {
            // Nothing was exchanged. If the reversal was reported before the payment, that payment will offset the loss.
            self.release_promise(context, step);
            self.taken = None;
            self.state = PaymentState::Failed { reason: reason.clone() };
        } else if waits && self.fiat_balance.is_positive() {
            self.taken = None;
            self.put_on_hold(HoldReason::Reversed, context, step);
        }
        if from_losses.is_positive() {
            let reason = format!("reversed after the money had left the customer's account: {reason}");
            step.write(self.reversal_item(from_losses, None, reason, mint));
        }
    }

    /// Notes the reversed amount on the named receipt, else on the newest first.
    fn take_back(&mut self, amount: Amount, named: Option<FactId>) {
        let mut missing = amount;
        let is_meant = |receipt: &&mut Receipt| named.is_none_or(|fact| receipt.fact == fact);
        for receipt in self.receipts.iter_mut().rev().filter(is_meant) {
            let part = missing.min(receipt.left());
            receipt.taken_back = Amount::from_minor(receipt.taken_back.minor() + part.minor());
            missing = Amount::from_minor(missing.minor() - part.minor());
        }
    }

    /// Books the capture as lost and remembers the reversal until the capture is reported; the order still waits for money.
    pub(super) fn early_reversal(&mut self, capture: Redacted, amount: Amount, reason: &str, mint: &Mint<'_>, step: &mut Step) {
        step.post(self.post_chargeback(mint, self.pay_in.account(), Amount::ZERO, amount));
        let reason = format!("capture {} was reversed before it was reported: {reason}", capture.reveal());
        step.write(self.reversal_item(amount, None, reason, mint));
        if self.reversed_first.len() < MAX_RECEIPTS {
            self.reversed_first.push(EarlyReversal { capture, amount });
        }
    }

    pub(super) fn has_early_reversal(&self, receipt: &Receipt) -> bool {
        self.reversed_first.iter().any(|first| receipt.source.as_ref() == Some(&first.capture))
    }

    /// The amount of this receipt that was reversed before it was reported, if any.
    pub(super) fn take_early_reversal(&mut self, receipt: &Receipt) -> Option<Amount> {
        let place = self.reversed_first.iter().position(|first| receipt.source.as_ref() == Some(&first.capture))?;
        Some(self.reversed_first.remove(place).amount)
    }

    /// The reversed part offsets the loss. The rest waits for an operator: on the order if it is open, else in suspense.
    pub(super) fn paid_after_early_reversal(&mut self, receipt: Receipt, taken_back: Amount, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        let recovered = taken_back.min(receipt.amount);
        let rest = receipt.amount.less(recovered);
        step.post(self.post_received(mint, receipt.amount));
        step.post(self.post_loss_recovered(mint, Account::Customer(self.customer), recovered));
        self.reversal = Some(Reversal::Chargeback);
        self.fiat_balance = Amount::from_minor(self.fiat_balance.minor().saturating_add(rest.minor()));
        self.receipts.push(Receipt { taken_back: recovered, ..receipt });
        if rest.is_zero() {
            return;
        }
        match self.is_unpaid() {
            true => self.put_on_hold(HoldReason::Reversed, context, step),
            false => self.set_aside_part(rest, None, context, step),
        }
    }

    /// Offsets the booked loss with the balance.
    pub(super) fn offset_loss(&mut self, mint: &Mint<'_>, step: &mut Step) {
        let recovered = self.lost.min(self.fiat_balance);
        step.post(self.post_loss_recovered(mint, Account::Customer(self.customer), recovered));
        self.lost = Amount::from_minor(self.lost.minor() - recovered.minor());
        self.fiat_balance = Amount::from_minor(self.fiat_balance.minor() - recovered.minor());
        self.take_back(recovered, None);
    }

    /// What was outgoing is on the account again: the order goes on hold, unless the money was reversed meanwhile; then it ends
    /// with what is left, if anything.
    pub(super) fn outgoing_failed(&mut self, reason: HoldReason, context: &Context<'_>, step: &mut Step) {
        let was_lost = self.lost.is_positive();
        self.offset_loss(&context.mint, step);
        if self.fiat_balance.is_zero() {
            self.release_promise(context, step);
            self.taken = None;
            self.state = PaymentState::Failed { reason: "reversed before anything had left".to_owned() };
        } else if was_lost && self.taken.is_some() {
            self.taken = None;
            self.put_on_hold(HoldReason::Reversed, context, step);
        } else {
            self.put_on_hold(reason, context, step);
        }
    }

    /// The receiving bank returned a refund, which goes to suspense. It first offsets what was reversed beside the refund; the
    /// rest waits for an operator.
    pub(super) fn returned(&mut self, payout: PayoutId, amount: Amount, reason: &str, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        if !matches!(self.state, PaymentState::Refunded { payout: ours, .. } if ours == payout) {
            return;
        }
        self.reversal = self.reversal.or(Some(Reversal::BankReturn));
        let recovered = self.lost.min(amount);
        step.post(self.post_loss_recovered(mint, Account::Suspense, recovered));
        self.lost = Amount::from_minor(self.lost.minor() - recovered.minor());
        let rest = Amount::from_minor(amount.minor() - recovered.minor());
        if rest.is_positive() {
            let source = self.refund_account.as_ref().map(|destination| destination.account.reveal().to_owned());
            let source = source.or_else(|| self.receipts.iter().find_map(|receipt| Some(receipt.source.as_ref()?.reveal().to_owned())));
            let reason = format!("the receiving bank returned the refund: {reason}; the money is in suspense");
            step.write(self.reversal_item(rest, source, reason, mint));
        }
    }

    /// A review item. Money in suspense has a `source`; a loss has none.
    fn reversal_item(&self, amount: Amount, source: Option<String>, reason: String, mint: &Mint<'_>) -> ReviewItem {
        let item = ReviewItem::new(mint, ReviewSubject::Reversal(source), reason);
        ReviewItem { order: Some(self.id), asset: Some(Asset::Fiat(self.terms.fiat)), amount, ..item }
    }
}
