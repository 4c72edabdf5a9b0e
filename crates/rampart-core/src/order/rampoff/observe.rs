//! Applies facts to a ramp-off. Facts are never refused.

use super::receipt::MAX_DEPOSITS;
use super::suspense::ArrivedCoins;
use super::{DepositReceipt, Rampoff, RampoffState};
use crate::id::{DepositId, PayoutId, TransferId};
use crate::ledger::Origin;
use crate::money::amount::Amount;
use crate::money::asset::CoinId;
use crate::money::rate::Rate;
use crate::order::arrival::DeviationKind;
use crate::order::leg::OrderLeg;
use crate::order::view::RampoffView;
use crate::order::{Context, HoldReason, ScreeningHits, SetAside, StoppedBy};
use crate::outgoing::ScreeningResult;
use crate::step::Step;

/// A fact about a ramp-off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RampoffFact {
    DepositSeen(DepositReceipt),
    /// Coins are confirmed, with the confirmations of the receipt.
    DepositConfirmed(DepositReceipt),
    DepositDropped {
        deposit: DepositId,
    },
    /// Another coin was confirmed at the order's address, on its own chain or on another of the same address family.
    WrongAsset {
        coin: CoinId,
        deposit: DepositId,
        /// In minor units.
        amount: Amount,
        from: String,
        /// The coin's last known price in the order's currency, if any.
        price: Option<Rate>,
    },
    Screened {
        verdict: ScreeningResult,
        /// Whether the present refund wallet, if there is one, was part of the screening.
        about_refund: bool,
    },
    PayoutAccepted {
        payout: PayoutId,
    },
    PayoutSettled {
        payout: PayoutId,
        reference: String,
    },
    /// The payout did not leave, or was returned before it settled.
    PayoutFailed {
        payout: PayoutId,
        reason: String,
    },
    /// A payout treated as failed has settled.
    PayoutArrived {
        payout: PayoutId,
        /// In minor units.
        amount: Amount,
        /// The rest its rail could not pay, in minor units.
        rounding: Amount,
        reference: String,
    },
    /// The payout was stopped before it left.
    PayoutStopped {
        payout: PayoutId,
        by: StoppedBy,
        reason: String,
    },
    /// The payout had settled and was returned.
    PayoutReturned {
        payout: PayoutId,
        reason: String,
    },
    RefundBroadcast {
        transfer: TransferId,
        txid: String,
    },
    RefundConfirmed {
        transfer: TransferId,
        /// The transaction that is in the chain: not always the one that was broadcast first.
        txid: String,
        /// Coins sent, in minor units.
        amount: Amount,
    },
    /// A reorganisation removed the refund's block; the same signed bytes are pending again.
    RefundUnconfirmed {
        transfer: TransferId,
        /// Coins sent, in minor units.
        amount: Amount,
        /// Coins withheld for the network fee, in minor units.
        withheld: Amount,
    },
    /// The chain refused the refund for good, or reverted it.
    RefundFailed {
        transfer: TransferId,
        reason: String,
    },
    /// The refund was stopped before it was signed.
    RefundStopped {
        transfer: TransferId,
        by: StoppedBy,
        reason: String,
    },
    /// What was set aside beside the order changed.
    SetAside {
        became: SetAside,
        /// In minor units.
        amount: Amount,
    },
    TimePassed,
}

impl Rampoff {
    /// Applies a fact.
    #[must_use]
    pub fn observe(mut self, fact: RampoffFact, context: &Context<'_>) -> Step {
        let mut before = RampoffView::of(&self);
        let mut step = Step::new();
        let mint = &context.mint;
        match fact {
            RampoffFact::DepositSeen(receipt) => self.seen(receipt, context),
            RampoffFact::DepositConfirmed(receipt) if self.is_below_receipt_minimum(&receipt, context) => {
                self.add_to_running_item(&ArrivedCoins::of(&receipt, self.terms.coin), context, &mut step);
                before = RampoffView::of(&self);
            }
            RampoffFact::DepositConfirmed(receipt) => self.confirmed(receipt, context, &mut step),
            RampoffFact::DepositDropped { deposit } => self.dropped(deposit, context, &mut step),
            // Another asset never changes how the order's own coins are judged.
            RampoffFact::WrongAsset { coin, deposit, amount, from, price } => {
                self.wrong_asset(&ArrivedCoins { coin, deposit, amount, from: &from }, price, context, &mut step);
            }
            RampoffFact::Screened { verdict, about_refund } => self.screened(&verdict, about_refund, context, &mut step),
            RampoffFact::PayoutAccepted { payout } => {
                if self.is_paying(payout) {
                    self.reserve(Amount::ZERO, Origin::Fact, &mut step);
                }
            }
            RampoffFact::PayoutSettled { payout, reference } => {
                if let RampoffState::PayingOut { payout: ours, fiat } = self.state
                    && ours == payout
                {
                    self.fiat_balance = Amount::ZERO;
                    self.converted = Amount::ZERO;
                    self.reserve(Amount::ZERO, Origin::Fact, &mut step);
                    self.state = RampoffState::Finished { payout, fiat, reference };
                }
            }
            RampoffFact::PayoutFailed { payout, .. } => {
                if self.is_paying(payout) {
                    self.outgoing_failed(HoldReason::PayoutFailed, context, &mut step);
                }
            }
            RampoffFact::PayoutArrived { payout, amount, rounding, reference } => {
                self.payout_arrived(payout, [amount, rounding], reference, mint, &mut step);
            }
            RampoffFact::PayoutStopped { payout, by, reason } => {
                if self.is_paying(payout) {
                    if by == StoppedBy::Screening {
                        self.findings.order = Some(reason);
                    }
                    self.outgoing_failed(by.hold(), context, &mut step);
                }
            }
            RampoffFact::PayoutReturned { payout, reason } => self.returned(payout, &reason, mint, &mut step),
            RampoffFact::RefundBroadcast { transfer, txid } => {
                if let RampoffState::RefundPending { transfer: ours, txid: known } = &mut self.state
                    && *ours == transfer
                {
                    *known = Some(txid);
                }
            }
            RampoffFact::RefundConfirmed { transfer, txid, amount } => {
                if self.refund_under_way(transfer).flatten().is_some() {
                    self.refunded = Amount::from_minor(self.refunded.minor() + amount.minor());
                    self.coin_balance = Amount::ZERO;
                    self.state = RampoffState::Refunded { transfer, txid, is_final: true };
                }
            }
            RampoffFact::RefundUnconfirmed { transfer, amount, withheld } => {
                if let RampoffState::Refunded { transfer: ours, is_final, .. } = &mut self.state
                    && *ours == transfer
                {
                    *is_final = false;
                    self.coin_balance = Amount::from_minor(amount.minor() + withheld.minor());
                    self.refunded = self.refunded.less(amount);
                }
            }
            RampoffFact::RefundFailed { transfer, .. } => {
                if self.refund_under_way(transfer).is_some() {
                    if let Some(origin) = &mut self.refund_origin {
                        origin.require_operator();
                    }
                    self.outgoing_failed(HoldReason::RefundFailed, context, &mut step);
                }
            }
            RampoffFact::RefundStopped { transfer, by, reason } => {
                if self.refund_under_way(transfer).is_some() {
                    if by == StoppedBy::Screening {
                        self.findings.refund = Some(reason);
                    }
                    self.outgoing_failed(by.hold(), context, &mut step);
                }
            }
            RampoffFact::SetAside { became, amount } => {
                self.apply_set_aside(became, amount);
            }
            RampoffFact::TimePassed => {
                if !self.time_passed(context, &mut step) {
                    return Step::new();
                }
            }
        }
        self.finish(&before, mint, &mut step);
        step
    }

    fn is_paying(&self, payout: PayoutId) -> bool {
        matches!(self.state, RampoffState::PayingOut { payout: ours, .. } if ours == payout)
    }

    /// The transaction, if any yet, of this transfer if it is the pending refund.
    fn refund_under_way(&self, which: TransferId) -> Option<Option<String>> {
        match &self.state {
            RampoffState::RefundPending { transfer, txid } if *transfer == which => Some(txid.clone()),
            RampoffState::Refunded { transfer, txid, is_final: false } if *transfer == which => Some(Some(txid.clone())),
            _ => None,
        }
    }

    /// Adds a deposit to the order or updates it; false if the order keeps no more.
    fn note_deposit(&mut self, receipt: &DepositReceipt) -> bool {
        // An assignment is a receipt of its own, even of a deposit that the order has used in part.
        let is_same = |known: &DepositReceipt| known.deposit == receipt.deposit && !known.lost && !receipt.assigned;
        if let Some(known) = self.deposits.iter_mut().find(|known| is_same(known)) {
            known.confirmations = receipt.confirmations;
            return true;
        }
        let has_room = self.deposits.len() < MAX_DEPOSITS;
        if has_room {
            self.deposits.push(receipt.clone());
        }
        has_room
    }

    /// Coins in a block: an open order waits until they are confirmed or dropped. Amounts below the receipt minimum are
    /// ignored.
    fn seen(&mut self, receipt: DepositReceipt, context: &Context<'_>) {
        let is_known = self.deposits.iter().any(|known| known.deposit == receipt.deposit);
        if self.is_unpaid() && !is_known && self.is_enough(receipt.amount, context) && self.accepts(&receipt) && self.note_deposit(&receipt)
        {
            self.state = RampoffState::Confirming;
        }
    }

    fn confirmed(&mut self, receipt: DepositReceipt, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        let is_same = |known: &DepositReceipt| known.deposit == receipt.deposit;
        let known = self.deposits.iter().find(|known| is_same(known));
        if known.is_some_and(|known| known.confirmations > 0 && !known.lost) && !receipt.assigned {
            return;
        }
        if let Some((lost, set_aside)) = known.filter(|known| known.lost).map(|known| (known.left(), known.set_aside)) {
            // Mined again: it offsets the booked loss, and what was set aside of it is in suspense again.
            step.post(self.post_loss_recovered(mint, lost));
            if set_aside.is_positive() {
                self.set_aside = Amount::from_minor(self.set_aside.minor() + set_aside.minor());
                self.to_suspense(&ArrivedCoins { amount: set_aside, ..ArrivedCoins::of(&receipt, self.terms.coin) }, mint, step);
            }
            self.deposits.iter_mut().filter(|known| is_same(known)).for_each(|known| {
                known.lost = false;
                known.confirmations = receipt.confirmations;
            });
            self.forget_reorganisation();
            return;
        }
        let is_waited_for = self.is_unpaid() && known.is_some();
        if !(is_waited_for || self.accepts(&receipt)) || !self.note_deposit(&receipt) {
            // Coins in suspense are not the order's any more, should a reorganisation remove them.
            self.deposits.retain(|known| known.deposit != receipt.deposit);
            let kind = self.unusable_deviation(&receipt);
            self.exceptions.add(kind, receipt.amount, mint.now);
            self.set_aside = Amount::from_minor(self.set_aside.minor().saturating_add(receipt.amount.minor()));
            return self.to_suspense(&ArrivedCoins::of(&receipt, self.terms.coin), mint, step);
        }
        step.post(self.post_deposit(mint, receipt.amount));
        // The sending wallet has not been screened.
        self.findings = ScreeningHits::default();
        self.coin_balance = Amount::from_minor(self.coin_balance.minor().saturating_add(receipt.amount.minor()));
        if self.is_unpaid() {
            self.state = RampoffState::Confirming;
            self.apply_amount_policy(context, step);
        }
    }

    /// Whether the order accepts it: coins that arrive while the order is open, or again after a reorganisation, or that an
    /// operator assigns while the order waits.
    fn accepts(&self, receipt: &DepositReceipt) -> bool {
        let is_open = self.is_unpaid() && self.is_in_time(receipt.at);
        let comes_again = matches!(self.state, RampoffState::OnHold { reason: HoldReason::Reorganised, .. });
        let waits = matches!(self.state, RampoffState::OnHold { .. }) && self.taken.is_none();
        is_open || comes_again || (receipt.assigned && (self.is_unpaid() || waits))
    }

    /// The deviation of coins that the order cannot use.
    fn unusable_deviation(&self, receipt: &DepositReceipt) -> DeviationKind {
        let has_ended_unpaid = matches!(self.state, RampoffState::Expired | RampoffState::Cancelled);
        let is_over = self.is_unpaid() && !self.is_in_time(receipt.at);
        if has_ended_unpaid || is_over { DeviationKind::Late } else { DeviationKind::Duplicate }
    }
}
