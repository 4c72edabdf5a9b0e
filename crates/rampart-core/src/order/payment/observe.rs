//! Applies facts to a payment. Facts are never refused: what the order cannot use goes to suspense as a review item, and the
//! next fact is applied all the same.

use super::receipt::MAX_RECEIPTS;
use super::{PayIn, Payment, PaymentState, Receipt, Refund, ReversedReceipt};
use crate::id::{PayoutId, TransferId};
use crate::ledger::Origin;
use crate::money::amount::Amount;
use crate::order::arrival::{DeviationKind, Exchange};
use crate::order::leg::OrderLeg;
use crate::order::view::PaymentView;
use crate::order::{Context, HoldReason, ScreeningHits, SetAside, StoppedBy};
use crate::outgoing::ScreeningResult;
use crate::review::ReviewItem;
use crate::step::Step;
use crate::text::redacted::Redacted;

/// A fact about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentFact {
    Paid {
        receipt: Receipt,
        /// Whether the payer may be the customer, by name.
        is_customer: bool,
    },
    /// The processor declined a payment; the customer may try again while the order is open.
    Declined,
    Reversed(ReversedReceipt),
    /// A capture was reversed before it was reported.
    EarlyReversal {
        capture: Redacted,
        /// In minor units.
        amount: Amount,
        reason: String,
    },
    Screened {
        verdict: ScreeningResult,
        /// Whether the present refund destination, if there is one, was part of the screening.
        about_refund: bool,
    },
    CoinsBroadcast {
        transfer: TransferId,
        txid: String,
    },
    CoinsConfirmed {
        transfer: TransferId,
        /// The transaction that is in the chain: not always the one that was broadcast first.
        txid: String,
        confirmations: u32,
    },
    /// A reorganisation removed the coins' block; the same signed bytes are pending again.
    CoinsUnconfirmed {
        transfer: TransferId,
    },
    /// The transfer was stopped before it was signed.
    TransferStopped {
        transfer: TransferId,
        by: StoppedBy,
        reason: String,
    },
    /// The chain refused the transfer for good, or reverted it. The one fact that leads out of `coins_sent`.
    TransferFailed {
        transfer: TransferId,
        reason: String,
    },
    RefundSettled {
        payout: PayoutId,
        reference: String,
    },
    RefundFailed {
        payout: PayoutId,
        reason: String,
    },
    /// A refund treated as failed has settled.
    RefundArrived {
        payout: PayoutId,
        /// In minor units.
        amount: Amount,
        reference: String,
    },
    /// The refund was stopped before it left.
    RefundStopped {
        payout: PayoutId,
        by: StoppedBy,
        reason: String,
    },
    /// The refund had arrived and was returned; the money is in suspense.
    RefundReturned {
        payout: PayoutId,
        /// In minor units.
        amount: Amount,
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

impl Payment {
    /// Applies a fact.
    #[must_use]
    pub fn observe(mut self, fact: PaymentFact, context: &Context<'_>) -> Step {
        let mut before = PaymentView::of(&self);
        let mut step = Step::new();
        let mint = &context.mint;
        match fact {
            PaymentFact::Paid { receipt, .. } if self.is_below_receipt_minimum(&receipt, context) => {
                self.add_to_running_item(&receipt, context, &mut step);
                before = PaymentView::of(&self);
            }
            PaymentFact::Paid { receipt, is_customer } => self.paid(receipt, is_customer, context, &mut step),
            PaymentFact::Declined => {}
            PaymentFact::Reversed(taken) => self.reversed(taken, context, &mut step),
            PaymentFact::EarlyReversal { capture, amount, reason } => self.early_reversal(capture, amount, &reason, mint, &mut step),
            PaymentFact::Screened { verdict, about_refund } => self.screened(&verdict, about_refund, context, &mut step),
            PaymentFact::CoinsBroadcast { transfer, txid } => match self.state {
                PaymentState::Sending { transfer: ours, coins, fiat } if ours == transfer => {
                    self.reserve(Amount::ZERO, Origin::Fact, &mut step);
                    self.state = PaymentState::CoinsSent { transfer, txid, coins, fiat, confirmations: 0 };
                }
                _ => {}
            },
            PaymentFact::CoinsConfirmed { transfer, txid, confirmations } => self.confirm(transfer, Some(txid), confirmations),
            PaymentFact::CoinsUnconfirmed { transfer } => self.confirm(transfer, None, 0),
            PaymentFact::TransferFailed { transfer, .. } => self.transfer_failed(transfer, HoldReason::TransferFailed, context, &mut step),
            PaymentFact::TransferStopped { transfer, by, reason } => {
                if matches!(self.state, PaymentState::Sending { transfer: ours, .. } if ours == transfer) {
                    if by == StoppedBy::Screening {
                        self.findings.order = Some(reason);
                    }
                    self.transfer_failed(transfer, by.hold(), context, &mut step);
                }
            }
            PaymentFact::RefundSettled { payout, reference } => {
                if let Some((Refund { amount, rounding, .. }, is_last)) = self.refund_ended(payout) {
                    self.fiat_balance = Amount::from_minor(self.fiat_balance.minor() - amount.minor() - rounding.minor());
                    self.refunded = Amount::from_minor(self.refunded.minor() + amount.minor());
                    match (is_last, self.fiat_balance.is_positive()) {
                        (false, _) => {}
                        (true, false) => self.state = PaymentState::Refunded { payout, reference },
                        (true, true) => self.outgoing_failed(HoldReason::RefundFailed, context, &mut step),
                    }
                }
            }
            PaymentFact::RefundFailed { payout, .. } => {
                if let Some((_, true)) = self.refund_ended(payout) {
                    self.refund_failed(context, &mut step);
                }
            }
            PaymentFact::RefundArrived { payout, amount, reference } => self.refund_arrived(payout, amount, reference, &mut step),
            PaymentFact::RefundStopped { payout, by, reason } => {
                if let Some((_, is_last)) = self.refund_ended(payout) {
                    if by == StoppedBy::Screening {
                        self.findings.refund = Some(reason);
                    }
                    if is_last {
                        self.outgoing_failed(by.hold(), context, &mut step);
                    }
                }
            }
            PaymentFact::RefundReturned { payout, amount, reason } => self.returned(payout, amount, &reason, context, &mut step),
            PaymentFact::SetAside { became, amount } => {
                self.apply_set_aside(became, amount);
            }
            PaymentFact::TimePassed => {
                if !self.time_passed(context, &mut step) {
                    return Step::new();
                }
            }
        }
        self.finish(&before, mint, &mut step);
        step
    }

    /// The refund that ended, and whether it was the last one pending. `None` for a payout that is not this order's.
    fn refund_ended(&mut self, payout: PayoutId) -> Option<(Refund, bool)> {
        let PaymentState::RefundPending { payouts } = &mut self.state else { return None };
        let position = payouts.iter().position(|refund| refund.payout == payout)?;
        let refund = payouts.remove(position);
        Some((refund, payouts.is_empty()))
    }

    fn confirm(&mut self, which: TransferId, by: Option<String>, number: u32) {
        if let PaymentState::CoinsSent { transfer, txid, confirmations, .. } = &mut self.state
            && *transfer == which
        {
            *txid = by.unwrap_or_else(|| std::mem::take(txid));
            *confirmations = number;
        }
    }

    /// The coins did not leave: they are owed to the customer and stay reserved.
    fn transfer_failed(&mut self, which: TransferId, hold: HoldReason, context: &Context<'_>, step: &mut Step) {
        let (PaymentState::Sending { transfer, coins, fiat } | PaymentState::CoinsSent { transfer, coins, fiat, .. }) = self.state else {
            return;
        };
        let Some(exchange) = self.taken.filter(|_| transfer == which) else { return };
        self.fiat_balance = fiat;
        step.post(self.post_conversion_undone(&context.mint, &exchange));
        let is_owed = self.lost.is_zero();
        self.reserve(if is_owed { coins } else { Amount::ZERO }, Origin::Fact, step);
        self.converted = true;
        self.outgoing_failed(hold, context, step);
    }

    fn paid(&mut self, receipt: Receipt, is_customer: bool, context: &Context<'_>, step: &mut Step) {
        if self.has_receipt(receipt.fact) && !receipt.assigned {
            return;
        }
        if self.lost.is_positive() && self.receipts.is_empty() {
            return self.paid_after_reversal(receipt, context, step);
        }
        if let Some(taken_back) = self.take_early_reversal(&receipt) {
            return self.paid_after_early_reversal(receipt, taken_back, context, step);
        }
        let method = context.catalogue.method(self.country, self.method.as_str());
        if !is_customer && method.is_none_or(|method| method.policy.hold_foreign_payer) {
            return self.set_aside_beside(&receipt, DeviationKind::ForeignPayer, context, step);
        }
        if !self.accepts(&receipt) {
            return self.set_aside_beside(&receipt, self.unusable_deviation(&receipt), context, step);
        }
        step.post(self.post_received(&context.mint, receipt.amount));
        self.fiat_balance = Amount::from_minor(self.fiat_balance.minor().saturating_add(receipt.amount.minor()));
        self.receipts.push(receipt);
        // The new payer has not been screened.
        self.findings = ScreeningHits::default();
        if self.is_unpaid() {
            self.apply_amount_policy(context, step);
        }
    }

    /// Whether the order accepts it: money that arrives while the order is open, or that an operator assigns while the order
    /// waits.
    fn accepts(&self, receipt: &Receipt) -> bool {
        let is_open = self.is_unpaid() && self.is_in_time(receipt.at);
        let waits = matches!(self.state, PaymentState::OnHold { .. }) && self.taken.is_none();
        self.receipts.len() < MAX_RECEIPTS && (is_open || (receipt.assigned && (self.is_unpaid() || waits)))
    }

    /// The deviation of money that the order cannot use.
    fn unusable_deviation(&self, receipt: &Receipt) -> DeviationKind {
        let has_ended_unpaid = matches!(self.state, PaymentState::Expired | PaymentState::Cancelled);
        let is_over = self.is_unpaid() && !self.is_in_time(receipt.at);
        if has_ended_unpaid || is_over { DeviationKind::Late } else { DeviationKind::Duplicate }
    }

    /// Money that was reversed before it was reported: it offsets the loss, and the rest is set aside.
    fn paid_after_reversal(&mut self, receipt: Receipt, context: &Context<'_>, step: &mut Step) {
        step.post(self.post_received(&context.mint, receipt.amount));
        self.fiat_balance = Amount::from_minor(self.fiat_balance.minor().saturating_add(receipt.amount.minor()));
        self.receipts.push(receipt);
        self.offset_loss(&context.mint, step);
        self.set_aside_part(self.fiat_balance, None, context, step);
    }

    /// Money that the order cannot use goes to suspense. What a processor captured is refunded through it automatically.
    fn set_aside_beside(&mut self, receipt: &Receipt, kind: DeviationKind, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        self.exceptions.add(kind, receipt.amount, mint.now);
        self.set_aside = Amount::from_minor(self.set_aside.minor().saturating_add(receipt.amount.minor()));
        step.post(self.post_suspense(mint, receipt.amount));
        let reason = match kind {
            DeviationKind::ForeignPayer => format!("someone other than the customer paid payment {}", self.id),
            _ => format!("arrived for payment {} when it was {}", self.id, self.status()),
        };
        let item = self.suspense_item(receipt, receipt.amount, reason, mint);
        match (self.pay_in, kind) {
            (PayIn::Bank(_), _) | (_, DeviationKind::ForeignPayer) => step.write(item),
            (PayIn::Processor(_), _) => self.return_item(item, receipt, context, step),
        }
    }

    /// Whether it is new and below the receipt minimum.
    fn is_below_receipt_minimum(&self, receipt: &Receipt, context: &Context<'_>) -> bool {
        let is_new = !receipt.assigned && !self.has_receipt(receipt.fact);
        let was_taken_back = (self.lost.is_positive() && self.receipts.is_empty()) || self.has_early_reversal(receipt);
        let method = context.catalogue.method(self.country, self.method.as_str());
        let minimum = context.catalogue.receipt_minimum(self.terms.fiat, method.map_or(Amount::ZERO, |method| method.minimum));
        is_new && !was_taken_back && receipt.amount < minimum
    }

    /// Amounts below the receipt minimum go to suspense, on one review item of the order, without an event.
    fn add_to_running_item(&mut self, receipt: &Receipt, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        step.post(self.post_suspense(mint, receipt.amount));
        self.set_aside = Amount::from_minor(self.set_aside.minor().saturating_add(receipt.amount.minor()));
        let item = match context.running_item.filter(|item| Some(item.id) == self.running_item && item.resolution.is_none()) {
            Some(item) => {
                ReviewItem { amount: Amount::from_minor(item.amount.minor().saturating_add(receipt.amount.minor())), ..item.clone() }
            }
            None => {
                self.suspense_item(receipt, receipt.amount, format!("amounts for payment {} that are too small to count", self.id), mint)
            }
        };
        self.running_item = Some(item.id);
        step.write(item);
    }

    /// The exchange an operator releases: the decided one if it is owed or unchanged, else a new one.
    pub(super) fn release_exchange(&self, context: &Context<'_>) -> Result<Exchange, HoldReason> {
        match self.taken.filter(|exchange| self.is_exchange_owed() && exchange.accepted() == self.fiat_balance) {
            Some(exchange) => Ok(exchange),
            None => self.release_at_policy(context),
        }
    }
}
