//! Deposits removed by a reorganisation and payouts returned by a bank, and what they mean for what returns later.
//!
//! A removed deposit is taken from the customer's account. If its coins, or the money they were converted to, are under way or
//! have left, it is booked as lost. If they turn out not to have left, they offset the loss first: they were never ours and
//! must not be paid out or refunded twice.

use super::{Rampoff, RampoffState};
use crate::id::{DepositId, Mint, PayoutId};
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::order::leg::OrderLeg;
use crate::order::{Context, HoldReason, Reversal};
use crate::review::{ReviewItem, ReviewSubject};
use crate::step::Step;

impl Rampoff {
    /// Whether the received coins or their money have left, or are under way and cannot be stopped.
    const fn has_left(&self) -> bool {
        matches!(
            self.state,
            RampoffState::PayingOut { .. }
                | RampoffState::Finished { .. }
                | RampoffState::RefundPending { .. }
                | RampoffState::Refunded { .. }
        )
    }

    pub(super) fn dropped(&mut self, deposit: DepositId, context: &Context<'_>, step: &mut Step) {
        // A deposit used in part and assigned for the rest is two receipts. A lost one was mined and removed again: nothing was
        // booked in between.
        while let Some(position) = self.deposits.iter().position(|known| known.deposit == deposit && !known.lost) {
            self.undone(position, context, step);
        }
    }

    fn undone(&mut self, position: usize, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        let deposit = self.deposits[position].deposit;
        if self.deposits[position].confirmations == 0 {
            self.deposits.remove(position);
            if self.is_unpaid() && self.coin_balance.is_positive() {
                // The other deposits were waiting for this one.
                self.apply_amount_policy(context, step);
            }
            return;
        }
        let amount = self.deposits[position].left();
        if self.has_left() {
            step.post(self.post_deposit_undone(mint, Amount::ZERO, amount));
            self.deposits[position].lost = true;
            self.reversal = self.reversal.or(Some(Reversal::Reorganisation));
            let reason = "a reorganisation removed a confirmed deposit whose coins or money had left".to_owned();
            let item = ReviewItem::new(mint, ReviewSubject::Reversal(None), reason);
            let (order, fact, asset) = (Some(self.id), Some(deposit.as_fact()), Some(self.terms.coin.into()));
            step.write(ReviewItem { order, fact, asset, amount, ..item });
            return;
        }
        self.convert_back(mint, step);
        step.post(self.post_deposit_undone(mint, amount, Amount::ZERO));
        self.coin_balance = Amount::from_minor(self.coin_balance.minor() - amount.minor());
        self.deposits.remove(position);
        if !self.is_unpaid() {
            self.taken = None;
            self.put_on_hold(HoldReason::Reorganised, context, step);
        }
    }

    /// What was outgoing is on the account again: the order goes on hold. Coins of deposits that a reorganisation removed
    /// meanwhile offset their loss.
    pub(super) fn outgoing_failed(&mut self, reason: HoldReason, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        let lost = self.deposits.iter().filter(|deposit| deposit.lost);
        let lost = lost.fold(0_i128, |sum, deposit| sum.saturating_add(deposit.left().minor()));
        if lost == 0 {
            return self.put_on_hold(reason, context, step);
        }
        self.convert_back(mint, step);
        step.post(self.post_loss_undone(mint, Amount::from_minor(lost)));
        self.coin_balance = Amount::from_minor(self.coin_balance.minor() - lost);
        self.deposits.retain(|deposit| !deposit.lost);
        self.forget_reorganisation();
        self.taken = None;
        self.put_on_hold(HoldReason::Reorganised, context, step);
    }

    /// Clears the reorganisation once nothing is lost any more. A bank return remains.
    pub(super) fn forget_reorganisation(&mut self) {
        if self.reversal == Some(Reversal::Reorganisation) && !self.deposits.iter().any(|deposit| deposit.lost) {
            self.reversal = None;
        }
    }

    pub(super) fn returned(&mut self, payout: PayoutId, reason: &str, mint: &Mint<'_>, step: &mut Step) {
        let is_ours = matches!(self.state, RampoffState::Finished { payout: ours, .. } if ours == payout);
        if !is_ours || self.reversal == Some(Reversal::BankReturn) {
            return;
        }
        self.reversal = Some(Reversal::BankReturn);
        let reason = format!("the receiving bank returned the payout: {reason}; the money is in suspense");
        let source = Some(self.destination.account.reveal().to_owned());
        let item = ReviewItem::new(mint, ReviewSubject::Reversal(source), reason);
        let asset = Some(Asset::Fiat(self.terms.fiat));
        step.write(ReviewItem { order: Some(self.id), asset, amount: self.payout_amount(), ..item });
    }
}
