//! What a payment does with facts. Facts are never refused: what the order cannot use goes to suspense and to a
//! person's list, and the next fact is taken all the same.

use super::{Payment, PaymentState};
use crate::amount::Amount;
use crate::asset::Asset;
use crate::id::{FactId, PayoutId, TransferId};
use crate::job::{Job, JobKind};
use crate::order::{Context, Exception, Findings, HoldReason, StoppedBy};
use crate::outgoing::Screening;
use crate::policy::{Beyond, Policy};
use crate::ports::Verdict;
use crate::redacted::Redacted;
use crate::review::{ReviewItem, ReviewKind};
use crate::step::Step;
use crate::time::Timestamp;
use crate::view::PaymentView;

/// The most receipts one order keeps; more go to suspense.
const MOST_RECEIPTS: usize = 20;

/// Money that arrived for a payment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Receipt {
    /// The fact that told of it.
    pub fact: FactId,
    /// How much, in minor units of the payment's currency.
    pub amount: Amount,
    /// When it was booked (business time).
    pub at: Timestamp,
    /// Who paid.
    pub holder: Option<Redacted>,
    /// The account it came from, or the processor's reference of the captured payment.
    pub source: Option<Redacted>,
}

/// What can happen to a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentFact {
    /// Money arrived.
    Paid {
        /// The money.
        receipt: Receipt,
        /// Whether the payer can be the customer.
        is_customer: bool,
    },
    /// The processor refused a payment; the customer may try again while the order is open.
    Declined,
    /// Money was taken back.
    Reversed {
        /// How much, in minor units.
        amount: Amount,
        /// Why.
        reason: String,
    },
    /// The screening provider answered.
    Screened {
        /// What it said.
        verdict: Verdict,
        /// Whether the account that a refund would go to now, if there is one, is one it was asked about.
        about_refund: bool,
    },
    /// The chain has taken the coins.
    CoinsBroadcast {
        /// The transfer.
        transfer: TransferId,
        /// Its transaction.
        txid: String,
    },
    /// The chain has confirmed the coins.
    CoinsConfirmed {
        /// The transfer.
        transfer: TransferId,
        /// With so many confirmations.
        confirmations: u32,
    },
    /// The chain undid the coins' block; the same bytes are on their way again.
    CoinsUnconfirmed {
        /// The transfer.
        transfer: TransferId,
    },
    /// The chain refused the coins for good, or took them and undid them by its own rules (a reverted transaction),
    /// which is the one way that leads out of `coins_sent`.
    TransferFailed {
        /// The transfer.
        transfer: TransferId,
        /// Why.
        reason: String,
    },
    /// The refund arrived.
    RefundSettled {
        /// The payout.
        payout: PayoutId,
        /// The bank's reference.
        reference: String,
    },
    /// The refund did not arrive.
    RefundFailed {
        /// The payout.
        payout: PayoutId,
        /// Why.
        reason: String,
    },
    /// A refund that was taken for failed has arrived all the same.
    RefundArrived {
        /// The payout.
        payout: PayoutId,
        /// The bank's reference.
        reference: String,
    },
    /// The refund was stopped before it left.
    RefundStopped {
        /// The payout.
        payout: PayoutId,
        /// By whom.
        by: StoppedBy,
        /// Why.
        reason: String,
    },
    /// The refund had arrived and was sent back; it lies in suspense.
    RefundReturned {
        /// The payout.
        payout: PayoutId,
        /// How much, in minor units.
        amount: Amount,
        /// Why.
        reason: String,
    },
    /// Time went by.
    TimePassed,
}

impl Payment {
    /// What follows from a fact.
    #[must_use]
    pub fn observe(mut self, fact: PaymentFact, context: &Context<'_>) -> Step {
        let before = PaymentView::of(&self);
        let mut step = Step::new();
        let mint = &context.mint;
        match fact {
            PaymentFact::Paid { receipt, is_customer } => self.paid(receipt, is_customer, context, &mut step),
            PaymentFact::Declined => {}
            PaymentFact::Reversed { amount, reason } => self.reversed(amount, &reason, context, &mut step),
            PaymentFact::Screened { verdict, about_refund } => self.screened(&verdict, about_refund, context, &mut step),
            PaymentFact::CoinsBroadcast { transfer, txid } => match self.state {
                PaymentState::Sending { transfer: ours, coins, fiat } if ours == transfer => {
                    self.reserve(Amount::ZERO, &mut step);
                    self.state = PaymentState::CoinsSent { transfer, txid, coins, fiat, confirmations: 0 };
                }
                _ => {}
            },
            PaymentFact::CoinsConfirmed { transfer, confirmations } => self.confirm(transfer, confirmations),
            PaymentFact::CoinsUnconfirmed { transfer } => self.confirm(transfer, 0),
            PaymentFact::TransferFailed { transfer, .. } => match self.state {
                PaymentState::Sending { transfer: ours, coins, fiat } | PaymentState::CoinsSent { transfer: ours, coins, fiat, .. }
                    if ours == transfer =>
                {
                    self.fiat_balance = fiat;
                    step.post(self.post_conversion_undone(mint, coins));
                    self.came_back(HoldReason::TransferFailed, coins, mint, &mut step);
                }
                _ => {}
            },
            PaymentFact::RefundSettled { payout, reference } => {
                if matches!(self.state, PaymentState::RefundPending { payout: ours } if ours == payout) {
                    self.fiat_balance = Amount::ZERO;
                    self.state = PaymentState::Refunded { payout, reference };
                }
            }
            PaymentFact::RefundFailed { payout, .. } => {
                if matches!(self.state, PaymentState::RefundPending { payout: ours } if ours == payout) {
                    self.refund_failed(context, &mut step);
                }
            }
            PaymentFact::RefundArrived { payout, reference } => self.refund_arrived(payout, reference, &mut step),
            PaymentFact::RefundStopped { payout, by, reason } => {
                if matches!(self.state, PaymentState::RefundPending { payout: ours } if ours == payout) {
                    if by == StoppedBy::Screening {
                        self.findings.refund = Some(reason);
                    }
                    self.came_back(by.hold(), Amount::ZERO, mint, &mut step);
                }
            }
            PaymentFact::RefundReturned { payout, amount, reason } => self.returned(payout, amount, &reason, context, &mut step),
            PaymentFact::TimePassed => {
                if self.is_unpaid() && mint.now >= self.held_until {
                    self.close_unpaid(context, &mut step);
                    self.state = PaymentState::Expired;
                }
            }
        }
        self.finish(&before, mint, &mut step);
        step
    }

    pub(super) fn put_on_hold(&mut self, reason: HoldReason, since: Timestamp) {
        self.state = PaymentState::OnHold { reason, since };
    }

    fn confirm(&mut self, which: TransferId, number: u32) {
        if let PaymentState::CoinsSent { transfer, confirmations, .. } = &mut self.state
            && *transfer == which
        {
            *confirmations = number;
        }
    }

    fn policy(&self, context: &Context<'_>) -> Option<Policy> {
        context.catalogue.method(self.country, self.method.as_str()).map(|method| method.policy)
    }

    fn paid(&mut self, receipt: Receipt, is_customer: bool, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        if self.has_receipt(receipt.fact) {
            return;
        }
        let was_unpaid = self.is_unpaid();
        let was_late = matches!(self.state, PaymentState::Expired | PaymentState::Cancelled | PaymentState::Failed { .. })
            || (was_unpaid && receipt.at >= self.held_until);
        let completes = matches!(self.state, PaymentState::OnHold { reason: HoldReason::Short, .. });
        if !(was_unpaid || was_late || completes) || self.receipts.len() >= MOST_RECEIPTS {
            self.exception = Some(Exception::Duplicate);
            step.post(self.post_suspense(mint, receipt.amount));
            step.write(self.suspense_item(&receipt, mint));
            return;
        }
        if was_unpaid {
            self.close(context, step);
        }
        step.post(self.post_received(mint, receipt.amount));
        self.fiat_balance = Amount::from_minor(self.fiat_balance.minor().saturating_add(receipt.amount.minor()));
        self.receipts.push(receipt);
        // Somebody who was not asked about may have paid it.
        self.findings = Findings::default();
        self.recover(mint, step);
        if self.fiat_balance.is_zero() {
            // It was taken back before it was told of: there is nothing to go on with.
            return;
        }
        if was_late && !was_unpaid {
            step.raises.extend(self.late_raises(context));
        }
        let Some(policy) = self.policy(context) else {
            // The method was taken out of the configuration while money was on its way.
            return self.put_on_hold(HoldReason::Operator, mint.now);
        };
        if self.reversal.is_some() {
            return self.put_on_hold(HoldReason::Reversed, mint.now);
        }
        if !is_customer && policy.hold_foreign_payer {
            self.exception = Some(Exception::ForeignPayer);
            return self.put_on_hold(HoldReason::ForeignPayer, mint.now);
        }
        self.weigh(was_late, &policy, context, step);
    }

    /// Decides what the money on the account becomes, by the method's policy.
    fn weigh(&mut self, late: bool, policy: &Policy, context: &Context<'_>, step: &mut Step) {
        let (received, due) = (self.fiat_balance, self.terms.fiat_amount);
        let mut price = self.terms.price;
        if late {
            self.exception = Some(Exception::Late);
            let moved = context.price.map(|present| self.terms.price.distance_basis_points(present));
            match (moved, context.price) {
                (Some(moved), _) if moved <= policy.late.basis_points => {}
                (_, present) => match (policy.late.beyond, present) {
                    (Beyond::Requote, Some(present)) => price = present,
                    (Beyond::Refund, _) => return self.refund(Screening::Due, context, step),
                    _ => return self.put_on_hold(HoldReason::Late, context.mint.now),
                },
            }
        }
        let (exception, tolerance, reason) = match received.cmp(&due) {
            std::cmp::Ordering::Equal => {
                self.take_as_ordered(context, step);
                let coins = if price == self.terms.price { Ok(self.terms.coin_amount) } else { self.terms.coins_for(received, price) };
                return match coins {
                    Ok(coins) => self.accept(coins, &context.mint, step),
                    Err(_) => self.put_on_hold(HoldReason::Late, context.mint.now),
                };
            }
            std::cmp::Ordering::Less => (Exception::Short, policy.short, HoldReason::Short),
            std::cmp::Ordering::Greater => (Exception::Over, policy.over, HoldReason::Over),
        };
        if !late {
            self.exception = Some(exception);
        }
        let difference = Amount::from_minor((received.minor() - due.minor()).abs());
        let tolerated = due.basis_points_up(tolerance.basis_points).is_ok_and(|most| difference <= most) && tolerance.basis_points > 0;
        if tolerated && price == self.terms.price {
            self.take_as_ordered(context, step);
            return self.accept(self.terms.coin_amount, &context.mint, step);
        }
        match tolerance.beyond {
            Beyond::Requote => self.requote(price, reason, context, step),
            Beyond::Refund => self.refund(Screening::Due, context, step),
            Beyond::Hold => self.put_on_hold(reason, context.mint.now),
        }
    }

    /// The order goes on: so many coins are promised now, and the screening provider is asked.
    pub(super) fn accept(&mut self, coins: Amount, mint: &crate::id::Mint<'_>, step: &mut Step) {
        self.reserve(coins, step);
        self.state = PaymentState::PaymentReceived { coins };
        step.write(Job::due_now(mint, JobKind::ScreenPayment, self.id));
    }

    /// The coins for what lies on the account, for a person who lets the order go on: the limits do not bind that person,
    /// and count it.
    pub(super) fn release_for(&mut self, context: &Context<'_>, step: &mut Step) -> Option<Amount> {
        let late = self.exception == Some(Exception::Late);
        let price = if late { context.price? } else { self.terms.price };
        if self.fiat_balance == self.terms.fiat_amount && !late {
            self.take_as_ordered(context, step);
            return Some(self.terms.coin_amount);
        }
        let (terms, coins) = self.terms_for_balance(price, context)?;
        self.take(terms, context, step);
        Some(coins)
    }

    fn screened(&mut self, verdict: &Verdict, about_refund: bool, context: &Context<'_>, step: &mut Step) {
        let PaymentState::PaymentReceived { coins } = self.state else { return };
        match verdict {
            Verdict::Clear => self.send(coins, Screening::Cleared, context, step),
            Verdict::Hit { reason } => {
                // The provider is asked about the refund's receiver along with the order, where one is known.
                let about_refund = about_refund && self.refund_destination(context.catalogue).is_some();
                self.findings = Findings { order: Some(reason.clone()), refund: about_refund.then(|| reason.clone()) };
                self.put_on_hold(HoldReason::Screening, context.mint.now);
            }
        }
    }

    fn suspense_item(&self, receipt: &Receipt, mint: &crate::id::Mint<'_>) -> ReviewItem {
        ReviewItem {
            id: mint.id(),
            version: 0,
            kind: ReviewKind::Suspense,
            order: Some(self.id),
            fact: Some(receipt.fact),
            asset: Some(Asset::Fiat(self.terms.fiat)),
            amount: receipt.amount,
            source: receipt.source.as_ref().map(|source| source.reveal().to_owned()),
            screening_hit: false,
            reason: format!("arrived for payment {} when it was {}", self.id, self.status()),
            created_at: mint.now,
            resolution: None,
        }
    }
}
