//! Money that is taken back, and what that means for money that comes back later.
//!
//! A chargeback takes what lies on the customer's account. What is on its way out, or gone, it cannot take: that is booked
//! as lost. Should it turn out not to have left, it goes against the loss before anything else: the customer has had it
//! back, and must not be able to get it a second time.

use super::{Payment, PaymentState};
use crate::amount::Amount;
use crate::asset::Asset;
use crate::id::{Mint, PayoutId};
use crate::ledger::Account;
use crate::order::{Context, HoldReason, Reversal};
use crate::review::{ReviewItem, ReviewKind};
use crate::step::Step;

impl Payment {
    pub(super) fn reversed(&mut self, amount: Amount, reason: &str, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        self.reversal = Some(Reversal::Chargeback);
        let awaits = self.is_unpaid();
        let waits = awaits || matches!(self.state, PaymentState::PaymentReceived { .. } | PaymentState::OnHold { .. });
        let from_customer = if waits { amount.min(self.fiat_balance) } else { Amount::ZERO };
        let from_losses = Amount::from_minor(amount.minor() - from_customer.minor());
        step.post(self.post_chargeback(mint, from_customer, from_losses));
        self.fiat_balance = Amount::from_minor(self.fiat_balance.minor() - from_customer.minor());
        self.take_back(from_customer);
        self.lost = Amount::from_minor(self.lost.minor().saturating_add(from_losses.minor()));
        if waits && self.fiat_balance.is_zero() {
            // Nothing was exchanged. Told before the payment itself was, it goes against the loss when that comes.
            self.give_back(context, step);
            self.taken = None;
            self.state = PaymentState::Failed { reason: reason.to_owned() };
        } else if waits {
            self.put_on_hold(HoldReason::Reversed, context, step);
        }
        if from_losses.is_positive() {
            let reason = format!("taken back when the money was no longer on the customer's account: {reason}");
            step.write(self.reversal_item(from_losses, None, reason, mint));
        }
    }

    /// Notes on the receipts how much was taken back, newest first.
    fn take_back(&mut self, amount: Amount) {
        let mut missing = amount;
        for receipt in self.receipts.iter_mut().rev() {
            let part = missing.min(receipt.left());
            receipt.taken_back = Amount::from_minor(receipt.taken_back.minor() + part.minor());
            missing = Amount::from_minor(missing.minor() - part.minor());
        }
    }

    /// What lies on the account goes against what is booked as lost.
    pub(super) fn recover(&mut self, mint: &Mint<'_>, step: &mut Step) {
        let recovered = self.lost.min(self.fiat_balance);
        step.post(self.post_loss_recovered(mint, Account::Customer(self.customer), recovered));
        self.lost = Amount::from_minor(self.lost.minor() - recovered.minor());
        self.fiat_balance = Amount::from_minor(self.fiat_balance.minor() - recovered.minor());
        self.take_back(recovered);
    }

    /// What was on its way out lies on the account again, where a person (or the customer) decides about it, unless it was
    /// taken back before: then the order ends with what is left, if anything.
    pub(super) fn came_back(&mut self, reason: HoldReason, context: &Context<'_>, step: &mut Step) {
        let was_lost = self.lost.is_positive();
        self.recover(&context.mint, step);
        if self.fiat_balance.is_zero() {
            self.give_back(context, step);
            self.taken = None;
            self.state = PaymentState::Failed { reason: "taken back before anything had left".to_owned() };
        } else if was_lost && reason == HoldReason::TransferFailed {
            self.taken = None;
            self.put_on_hold(HoldReason::Reversed, context, step);
        } else {
            self.put_on_hold(reason, context, step);
        }
    }

    /// The receiving bank sent a refund back, into suspense. What was taken back beside the refund is made good from
    /// there; the rest waits for a person.
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
            let reason = format!("the receiving bank returned the refund: {reason}; the money lies in suspense");
            step.write(self.reversal_item(rest, source, reason, mint));
        }
    }

    /// An item for a person. What lies in suspense has a source; what is lost has none.
    fn reversal_item(&self, amount: Amount, source: Option<String>, reason: String, mint: &Mint<'_>) -> ReviewItem {
        ReviewItem {
            order: Some(self.id),
            asset: Some(Asset::Fiat(self.terms.fiat)),
            amount,
            source,
            ..ReviewItem::new(mint, ReviewKind::Reversal, reason)
        }
    }
}
